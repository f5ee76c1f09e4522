// The mesh actor: owns the streams of the roster, one for each epoch. It
// decides for the operator of the authority, takes what the authority decided
// elsewhere, and tells everybody in the node who the members are.
#pragma once

#include <set>

#include "actors/aggregate.hpp"

namespace ppn::actors {

struct MeshParts {
  LedgerActor ledger;
  ClockPort clock;
};

struct MeshState {
  MeshState() = default;

  Roster roster;
  /// What followers were told last; made anew after each change.
  RosterPtr told;
  std::set<RosterFollower> followers;
  Aggregate<MeshActor::stateful_pointer<MeshState>> aggregate;
  static inline const char* name = "mesh";
};

MeshActor::behavior_type mesh_actor(MeshActor::stateful_pointer<MeshState> self,
                                    const MeshParts& parts,
                                    const events::Node& node);

}  // namespace ppn::actors
