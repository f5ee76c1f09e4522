// The scheduler: what every host of the fleet has left, and which guests it
// gets, on the node that has the role of the controller; one that had it gives
// the next what it left. What hosts say of themselves is kept in mind; what the
// operator wants of them, or lets them do, and who is silent, is recorded.
#pragma once

#include <set>

#include "actors/aggregate.hpp"
#include "actors/dispatcher.hpp"
#include "actors/kept_actor.hpp"
#include "actors/operator_gate.hpp"
#include "actors/pairing_exchange.hpp"
#include "events/host_watch.hpp"

namespace ppn::actors {

struct SchedulerParts {
  LedgerActor ledger;
  ClockPort clock;
  /// Knows the mesh, this host's own headroom, and who asks the others.
  NodeActor node;
  BulkPort bulk;
  /// Has the user data of guests until their hosts have it.
  HypervisorPort hypervisor;
  NextId next_id;
  Entropy entropy;
  /// What a host must have left beside what a guest asks for.
  std::uint64_t margin_mb = events::placement_margin_mb_usual;
};

/// What a host said last.
struct SaidOfHost {
  std::optional<events::HostReport> report;
  events::GuestSummaries guests;
  /// That is all of it.
  bool is_whole = false;
  /// Guests whose needs are taken off what the report says is left.
  std::set<Id> shown;
  /// When it was all of it last.
  std::uint64_t whole_ns = 0;
};

/// What the fleet came to under this node, for who is the controller now.
struct GivenLegacy {
  Hash hash;
  BytesPtr bytes;
};

/// Whether its host shows it.
struct GuestSight {
  bool was_shown = false;
  /// Since when it does not, and shows all that it has.
  std::optional<std::uint64_t> missing_ns = std::nullopt;
};

struct SchedulerState {
  SchedulerState() = default;

  events::Fleet fleet;
  events::HostWatch watch;
  std::map<NodeId, SaidOfHost> said;
  Dispatcher dispatcher;
  /// Of the guests of the fleet.
  std::map<Id, GuestSight> sights;
  RosterPtr roster;
  FollowedMesh mesh;
  FollowedActor<HeadroomActor, HeadroomFollower> headroom{"headroom"};
  KeptActor<MemberActor> member{"member"};
  KeptActor<DispatchActor> dispatch{"dispatch"};
  /// As the next controller asked for it last.
  std::optional<GivenLegacy> legacy;
  /// Who is silent, and what is over, is being recorded.
  bool is_recording = false;
  bool is_tidying = false;
  /// So is that a term began, or what is taken in it.
  bool is_beginning = false;
  bool is_inheriting = false;
  Aggregate<SchedulerActor::stateful_pointer<SchedulerState>> aggregate;
  static inline const char* name = "scheduler";
};

struct SchedulerContext {
  SchedulerActor::stateful_pointer<SchedulerState> self = nullptr;
  SchedulerParts parts;
  NodeId node;
};

/// Null unless this node has the role of the controller.
const events::Mesh* mesh_of_role(const SchedulerContext& context);

/// Null unless it has that role, and recorded that its term began: before that
/// it does nothing with it.
const events::Mesh* own_mesh(const SchedulerContext& context);

/// What keeps a node that is not from doing what only the controller can.
std::string not_the_controller(const SchedulerContext& context);

SchedulerActor::behavior_type scheduler_actor(
    SchedulerActor::stateful_pointer<SchedulerState> self,
    const SchedulerParts& parts, const events::Node& node);

}  // namespace ppn::actors
