// Which tunnels a member has, and what its device is told of them.
#pragma once

#include "events/candidates.hpp"
#include "events/key_use.hpp"
#include "events/pairing.hpp"
#include "events/path.hpp"

namespace ppn::events {

/// What was chosen for each member.
struct PathChoices {
  TakenPaths paths;
  Calls calls;
  KeyUses keys = {};

  bool operator==(const PathChoices&) const = default;
};

/// WireGuard says that it is there only where nothing passed, either way. So
/// one end alone speaks, and the other one, which hears it, misses it if the
/// tunnel broke.
inline constexpr std::uint16_t keepalive_seconds = 25;
inline constexpr std::uint16_t keepalive_first_seconds = 20;
/// In a larger mesh only the tunnels of the hub and the controller are kept
/// when nothing passes: each costs half a megabyte a day.
inline constexpr std::size_t kept_members_max = 3;

/// The tunnel addresses of all members.
IpRange tunnel_range(const Mesh& mesh);

/// Where a member is reached through the tunnel between the two, whatever path
/// packets take: a unique local address (RFC 4193) of IPv6. Its prefix is made
/// of the mesh's id, and it ends like the member's own address.
IpAddress tunnel_address(const Mesh& mesh, const Member& member);

/// The own address that belongs to a tunnel address; any other is itself.
IpAddress own_address(const Mesh& mesh, const IpAddress& address);

/// What the device of `self` is told of the member `other`: its tunnel address,
/// and the own address of whoever is reached by it. The hub's peer has the
/// whole range instead. Nothing if one of the two is no member. It goes with
/// the key in use.
std::optional<PeerConfig> desired_peer(const Mesh& mesh, const NodeId& self,
                                       const NodeId& other,
                                       const PathChoices& choices,
                                       const MembersSeen& seen = {},
                                       const PresharedKeys& preshared = {});

/// The device of `self`. For a node that is in no mesh, or no longer, it has
/// neither peers nor addresses.
DeviceConfig desired_device(const Mesh& mesh, const NodeId& self,
                            const TunnelKey& key, std::uint16_t listen_port,
                            const PathChoices& choices,
                            const MembersSeen& seen = {},
                            const PresharedKeys& preshared = {});

}  // namespace ppn::events
