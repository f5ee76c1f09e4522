// The ports of a simulated node to its tunnels and to the other members.
#pragma once

#include "tests/simulation/datagrams.hpp"

namespace ppn::simulation {

/// Keeps in mind which keys the host's roster names.
void note_named(Host& host);

/// Holds what the node asks of its device against the rules, too.
actors::WireguardPort::behavior_type wireguard_port(
    actors::WireguardPort::pointer self, Scene* scene, Tunnels* tunnels,
    Host* host);

actors::WirePort::behavior_type mesh_wire_port(actors::WirePort::pointer self,
                                               Datagrams* datagrams,
                                               Host* host);

/// Counts.
actors::JournalPort::behavior_type journal_port(
    actors::JournalPort::pointer self, Scene* scene, Host* host);

}  // namespace ppn::simulation
