// Whom the newest entries of a roster concern: what is told to a device of a
// few members must not cost a look at all of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "events/topology.hpp"

namespace ppn::events {

struct RosterNews {
  /// The version that they follow.
  std::uint64_t since = 0;
  /// Nothing: they may concern every tunnel.
  std::optional<std::set<NodeId>> members = std::set<NodeId>{};
};

/// Adds one more entry of the authority.
void note(RosterNews& news, const schema::Entry& entry);

/// The peers that news concern, as they should be from now on; nothing for one
/// that should not be there. And what that changes.
struct PeerNews {
  std::map<TunnelKey, std::optional<PeerConfig>> peers;
  DeviceChange change;
};

/// What news lead to on the device of `self`, which was seen at `utc_ns` and
/// then was right for the mesh as it was `before`; `choices` are as they
/// were, too. Nothing if all of the device has to be compared.
std::optional<PeerNews> peer_news(const Mesh& before, const Mesh& after,
                                  const RosterNews& news, const NodeId& self,
                                  const PathChoices& choices,
                                  const ObservedDevice& device,
                                  std::int64_t utc_ns,
                                  const MembersSeen& seen = {},
                                  const PresharedKeys& preshared = {});

}  // namespace ppn::events
