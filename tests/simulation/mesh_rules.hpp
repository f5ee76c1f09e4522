// What must be true of a host's side of the mesh.
#pragma once

#include "tests/simulation/host.hpp"

namespace ppn::simulation {

/// UDP port of the tunnels of every node.
inline constexpr std::uint16_t tunnel_port = 51'820;

/// The states of its mesh, device, tunnel and member actors are the replay of
/// their streams.
Complaint check_mesh_actors(Process& process, const Shadow& shadow,
                            const Step& step);

/// Its device is as its roster and what passes through it say.
Complaint check_device(const Host& host, std::int64_t wall_ns);

/// What must be true of a member once all has come to rest. The `liars` do not
/// say which roster they have. The times are by this host's clock and by that
/// of the authority.
Complaint check_member_at_rest(const Host& host, const RosterHistory& history,
                               const std::set<NodeId>& liars,
                               std::int64_t wall_ns, std::int64_t authority_ns);

}  // namespace ppn::simulation
