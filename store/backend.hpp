// Where the ledger's bytes live: ordered tables with transactions. The one for
// real is over LMDB; tests bring others that fail and crash on purpose.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string_view>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::store {

enum class Table : std::uint8_t {
  /// u64 sequence -> record. Written once.
  entries,
  /// u64 sequence -> hashes of the nodes that leaf completes. Written once.
  tree,
  /// u64 part, stream name, 0x00, u64 version -> u64 sequence. Written once.
  streams,
  /// "format", "checkpoint".
  meta,
  /// u64 size -> signed snapshot. May be deleted without loss.
  snapshots,
};

inline constexpr std::array<std::string_view, 5> table_names{
    "entries", "tree", "streams", "meta", "snapshots"};

struct KeyValue {
  ByteView key;
  ByteView value;
};

/// A view of all tables as of one commit. Bytes it returns are good until it
/// ends, or until the next write to the same transaction.
class ReadTransaction {
 public:
  ReadTransaction() = default;
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;
  virtual ~ReadTransaction() = default;

  /// not_found, io.
  virtual Result<ByteView> get(Table table, ByteView key) = 0;

  /// Calls `visit` for each pair from the first key not below `from`, in order,
  /// until it returns false. io.
  virtual Status scan(Table table, ByteView from,
                      const std::function<bool(const KeyValue&)>& visit) = 0;

  /// The last pair of a table; not_found if it is empty, io.
  virtual Result<KeyValue> last(Table table) = 0;

  /// The last pair whose key is below `bound`; not_found, io.
  virtual Result<KeyValue> last_below(Table table, ByteView bound) = 0;

  /// Number of pairs. io.
  virtual Result<std::uint64_t> count(Table table) = 0;

  /// Number of tables, those that are none of a ledger's included. io.
  virtual Result<std::uint64_t> count_tables() = 0;
};

/// All or nothing; what is not committed when it ends did not happen.
class WriteTransaction : public ReadTransaction {
 public:
  /// Adds a pair after all others of the table. damaged if the key is not
  /// larger than the last one, map_full, io.
  virtual Status append(Table table, ByteView key, ByteView value) = 0;

  /// Adds a pair. damaged if the key is there already, map_full, io.
  virtual Status insert(Table table, ByteView key, ByteView value) = 0;

  /// Adds or replaces a pair of a table that is not written once.
  virtual Status replace(Table table, ByteView key, ByteView value) = 0;

  /// Removes a pair of a table that is not written once; not_found, io.
  virtual Status remove(Table table, ByteView key) = 0;

  /// Durable once it succeeds. After an error it is unknown whether it is.
  virtual Status commit() = 0;
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual Result<std::unique_ptr<ReadTransaction>> read() = 0;

  /// read_only if it was opened for reading.
  virtual Result<std::unique_ptr<WriteTransaction>> write() = 0;

  /// Makes room for more pairs; no transaction may be open. disk_full when the
  /// file system has none, map_full when the configured cap is reached.
  virtual Status grow() = 0;

  /// disk_full unless the file system has room for `bytes` more and a margin.
  virtual Status check_room(std::uint64_t bytes) = 0;

  /// Gives up what was kept back for an orderly stop: the next appends may use
  /// the last bytes of the file system.
  virtual void release_reserve() = 0;

  /// Lets go of what died: readers whose process is gone.
  virtual void clear_stale_readers() = 0;
};

}  // namespace ppn::store
