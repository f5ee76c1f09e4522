#include "events/roster_news.hpp"

#include "events/topology.hpp"

namespace ppn::events {

namespace {

/// None: it may concern everybody.
std::set<NodeId> concerned(const schema::Entry& entry) {
  switch (entry.payload_type()) {
    case schema::Event::MemberAdded:
      return {NodeId{*entry.payload_as_MemberAdded()->member()->node()}};
    case schema::Event::MemberRemoved:
      return {NodeId{*entry.payload_as_MemberRemoved()->node()}};
    case schema::Event::MemberReplaced: {
      const auto* replaced = entry.payload_as_MemberReplaced();
      return {NodeId{*replaced->old()}, NodeId{*replaced->member()->node()}};
    }
    case schema::Event::EndpointsChanged:
      return {NodeId{*entry.payload_as_EndpointsChanged()->node()}};
    default:
      return {};
  }
}

}  // namespace

void note(RosterNews& news, const schema::Entry& entry) {
  auto whom = concerned(entry);
  if (whom.empty())
    news.members.reset();
  else if (news.members)
    news.members->merge(whom);
}

std::optional<PeerNews> peer_news(const Mesh& before, const Mesh& after,
                                  const RosterNews& news, const NodeId& self,
                                  const ObservedDevice& seen,
                                  std::int64_t utc_ns) {
  if (!news.members || news.since != before.version ||
      before.hub != after.hub || news.members->contains(self))
    return std::nullopt;
  PeerNews found;
  // All else is as it should be.
  DeviceConfig desired;
  ObservedDevice there;
  there.exists = there.is_up = true;
  there.key = desired.key;
  auto see = [&](const TunnelKey& key) {
    auto peer = seen.peers.find(key);
    if (peer == seen.peers.end()) return false;
    there.peers.insert(*peer);
    return is_live(peer->second, utc_ns);
  };
  for (const auto& node : *news.members) {
    const auto* old = before.find(node);
    const auto* member = after.find(node);
    if (old != nullptr) {
      see(old->tunnel_key);
      found.peers.try_emplace(old->tunnel_key);
    }
    if (member == nullptr) continue;
    auto peer = desired_peer(after, self, node, see(member->tunnel_key));
    found.peers[member->tunnel_key] = peer;
    if (peer) desired.peers.emplace(member->tunnel_key, std::move(*peer));
  }
  found.change = difference(desired, there, utc_ns);
  return found;
}

}  // namespace ppn::events
