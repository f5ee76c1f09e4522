// The state of a node: the replay of its ledger, and nothing else.
#pragma once

#include "events/acceleration.hpp"
#include "events/capability.hpp"
#include "events/clash.hpp"
#include "events/dispatch.hpp"
#include "events/fleet.hpp"
#include "events/image.hpp"
#include "events/mesh.hpp"
#include "events/node.hpp"
#include "events/own_device.hpp"
#include "events/pairing.hpp"
#include "events/tunnel.hpp"
#include "events/vm.hpp"

namespace ppn::events {

struct State {
  Node node;
  Capabilities capabilities;
  Mesh mesh;
  std::map<NodeId, Tunnel> tunnels;
  OwnDevice device;
  Clashes clashes;
  Pairing pairing;
  Vms vms;
  Images images;
  Acceleration acceleration;
  Fleet fleet;

  bool operator==(const State&) const = default;
};

/// What one more entry makes of the state. The entry is structurally valid and
/// of a kind that this program knows.
Contradiction apply(State& state, const schema::Entry& entry);

}  // namespace ppn::events
