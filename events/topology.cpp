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
  std::vector<IpRange> addresses{{member.address, mesh.range.length}};
  if (member.address6)
    addresses.push_back({*member.address6, mesh.range6->length});
  return sorted(std::move(addresses));
}

}  // namespace

std::optional<PeerConfig> desired_peer(const Mesh& mesh, const NodeId& self,
                                       const NodeId& other, bool is_live) {
  const auto* own = mesh.find(self);
  const auto* peer = mesh.find(other);
  if (own == nullptr || peer == nullptr || self == other) return std::nullopt;
  bool by_hub = self == mesh.hub || other == mesh.hub;
  if (!by_hub && own->endpoints.empty() && peer->endpoints.empty())
    return std::nullopt;
  PeerConfig config;
  if (!peer->endpoints.empty()) {
    config.endpoint = peer->endpoints.front();
    config.keepalive_seconds = keepalive_seconds;
  }
  if (other == mesh.hub)
    config.allowed = ranges_of(mesh);
  else if (self == mesh.hub || is_live || !mesh.members.contains(mesh.hub))
    config.allowed = own_addresses(*peer);
  return config;
}

DeviceConfig desired_device(const Mesh& mesh, const NodeId& self,
                            const TunnelKey& key, std::uint16_t listen_port,
                            const std::set<TunnelKey>& live) {
  DeviceConfig device;
  device.key = key;
  device.listen_port = listen_port;
  const auto* own = mesh.find(self);
  if (own == nullptr) return device;
  device.addresses = device_addresses(mesh, *own);
  if (self == mesh.hub) device.forwarded = ranges_of(mesh);
  for (const auto& [node, member] : mesh.members)
    if (auto peer =
            desired_peer(mesh, self, node, live.contains(member.tunnel_key)))
      device.peers.emplace(member.tunnel_key, std::move(*peer));
  return device;
}

}  // namespace ppn::events
