// The pool: the guests of this host, each with an actor of its own, and what
// they are made of and run by. What takes room is decided here, one after the
// other, so that it is never given away twice.
#pragma once

#include <deque>
#include <functional>

#include "actors/operator_gate.hpp"
#include "actors/vm.hpp"

namespace ppn::actors {

struct PoolParts {
  LedgerActor ledger;
  ClockPort clock;
  HypervisorPort hypervisor;
  ImagePort images;
  BulkPort bulk;
  NextId next_id;
  events::PoolLimits limits;
};

struct PoolState {
  PoolState() = default;
  /// The guests' actors end with it, whatever ends it.
  ~PoolState();
  PoolState(const PoolState&) = delete;
  PoolState& operator=(const PoolState&) = delete;

  events::Pool pool;
  events::Acceleration acceleration;
  std::map<Id, VmActor> actors;
  std::map<Id, VmStatusPtr> statuses;
  std::map<Id, ImageProgress> progress;
  /// What was removed since each that is being added was asked for: who has
  /// that content has to be asked once more.
  std::map<Id, std::set<Hash>> adding;
  std::optional<std::string> problem;
  /// What takes or frees room waits for what did before.
  std::deque<std::function<void()>> waiting;
  /// Dispatches that are being decided.
  std::set<Id> dispatched;
  bool knows_guests = false;
  bool is_deciding = true;
  Aggregate<PoolActor::stateful_pointer<PoolState>> aggregate;
  static inline const char* name = "pool";
};

/// A guest's actor that died is spawned again so soon.
inline constexpr auto vm_respawn_delay = std::chrono::seconds{1};
/// Each of QEMU's accelerators is given some seconds.
inline constexpr auto prove_patience = std::chrono::seconds{60};
/// So many of images that were added are kept in mind.
inline constexpr std::size_t image_progress_max = 32;

PoolActor::behavior_type pool_actor(PoolActor::stateful_pointer<PoolState> self,
                                    const PoolParts& parts,
                                    const events::Node& node);

}  // namespace ppn::actors
