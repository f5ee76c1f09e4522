// Reading a ledger within one transaction.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/backend.hpp"
#include "store/checkpoint.hpp"
#include "store/tree.hpp"

namespace ppn::store {

inline constexpr std::string_view ledger_format = "ppn-ledger 1";

/// Keys of the meta table.
inline constexpr std::string_view meta_format = "format";
inline constexpr std::string_view meta_checkpoint = "checkpoint";

/// A record where it is stored.
struct StoredRecord {
  std::uint64_t sequence = 0;
  ByteView record;
};

/// The streams table is an index of so many entries after another: an append
/// then changes the pages of the last one only, however many streams there are.
inline constexpr std::uint64_t stream_index_entries = 128;

/// Key of `version` of a stream, entry `sequence`, in the streams table.
Bytes stream_key(std::uint64_t sequence, std::string_view stream,
                 std::uint64_t version);

/// What a key of the streams table says.
struct StreamKey {
  /// Of entries [part, part + 1) * stream_index_entries.
  std::uint64_t part = 0;
  std::string_view stream;
  std::uint64_t version = 0;
};

/// Nothing if the key is none of the streams table.
std::optional<StreamKey> parse_stream_key(ByteView key);

class LedgerView {
 public:
  explicit LedgerView(ReadTransaction& transaction)
      : transaction_(transaction) {}

  /// too_new if the ledger is in a format of the future, damaged if in none.
  Status check_format();

  /// Number of entries: the last sequence and one.
  Result<std::uint64_t> size();

  /// The newest checkpoint as stored; not_found in an empty ledger.
  Result<std::string> checkpoint_note();

  /// not_found past the end.
  Result<ByteView> record(std::uint64_t sequence);

  /// Calls `visit` for the records from `from` on until it returns false.
  /// damaged if a sequence is missing.
  Status scan_records(std::uint64_t from,
                      const std::function<bool(const StoredRecord&)>& visit);

  /// Calls `visit` with the sequences of a stream's entries from `version` on,
  /// until it returns false.
  Status scan_stream(std::string_view stream, std::uint64_t version,
                     const std::function<bool(std::uint64_t)>& visit);

  /// Reads nodes of the tree; it must not outlive the transaction.
  [[nodiscard]] NodeReader nodes();

  /// Hashes of all the nodes that leaf `sequence` completes, one after another.
  Result<ByteView> nodes_of(std::uint64_t sequence);

  [[nodiscard]] ReadTransaction& transaction() { return transaction_; }

 private:
  ReadTransaction& transaction_;
};

}  // namespace ppn::store
