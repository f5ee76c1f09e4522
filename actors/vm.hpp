// The actor of one guest: owns its stream, records what is wanted of it and
// what becomes of it, and has the hypervisor do what is between the two.
#pragma once

#include "actors/aggregate.hpp"

namespace ppn::actors {

struct VmParts {
  LedgerActor ledger;
  ClockPort clock;
  HypervisorPort hypervisor;
  PoolActor pool;
  Id vm;
  std::uint64_t boot = 0;
};

/// A step that the hypervisor was asked for.
struct AskedStep {
  events::VmStep step;
  std::uint64_t at_ns = 0;
  bool is_answered = false;
  /// What there was to see then.
  VmSightPtr sight;
};

struct VmActorState {
  VmActorState() = default;

  /// The one; none once it is deleted.
  events::Vms vms;
  /// The newest; null before the hypervisor showed any.
  VmSightPtr sight;
  /// When that was first looked at, by the clock that counts from the host's
  /// boot: whoever is to stop is asked first, however long ago that was wanted.
  std::optional<std::uint64_t> begun_ns;
  std::optional<AskedStep> asked;
  std::string problem;
  /// What is seen is being decided; and was another thing meanwhile.
  bool is_looking = false;
  bool looks_again = false;
  /// Of the tick that is waited for.
  std::uint64_t tick = 0;
  Aggregate<VmActor::stateful_pointer<VmActorState>> aggregate;
  static inline const char* name = "vm";
};

/// Disks are made first.
inline constexpr auto launch_patience = std::chrono::seconds{120};
inline constexpr auto order_patience = std::chrono::seconds{35};

VmActor::behavior_type vm_actor(VmActor::stateful_pointer<VmActorState> self,
                                const VmParts& parts);

}  // namespace ppn::actors
