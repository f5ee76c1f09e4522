// Users and groups, as the kernel and the system's databases tell them.
#pragma once

#include <string>

#include "runtime/access.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// Who is at the other end of a connected UNIX socket: SO_PEERCRED and
/// SO_PEERGROUPS, see unix(7). io.
store::Result<Peer> peer_of(int socket);

/// The group of that name; nothing if there is none.
std::optional<gid_t> find_group(const std::string& name);

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// The user of that name, with the group of its own; nothing if there is none.
std::optional<User> find_user(const std::string& name);

/// The name of a user, or its number if it has none.
std::string user_name(uid_t user);

}  // namespace ppn::runtime
