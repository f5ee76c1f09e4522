// The names inside a node's state directory.
//
//   ledger/data.mdb      the ledger, an LMDB environment
//   ledger/lock.mdb      its reader table
//   ledger/writer.lock   locked by the one process that writes; holds its pid
//   checkpoint           the newest checkpoint, kept outside the database
//   witness/             what is remembered of the ledgers of others
//                        (heads/), and what others vouch for of this one
//                        (cosigned/); can be deleted, and is forgotten then
//   reserve              room for an orderly stop on a full disk
//   keys/                private keys, mode 0700
//   rejoin               while this node takes up a new identity: which
//   former/<node id>/    an identity that was given up, read-only; a state
//                        directory without keys
#pragma once

#include <filesystem>

#include "schema/fixed_bytes.hpp"

namespace ppn::store {

struct StateDirectory {
  std::filesystem::path root;

  [[nodiscard]] auto ledger() const { return root / "ledger"; }
  [[nodiscard]] auto database() const { return ledger() / "data.mdb"; }
  [[nodiscard]] auto reader_table() const { return ledger() / "lock.mdb"; }
  [[nodiscard]] auto writer_lock() const { return ledger() / "writer.lock"; }
  [[nodiscard]] auto outside_checkpoint() const { return root / "checkpoint"; }
  [[nodiscard]] auto witness() const { return root / "witness"; }
  [[nodiscard]] auto reserve() const { return root / "reserve"; }
  [[nodiscard]] auto keys() const { return root / "keys"; }
  [[nodiscard]] auto rejoin() const { return root / "rejoin"; }
  [[nodiscard]] StateDirectory former(const NodeId& node) const {
    return {root / "former" / node.hex()};
  }
  /// A view of the roster.
  [[nodiscard]] auto nodes_file() const { return root / "nodes.jsonl"; }
};

}  // namespace ppn::store
