// The operator gate: what waits for the operator's commit, and the grants that
// come of it. It alone writes the streams of the grants; a change of the mesh
// it leaves to the mesh actor to plan and to record.
#pragma once

#include <functional>
#include <memory>

#include "actors/aggregate.hpp"

namespace ppn::actors {

/// Ids that never repeat, from the node's own source of chance.
using NextId = std::function<Id()>;

struct OperatorGateState {
  OperatorGateState() = default;

  events::Capabilities capabilities;
  std::vector<Proposal> proposals;
  Aggregate<OperatorGate::stateful_pointer<OperatorGateState>> grants;
  static inline const char* name = "operator_gate";
};

/// Waits at most for this many commits at once.
inline constexpr std::size_t proposals_max = 100;

struct GateParts {
  LedgerActor ledger;
  ClockPort clock;
  /// Knows the mesh actor.
  NodeActor node;
  NextId next_id;
};

OperatorGate::behavior_type operator_gate(
    OperatorGate::stateful_pointer<OperatorGateState> self,
    const GateParts& parts, std::uint64_t boot);

}  // namespace ppn::actors
