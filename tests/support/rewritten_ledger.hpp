// A ledger as its owner would rewrite it, who has the key and the disk.
#pragma once

#include <optional>

#include "store/ledger_view.hpp"
#include "store/signing.hpp"

namespace ppn::tests {

/// Copies a ledger to an empty backend. Its entry `at` says a nanosecond later,
/// and it and all that follow are chained, signed and hashed anew; so it holds
/// the same events, and every check of it alone finds it good. Answers its
/// checkpoint, a note. Any error of the store.
store::Result<std::string> rewrite_ledger(store::LedgerView& from,
                                          store::Backend& to, std::uint64_t at,
                                          const store::SigningKey& key);

/// Copies no more than so many of its entries, and signs that: a ledger as it
/// was, with all that is kept beside it. Answers its checkpoint, a note.
store::Result<std::string> cut_ledger(store::LedgerView& from,
                                      store::Backend& to, std::uint64_t size,
                                      const store::SigningKey& key);

/// How many entries are left without those at the end that only tell how the
/// node and its tunnels fared.
store::Result<std::uint64_t> size_without_tail(store::LedgerView& ledger);

/// The newest entry that tells of nothing but a start of the node, with no
/// entry behind it that others keep a copy of. Nothing if there is none.
store::Result<std::optional<std::uint64_t>> rewritable_entry(
    store::LedgerView& ledger);

}  // namespace ppn::tests
