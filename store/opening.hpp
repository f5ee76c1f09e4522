// What is checked before a ledger takes its first append: everything since the
// last trusted snapshot, and the checkpoint outside.
#pragma once

#include "store/ledger.hpp"

namespace ppn::store {

/// A ledger as it was found.
struct OpenedLedger {
  LedgerPosition position;
  Frontier frontier;
  std::string checkpoint;
};

/// Checks format, head signature, and chain and tree of the tail, telling
/// `replay` what it finds. not_found if the ledger is empty; damaged names the
/// first bad entry.
Result<OpenedLedger> check_and_replay(ReadTransaction& transaction,
                                      Replay& replay);

/// Whether a node that had these keys signed the checkpoint kept outside of its
/// ledger of `size` entries. damaged, not_found.
Status verify_outside(const Checkpoint& outside, const NodeId& node,
                      const KeyHistory& keys, std::uint64_t size);

/// Compares the checkpoint outside with the ledger. rolled_back, forked,
/// no_outside_checkpoint.
Status compare_with_outside(const std::string& note, const OpenedLedger& opened,
                            ReadTransaction& transaction);

}  // namespace ppn::store
