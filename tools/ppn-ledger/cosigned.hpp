// Checkpoints of a ledger with what others vouch for.
#pragma once

#include <string>
#include <vector>

#include "store/ledger_view.hpp"
#include "store/witness_policy.hpp"
#include "tools/ppn-ledger/commands.hpp"

namespace ppn::tools {

using Checkpoints = std::vector<store::Checkpoint>;

/// The checkpoints that the node of a state directory keeps, each with the
/// cosignature of its witness. To be read before the database, so that a live
/// writer can not overtake them. What is no checkpoint is passed over.
store::Result<Checkpoints> read_kept(const std::string& directory);

/// The checkpoint in that note with all cosignatures that are kept for it.
store::Result<store::Checkpoint> with_cosignatures(const std::string& note,
                                                   const Checkpoints& kept);

/// A ledger's checkpoints, newest first.
struct KnownCheckpoints {
  Checkpoints good;
  /// Of those that the ledger's keys signed and that are not of it.
  std::vector<std::string> contradictions;
};

/// The newest checkpoint and those that are kept, each with its cosignatures.
/// What the ledger's keys did not sign is passed over. damaged if `newest` is
/// not good itself.
store::Result<KnownCheckpoints> sort_out(store::LedgerView& view,
                                         const std::string& newest,
                                         const Checkpoints& kept);

store::Result<store::WitnessPolicy> read_policy(const std::string& file);

/// bad_input if the policy is for other logs than the one that the ledger is.
store::Status check_log(const store::WitnessPolicy& policy,
                        store::LedgerView& view);

/// The newest checkpoint that the policy is content with, or the newest.
struct ChosenCheckpoint {
  store::Checkpoint checkpoint;
  store::WitnessPolicy::Verdict verdict;
};
ChosenCheckpoint choose(const store::WitnessPolicy& policy,
                        const Checkpoints& good);

/// What a checkpoint lacks that the policy is not content with.
std::string in_words(const ChosenCheckpoint& lacking);

/// The checkpoint to give away, as the options want it: without a policy the
/// newest. damaged if it lacks cosignatures and has to have them; if it has
/// not, that is told on standard error.
store::Result<store::Checkpoint> pick_checkpoint(const PolicyOptions& options,
                                                 store::LedgerView& view,
                                                 const Checkpoints& kept);

}  // namespace ppn::tools
