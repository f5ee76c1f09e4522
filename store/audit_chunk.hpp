// The part of an audit that one thread does alone: 1024 entries in a row.
//
// Three witnesses tell what an entry was: the signature in its record, its leaf
// in the tree, and the hash of it that the next entry carries. An entry whose
// signature fails is laid to its signature or to its payload by the other two,
// and nothing that it says is believed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/audit.hpp"
#include "store/audit_keys.hpp"
#include "store/ledger_view.hpp"
#include "store/record.hpp"
#include "store/tree.hpp"

namespace ppn::store {

inline constexpr std::uint8_t audit_chunk_level = 10;
inline constexpr std::uint64_t audit_chunk_size = std::uint64_t{1}
                                                  << audit_chunk_level;

/// The versions of a stream that a chunk holds.
struct StreamRun {
  std::uint64_t first = 0;
  /// The entry that holds `first`.
  std::uint64_t first_at = 0;
  std::uint64_t last = 0;
};

struct ChunkAudit {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  /// The prev of the first entry, and the hash of the last, where they are
  /// known to be what was written.
  std::optional<Hash> first_prev;
  std::optional<Hash> last_link;
  std::map<std::string, StreamRun, std::less<>> streams;
  /// Keys that entries of this chunk bring in.
  KeyHistory keys;
  Frontier tree;
  /// The last leaf of a good entry that is not the one in the tree: the nodes
  /// over it can not be expected to match.
  std::optional<std::uint64_t> last_strange_leaf;
  std::vector<Finding> findings;
  /// An entry of unknown stream is among them, so versions may seem to skip.
  bool lost_entries = false;
  /// The first intact entry that is newer than this program. What comes after
  /// it is not judged: it may have changed the keys.
  std::optional<std::uint64_t> too_new;
  std::string too_new_message;
  /// By the key in force.
  bool too_new_is_signed = false;
  std::uint64_t signatures_checked = 0;
  /// Signatures left unchecked because the key in force is not known.
  std::uint64_t signatures_without_key = 0;
};

struct ChunkTask {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  /// Number of entries in all.
  std::uint64_t size = 0;
  bool check_signatures = false;
  std::optional<NodeId> node;
  const AuditKeys* keys = nullptr;
  const AuditOptions* options = nullptr;
};

/// Whether a stream may go on with `version` after `before`. Where entries of
/// unknown streams were lost, it may skip some.
bool may_follow(std::uint64_t before, std::uint64_t version, bool lost_entries);

std::string skips_version(std::string_view stream, std::uint64_t before,
                          std::uint64_t version);

/// Whether the node of `level` that leaf `last` completes stands on `leaf`,
/// which is not after `last`.
bool covers(const std::optional<std::uint64_t>& leaf, std::uint64_t last,
            std::size_t level);

/// Checks the entries [begin, end) of a task; begin is a multiple of
/// audit_chunk_size.
ChunkAudit audit_chunk(LedgerView& view, const ChunkTask& task);

}  // namespace ppn::store
