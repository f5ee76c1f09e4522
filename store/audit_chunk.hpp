// The part of an audit that one thread does alone: 1024 entries in a row.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/audit.hpp"
#include "store/ledger_view.hpp"
#include "store/record.hpp"
#include "store/tree.hpp"

namespace ppn::store {

inline constexpr std::uint8_t audit_chunk_level = 10;
inline constexpr std::uint64_t audit_chunk_size = std::uint64_t{1}
                                                  << audit_chunk_level;

/// Versions of a stream that a chunk holds, without a gap: [first,
/// first+count).
struct StreamRun {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

struct ChunkAudit {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  /// The prev of the first entry, and the hash of the last, where they can be
  /// read.
  std::optional<Hash> first_prev;
  std::optional<Hash> last_link;
  /// The last entry is bad, so what follows it can not be expected to.
  bool last_is_bad = false;
  NodeId node;
  std::map<std::string, StreamRun, std::less<>> streams;
  /// Keys that entries of this chunk bring in.
  KeyHistory keys;
  Frontier tree;
  std::vector<Finding> findings;
  /// An intact entry that is newer than this program.
  std::optional<std::uint64_t> too_new;
  std::string too_new_message;
  std::uint64_t signatures_checked = 0;
};

struct ChunkTask {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  /// Number of entries in all.
  std::uint64_t size = 0;
  bool check_signatures = false;
  /// The keys as the index of streams lists them; checked afterwards.
  const KeyHistory* keys = nullptr;
  const AuditOptions* options = nullptr;
};

/// Checks the entries [begin, end) of a task; begin is a multiple of
/// audit_chunk_size.
ChunkAudit audit_chunk(LedgerView& view, const ChunkTask& task);

}  // namespace ppn::store
