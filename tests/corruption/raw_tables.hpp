// The database as LMDB sees it: what the store would never do to a ledger is
// done here.
#pragma once

#include <lmdb.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/backend.hpp"

namespace ppn::tests {

using Pair = std::pair<Bytes, Bytes>;

/// One writing transaction over the tables of a ledger that nobody has open.
/// What is not committed did not happen. Throws if LMDB refuses.
class RawTables {
 public:
  /// `directory` holds data.mdb.
  explicit RawTables(const std::filesystem::path& directory);

  [[nodiscard]] Bytes get(store::Table table, ByteView key) const;
  void put(store::Table table, ByteView key, ByteView value);
  void remove(store::Table table, ByteView key);
  void clear(store::Table table);
  [[nodiscard]] std::vector<Pair> all(store::Table table) const;

  /// Puts a pair into a table that a ledger does not have.
  void put_elsewhere(const std::string& table, ByteView key, ByteView value);

  void commit();

 private:
  struct CloseEnvironment {
    void operator()(MDB_env* environment) const { mdb_env_close(environment); }
  };
  struct AbortTransaction {
    void operator()(MDB_txn* transaction) const { mdb_txn_abort(transaction); }
  };

  [[nodiscard]] MDB_dbi handle(store::Table table) const {
    return tables_[static_cast<std::size_t>(table)];
  }

  std::unique_ptr<MDB_env, CloseEnvironment> environment_;
  std::unique_ptr<MDB_txn, AbortTransaction> transaction_;
  std::array<MDB_dbi, store::table_names.size()> tables_{};
};

/// All that a database says, for comparing two of them.
struct RawContent {
  /// Of the names of all tables, and of the pairs in all but the snapshots.
  Hash pairs;
  /// Of each snapshot with its key: they may go missing without loss.
  std::vector<Hash> snapshots;
};

/// Nothing if LMDB can not read all of it; may crash if it is damaged.
std::optional<RawContent> raw_content(const std::filesystem::path& directory);

}  // namespace ppn::tests
