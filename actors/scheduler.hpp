// The scheduler: what every host of the fleet has left, on the node that has
// the role of the controller; on all others it does nothing. What hosts say of
// themselves is kept in mind; what the operator lets them be used for, and who
// is silent, is recorded.
#pragma once

#include "actors/aggregate.hpp"
#include "actors/kept_actor.hpp"
#include "events/host_watch.hpp"

namespace ppn::actors {

struct SchedulerParts {
  LedgerActor ledger;
  ClockPort clock;
  /// Knows the mesh, this host's own headroom, and who asks the others.
  NodeActor node;
  /// What a host must have left beside what a guest asks for.
  std::uint64_t margin_mb = events::placement_margin_mb_usual;
};

/// What a host said last.
struct SaidOfHost {
  std::optional<events::HostReport> report;
  events::GuestSummaries guests;
};

struct SchedulerState {
  SchedulerState() = default;

  events::Fleet fleet;
  events::HostWatch watch;
  std::map<NodeId, SaidOfHost> said;
  RosterPtr roster;
  FollowedMesh mesh;
  FollowedActor<HeadroomActor, HeadroomFollower> headroom{"headroom"};
  KeptActor<MemberActor> member{"member"};
  /// Who is silent is being recorded.
  bool is_recording = false;
  Aggregate<SchedulerActor::stateful_pointer<SchedulerState>> aggregate;
  static inline const char* name = "scheduler";
};

SchedulerActor::behavior_type scheduler_actor(
    SchedulerActor::stateful_pointer<SchedulerState> self,
    const SchedulerParts& parts, const events::Node& node);

}  // namespace ppn::actors
