// Who may do what over the control API, by what the kernel says of the peer.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ppn::runtime {

enum class Access : std::uint8_t { none, read, commit };

/// A process at the other end of a socket, as it was when it connected.
struct Peer {
  uid_t uid = 0;
  /// Its own group and the others that it is in.
  std::vector<gid_t> groups;
};

struct AccessRules {
  /// The user that this process runs as.
  uid_t own_uid = 0;
  std::optional<gid_t> commit_group;
  std::optional<gid_t> read_group;
};

Access access_of(const Peer& peer, const AccessRules& rules);

}  // namespace ppn::runtime
