// The dispatch actor: what the controller wants of this host, and where in the
// mesh that gives what others fetch. It looks whether
// that was done before, fetches what it is told by, believes it if the
// controller really recorded it, and has the pool decide. What comes of it
// stands in a stream of its own, and is said again as often as it is asked.
#pragma once

#include <map>

#include "actors/aggregate.hpp"
#include "actors/kept_actor.hpp"

namespace ppn::actors {

struct DispatchParts {
  LedgerActor ledger;
  BulkPort bulk;
  HypervisorPort hypervisor;
  NodeActor node;
  /// Otherwise all that the controller wants is refused.
  bool takes_dispatches = true;
};

/// One that is being worked on.
struct DispatchJob {
  NodeId controller;
  DispatchPtr dispatch;
  /// Of images, and of those that are there already.
  std::uint64_t fetched = 0;
  std::uint64_t fetched_before = 0;
  std::uint64_t to_fetch = 0;
  /// What goes wrong, and may not the next time.
  std::string trouble = {};
  /// Of the guest, once it is kept here.
  std::optional<Hash> user_data = std::nullopt;
};

struct DispatchActorState {
  DispatchActorState() = default;

  RosterPtr roster;
  FollowedMesh mesh;
  KeptActor<MemberActor> member{"member"};
  KeptActor<SchedulerActor> scheduler{"scheduler"};
  KeptActor<HeadroomActor> headroom{"headroom"};
  std::map<Id, DispatchJob> jobs;
  static inline const char* name = "dispatch";
};

/// So many at once; the others are told again.
inline constexpr std::size_t dispatch_jobs_max = 16;

DispatchActor::behavior_type dispatch_actor(
    DispatchActor::stateful_pointer<DispatchActorState> self,
    const DispatchParts& parts, const NodeId& node);

}  // namespace ppn::actors
