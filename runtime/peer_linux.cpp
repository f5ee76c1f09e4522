#include "runtime/peer_linux.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

#include <cerrno>

#include "store/files.hpp"

namespace ppn::runtime {

namespace {

constexpr std::size_t entry_size_usual = 16'384;

}  // namespace

store::Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return store::system_error("ask for the credentials of", "a peer");
  Peer peer{credentials.uid, {credentials.gid}};
  std::vector<gid_t> others(64);
  for (;;) {
    auto bytes = static_cast<socklen_t>(others.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, others.data(),
                     &bytes) == 0) {
      others.resize(bytes / sizeof(gid_t));
      break;
    }
    // It says how much room the groups need.
    if (errno != ERANGE || bytes <= others.size() * sizeof(gid_t))
      return store::system_error("ask for the groups of", "a peer");
    others.resize(bytes / sizeof(gid_t));
  }
  peer.groups.insert(peer.groups.end(), others.begin(), others.end());
  return peer;
}

std::optional<gid_t> find_group(const std::string& name) {
  std::vector<char> buffer(entry_size_usual);
  group entry{};
  group* found = nullptr;
  // A group's entry names all its members.
  while (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(),
                      &found) == ERANGE)
    buffer.resize(buffer.size() * 2);
  if (found == nullptr) return std::nullopt;
  return found->gr_gid;
}

std::optional<User> find_user(const std::string& name) {
  std::vector<char> buffer(entry_size_usual);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return User{found->pw_uid, found->pw_gid};
}

std::string user_name(uid_t user) {
  std::vector<char> buffer(entry_size_usual);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(user) : found->pw_name;
}

}  // namespace ppn::runtime
