// A ledger's tables read with nothing but LMDB: the limit for all that reads
// them, and the way to see what they take.
#pragma once

#include <lmdb.h>

#include <memory>

#include "store/backend.hpp"
#include "store/state_directory.hpp"

namespace ppn::bench {

class RawLedger {
 public:
  explicit RawLedger(const store::StateDirectory& directory);

  [[nodiscard]] MDB_txn* transaction() const { return transaction_.get(); }
  [[nodiscard]] MDB_dbi table(store::Table table) const;

  /// Bytes of all the pages of a table.
  [[nodiscard]] std::uint64_t bytes_of(store::Table table) const;

 private:
  std::unique_ptr<MDB_env, decltype(&mdb_env_close)> environment_;
  std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> transaction_;
};

}  // namespace ppn::bench
