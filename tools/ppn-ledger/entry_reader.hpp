// Entries one after another, structurally checked but not verified.
#pragma once

#include <functional>

#include "schema/entry_generated.h"
#include "tools/ppn-ledger/open_ledger.hpp"

namespace ppn::tools {

struct ReadEntry {
  std::uint64_t sequence = 0;
  ByteView record;
  /// The entry's bytes, aligned; good during the visit only.
  ByteView bytes;
  const schema::Entry* entry = nullptr;
};

using EntryVisitor = std::function<bool(const ReadEntry&)>;

/// Visits the entries from `from` on until `visit` returns false. damaged or
/// too_new, naming the entry.
store::Status read_entries(OpenLedger& ledger, std::uint64_t from,
                           const EntryVisitor& visit);

/// The same for one stream, by its index, from a sequence on.
store::Status read_stream(OpenLedger& ledger, const std::string& stream,
                          std::uint64_t from, const EntryVisitor& visit);

}  // namespace ppn::tools
