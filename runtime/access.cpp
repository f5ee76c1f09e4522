#include "runtime/access.hpp"

#include <algorithm>

namespace ppn::runtime {

Access access_of(const Peer& peer, const AccessRules& rules) {
  auto is_in = [&](const std::optional<gid_t>& group) {
    return group && std::find(peer.groups.begin(), peer.groups.end(), *group) !=
                        peer.groups.end();
  };
  if (peer.uid == 0 || peer.uid == rules.own_uid || is_in(rules.commit_group))
    return Access::commit;
  return is_in(rules.read_group) ? Access::read : Access::none;
}

}  // namespace ppn::runtime
