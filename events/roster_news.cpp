#include "events/roster_news.hpp"

#include <algorithm>

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
    case schema::Event::TunnelKeyAnnounced:
      return {NodeId{*entry.payload_as_TunnelKeyAnnounced()->node()}};
    case schema::Event::TunnelKeyChanged:
      return {NodeId{*entry.payload_as_TunnelKeyChanged()->node()}};
    default:
      return {};
  }
}

/// All its tunnels are kept.
bool is_small(const Mesh& mesh) {
  return mesh.members.size() <= kept_members_max;
}

/// Whether another peer than theirs has their addresses, or theirs those of
/// others. The hub's peer has the whole range in any case.
bool concerns_relays(const std::set<NodeId>& members, const NodeId& hub,
                     const TakenPaths& paths) {
  return std::any_of(paths.begin(), paths.end(), [&](const auto& one) {
    const auto& relay = one.second.path.relay;
    return relay && relay != hub &&
           (members.contains(one.first) || members.contains(*relay));
  });
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
                                  const PathChoices& choices,
                                  const ObservedDevice& device,
                                  std::int64_t utc_ns, const MembersSeen& seen,
                                  const PresharedKeys& preshared) {
  if (!news.members || news.since != before.version ||
      before.hub != after.hub || news.members->contains(self) ||
      is_small(before) != is_small(after) || !choices.keys.empty() ||
      concerns_relays(*news.members, before.hub, choices.paths))
    return std::nullopt;
  PeerNews found;
  // All else is as it should be.
  DeviceConfig desired;
  ObservedDevice there;
  there.exists = there.is_up = true;
  there.key = desired.key;
  auto see = [&](const TunnelKey& key) {
    if (auto peer = device.peers.find(key); peer != device.peers.end())
      there.peers.insert(*peer);
  };
  for (const auto& node : *news.members) {
    const auto* old = before.find(node);
    const auto* member = after.find(node);
    if (old != nullptr) {
      see(old->tunnel_key);
      found.peers.try_emplace(old->tunnel_key);
    }
    if (member == nullptr) continue;
    see(member->tunnel_key);
    auto peer = desired_peer(after, self, node, choices, seen, preshared);
    found.peers[member->tunnel_key] = peer;
    if (peer) desired.peers.emplace(member->tunnel_key, std::move(*peer));
  }
  found.change = difference(desired, there, utc_ns);
  return found;
}

}  // namespace ppn::events
