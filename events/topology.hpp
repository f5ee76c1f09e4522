// Which tunnels a member has, and what its device is told of them.
#pragma once

#include <set>

#include "events/mesh.hpp"

namespace ppn::events {

inline constexpr std::uint16_t keepalive_seconds = 25;

/// What the device of `self` is told of the member `other`. Nothing if there is
/// no tunnel between the two: neither is the hub, and neither has an endpoint.
/// A spoke's peer for the hub has the whole range; for another spoke it has
/// that one's own address while packets pass (`is_live`), and else none, so
/// that they go by the hub.
std::optional<PeerConfig> desired_peer(const Mesh& mesh, const NodeId& self,
                                       const NodeId& other, bool is_live);

/// The device of `self`. `live` are the peers through whose tunnels packets
/// pass. For a node that is in no mesh, or no longer, it has neither peers nor
/// addresses.
DeviceConfig desired_device(const Mesh& mesh, const NodeId& self,
                            const TunnelKey& key, std::uint16_t listen_port,
                            const std::set<TunnelKey>& live);

}  // namespace ppn::events
