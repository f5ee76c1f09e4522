#include "events/host_watch.hpp"

#include <algorithm>

namespace ppn::events {

void HostWatch::tick(const std::map<NodeId, Member>& members,
                     std::uint64_t now_ns) {
  bool was_suspended = now_ns - ticked_ns_ > 2 * watch_interval_ns;
  if (!listens_ || was_suspended) listens_since_ns_ = now_ns;
  listens_ = true;
  ticked_ns_ = now_ns;
  std::erase_if(
      hosts_, [&](const auto& host) { return !members.contains(host.first); });
  for (const auto& [node, member] : members)
    hosts_.try_emplace(node, Host{now_ns});
}

void HostWatch::stop() {
  hosts_.clear();
  listens_ = false;
}

void HostWatch::note_heard(const NodeId& node, std::uint64_t now_ns) {
  hosts_.try_emplace(node, Host{now_ns}).first->second.heard_ns = now_ns;
}

HostStanding HostWatch::standing(const NodeId& node,
                                 std::uint64_t now_ns) const {
  auto found = hosts_.find(node);
  if (found == hosts_.end()) return HostStanding::unheard;
  const auto& host = found->second;
  auto age = age_ns(node, now_ns);
  if (age && *age <= suspect_after_ns) return HostStanding::live;
  // It may be suspended, and not know it yet.
  bool listens = listens_ && now_ns - ticked_ns_ <= 2 * watch_interval_ns;
  auto listened_ns = now_ns - std::max(listens_since_ns_, host.since_ns);
  if (listens &&
      std::min(listened_ns, age.value_or(listened_ns)) > silent_after_ns)
    return HostStanding::silent;
  return age ? HostStanding::suspect : HostStanding::unheard;
}

std::optional<std::uint64_t> HostWatch::age_ns(const NodeId& node,
                                               std::uint64_t now_ns) const {
  auto found = hosts_.find(node);
  if (found == hosts_.end() || !found->second.heard_ns) return std::nullopt;
  return now_ns - *found->second.heard_ns;
}

}  // namespace ppn::events
