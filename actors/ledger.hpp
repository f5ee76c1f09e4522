// The ledger actor: the one writer. It groups what waits into one durable
// commit, keeps the state that all entries add up to, and refuses what calls
// upon a grant that is not live in it.
#pragma once

#include <memory>

#include "actors/interfaces.hpp"
#include "store/group_commit.hpp"
#include "store/witness_memory.hpp"

namespace ppn::actors {

struct LedgerSettings {
  store::GroupCommitLimits group;
  /// Entries from one snapshot to the next; 0 for none.
  std::uint64_t snapshot_entries = 65'536;
  /// Nothing is remembered of others without one, and nobody vouched for.
  std::shared_ptr<store::WitnessMemory> witness = nullptr;
};

/// A ledger that was found good, and the state that it makes.
struct OpenLedger {
  store::Backend& backend;
  std::unique_ptr<store::Ledger> ledger;
  events::State state;
};

/// Opens a node's ledger, or founds the node if it has none yet. What is wrong
/// keeps the node from starting: damaged, too_new, rolled_back, forked,
/// no_outside_checkpoint, key, io.
store::Result<std::shared_ptr<OpenLedger>> open_or_found(
    const store::LedgerParts& parts, const store::Founding& founding,
    const store::ClockReading& clock, store::LedgerOptions options = {});

/// What would keep the node from starting; nothing is changed. not_found if
/// there is no entry.
store::Status check_ledger(const store::LedgerParts& parts);

struct LedgerActorState {
  LedgerActorState();
  ~LedgerActorState();
  LedgerActorState(const LedgerActorState&) = delete;
  LedgerActorState& operator=(const LedgerActorState&) = delete;

  class Writer;
  std::unique_ptr<Writer> writer;
  static inline const char* name = "ledger";
};

/// A commit blocks: where there are threads the actor is spawned detached.
LedgerActor::behavior_type ledger_actor(
    LedgerActor::stateful_pointer<LedgerActorState> self,
    const std::shared_ptr<OpenLedger>& opened, const ClockPort& clock,
    const LedgerSettings& settings);

}  // namespace ppn::actors
