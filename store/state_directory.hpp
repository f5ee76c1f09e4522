// The names inside a node's state directory.
//
//   ledger/data.mdb      the ledger, an LMDB environment
//   ledger/lock.mdb      its reader table
//   ledger/writer.lock   locked by the one process that writes; holds its pid
//   checkpoint           the newest checkpoint, kept outside the database
//   reserve              room for an orderly stop on a full disk
//   keys/                private keys, mode 0700
#pragma once

#include <filesystem>

namespace ppn::store {

struct StateDirectory {
  std::filesystem::path root;

  [[nodiscard]] auto ledger() const { return root / "ledger"; }
  [[nodiscard]] auto database() const { return ledger() / "data.mdb"; }
  [[nodiscard]] auto reader_table() const { return ledger() / "lock.mdb"; }
  [[nodiscard]] auto writer_lock() const { return ledger() / "writer.lock"; }
  [[nodiscard]] auto outside_checkpoint() const { return root / "checkpoint"; }
  [[nodiscard]] auto reserve() const { return root / "reserve"; }
  [[nodiscard]] auto keys() const { return root / "keys"; }
  /// A view of the roster.
  [[nodiscard]] auto nodes_file() const { return root / "nodes.jsonl"; }
};

}  // namespace ppn::store
