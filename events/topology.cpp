#include "events/topology.hpp"

#include <algorithm>

namespace ppn::events {

namespace {

std::vector<IpRange> sorted(std::vector<IpRange> ranges) {
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

std::vector<IpRange> ranges_of(const Mesh& mesh) {
  std::vector<IpRange> ranges{mesh.range};
  if (mesh.range6) ranges.push_back(*mesh.range6);
  return sorted(std::move(ranges));
}

std::vector<IpRange> own_addresses(const Member& member) {
  std::vector<IpRange> addresses{IpRange::only(member.address)};
  if (member.address6) addresses.push_back(IpRange::only(*member.address6));
  return sorted(std::move(addresses));
}

/// A member's own addresses, each with the length of the range that it is of.
std::vector<IpRange> device_addresses(const Mesh& mesh, const Member& member) {
  std::vector<IpRange> addresses{
      {member.address, mesh.range.length},
      {tunnel_address(mesh, member), tunnel_range(mesh).length}};
  if (member.address6)
    addresses.push_back({*member.address6, mesh.range6->length});
  return sorted(std::move(addresses));
}

/// Members whose packets a peer gets or passes on.
using ReachedBy = std::multimap<NodeId, const Member*>;

void note_reached(ReachedBy& reached, const Mesh& mesh, const NodeId& self,
                  const NodeId& node, const Member& member,
                  const TakenPaths& paths) {
  if (node == self) return;
  auto taken = paths.find(node);
  auto path = taken == paths.end() ? usual_path(mesh, self, node)
                                   : taken->second.path;
  reached.emplace(path.relay.value_or(node), &member);
}

/// A router forgets what passes through it no more, so the tunnel is kept by
/// whoever may be behind one.
bool is_kept(const Mesh& mesh, const NodeId& self, const NodeId& other) {
  return mesh.members.size() <= kept_members_max || serves_all(mesh, other) ||
         (serves_all(mesh, self) && mesh.find(self)->endpoints.empty());
}

/// A key that was not seen yet is called where its member was seen with
/// another, unless the roster may know better by now.
void set_endpoint(PeerConfig& config, const NodeId& node, const Member& member,
                  const TunnelKey& key, const Calls& calls,
                  const MembersSeen& seen) {
  auto call = calls.find(node);
  bool is_called = call != calls.end() && call->second.endpoint;
  const auto* before = seen_with_another(seen, node, key);
  config.is_called = is_called && call->second.begins;
  if (is_called)
    config.endpoint = call->second.endpoint;
  else if (before != nullptr && before->at &&
           (before->lasts || member.endpoints.empty()))
    config.endpoint = before->at;
  else if (!member.endpoints.empty())
    config.endpoint = member.endpoints.front();
}

/// All but its endpoint.
PeerConfig peer_config(const Mesh& mesh, const NodeId& self,
                       const NodeId& other, const Member& member,
                       const ReachedBy& reached,
                       const PresharedKeys& preshared) {
  PeerConfig config;
  if (auto key = preshared.find(other); key != preshared.end())
    config.preshared = key->second;
  if (is_kept(mesh, self, other))
    config.keepalive_seconds =
        speaks_first(self, other) ? keepalive_first_seconds : keepalive_seconds;
  config.allowed.push_back(IpRange::only(tunnel_address(mesh, member)));
  auto add = [&](const std::vector<IpRange>& ranges) {
    config.allowed.insert(config.allowed.end(), ranges.begin(), ranges.end());
  };
  auto [begin, end] = reached.equal_range(other);
  if (other == mesh.hub)
    add(ranges_of(mesh));
  else
    for (auto one = begin; one != end; ++one) add(own_addresses(*one->second));
  config.allowed = sorted(std::move(config.allowed));
  return config;
}

/// Who has that key shakes hands, and nothing else passes.
PeerConfig only_tried(PeerConfig config) {
  config.allowed.clear();
  config.keepalive_seconds = keepalive_seconds;
  return config;
}

/// What went into that tunnel still comes out of it, until the roster forgets
/// its key.
PeerConfig only_ended(PeerConfig config) {
  config.allowed.clear();
  config.keepalive_seconds = 0;
  return config;
}

}  // namespace

IpRange tunnel_range(const Mesh& mesh) {
  IpRange range{{}, 64};
  range.address.is_v6 = true;
  range.address.bytes[0] = 0xfd;
  std::copy_n(mesh.id.bytes.begin(), 5, range.address.bytes.begin() + 1);
  return range;
}

IpAddress tunnel_address(const Mesh& mesh, const Member& member) {
  auto address = tunnel_range(mesh).address;
  const auto own = member.address.view();
  std::copy(own.begin(), own.end(), address.bytes.end() - 4);
  return address;
}

IpAddress own_address(const Mesh& mesh, const IpAddress& address) {
  Member member;
  if (auto own = IpAddress::of(address.view().last(4)); own && address.is_v6)
    member.address = *own;
  return address == tunnel_address(mesh, member) ? member.address : address;
}

std::optional<PeerConfig> desired_peer(const Mesh& mesh, const NodeId& self,
                                       const NodeId& other,
                                       const PathChoices& choices,
                                       const MembersSeen& seen,
                                       const PresharedKeys& preshared) {
  const auto& paths = choices.paths;
  const auto* peer = mesh.find(other);
  if (mesh.find(self) == nullptr || peer == nullptr || self == other)
    return std::nullopt;
  ReachedBy reached;
  note_reached(reached, mesh, self, other, *peer, paths);
  for (const auto& [node, taken] : paths)
    if (const auto* member = mesh.find(node);
        node != other && taken.path.relay == other && member != nullptr)
      note_reached(reached, mesh, self, node, *member, paths);
  auto config = peer_config(mesh, self, other, *peer, reached, preshared);
  set_endpoint(config, other, *peer, key_in_use(other, *peer, choices.keys),
               choices.calls, seen);
  return config;
}

DeviceConfig desired_device(const Mesh& mesh, const NodeId& self,
                            const TunnelKey& key, std::uint16_t listen_port,
                            const PathChoices& choices, const MembersSeen& seen,
                            const PresharedKeys& preshared) {
  DeviceConfig device;
  device.key = key;
  device.listen_port = listen_port;
  const auto* own = mesh.find(self);
  if (own == nullptr) return device;
  device.addresses = device_addresses(mesh, *own);
  // Any member may have to pass packets on.
  device.forwarded = ranges_of(mesh);
  ReachedBy reached;
  for (const auto& [node, member] : mesh.members)
    note_reached(reached, mesh, self, node, member, choices.paths);
  for (const auto& [node, member] : mesh.members) {
    if (node == self) continue;
    auto config = peer_config(mesh, self, node, member, reached, preshared);
    auto add = [&, &node = node, &member = member](const TunnelKey& of_peer,
                                                   PeerConfig peer) {
      set_endpoint(peer, node, member, of_peer, choices.calls, seen);
      device.peers.emplace(of_peer, std::move(peer));
    };
    const auto* use = use_of_next(node, member, choices.keys);
    if (use != nullptr && use->is_taken)
      add(member.tunnel_key, only_ended(config));
    else if (use != nullptr)
      add(use->key, only_tried(config));
    add(key_in_use(node, member, choices.keys), std::move(config));
  }
  return device;
}

}  // namespace ppn::events
