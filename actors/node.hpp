// The node: begins a boot in the ledger, spawns the other actors, brings those
// that die back from the ledger, and ends the boot.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/aggregate.hpp"
#include "actors/operator_gate.hpp"
#include "actors/pairing.hpp"

namespace ppn::actors {

using NodePointer = NodeActor::pointer;

/// One kind of actor that the node keeps alive, and whom it is handed.
struct Post {
  std::string name;
  std::vector<std::string> talks_to;
  /// Spawns it for this boot of the node, which is the incarnation that ports
  /// are told.
  std::function<caf::actor(NodePointer self, const events::Node& node)> spawn;
};

struct NodeParts {
  LedgerActor ledger;
  ClockPort clock;
  WireguardPort wireguard;
  WirePort wire;
  JournalPort journal;
  PairingWirePort pairing_wire;
  HypervisorPort hypervisor;
  MemoryPort memory;
  HostPort host;
  ImagePort images;
  BulkPort bulk;
  Entropy entropy;
  NextId next_id;
  /// UDP port of the tunnels.
  std::uint16_t listen_port = 51'820;
  /// Of guests; whose node that is it learns from the ledger.
  events::PoolLimits pool = {};
  events::BalloonMarks balloons = {};
  /// What the controller leaves each host beside what guests ask for.
  std::uint64_t margin_mb = events::placement_margin_mb_usual;
  /// This host does what the controller wants of it.
  bool takes_dispatches = true;
  /// Recorded at each start.
  std::string version;
  /// Posts of this node beside those of every node.
  std::vector<Post> more_posts;
};

/// Who may talk to whom: the one place that says so.
std::vector<Post> spawn_table(const NodeParts& parts);

struct NodeState {
  NodeState() = default;
  /// The others end with the node, whatever ends it.
  ~NodeState();
  NodeState(const NodeState&) = delete;
  NodeState& operator=(const NodeState&) = delete;

  /// An actor that the node keeps alive.
  struct Kept {
    Post post;
    caf::actor actor;
    std::uint64_t respawns = 0;
    /// Deaths since it last held out for a while.
    std::uint64_t deaths_in_a_row = 0;
  };

  events::Node node;
  NodeMode mode = NodeMode::starting;
  std::string reason;
  std::vector<Kept> kept;
  Aggregate<NodeActor::stateful_pointer<NodeState>> life;
  static inline const char* name = "node";
};

NodeActor::behavior_type node_actor(NodeActor::stateful_pointer<NodeState> self,
                                    const NodeParts& parts);

/// How long to wait before an actor that died for the n-th time in a row is
/// spawned again: at once, then from a second up to a minute.
std::chrono::seconds respawn_delay(std::uint64_t deaths_in_a_row);

}  // namespace ppn::actors
