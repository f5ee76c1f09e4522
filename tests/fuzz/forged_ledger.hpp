// A ledger in memory of entries that a fuzzer made up: each is put in its place
// and signed as if a node had written it, so that an audit gets past the
// signatures to what the entries say.
#pragma once

#include <optional>

#include "store/record.hpp"
#include "store/snapshot.hpp"
#include "tests/fuzz/memory_backend.hpp"

namespace ppn::fuzz {

class ForgedLedger {
 public:
  ForgedLedger();

  /// Appends the entry, unless putting it right breaks it.
  void append(ByteView entry);

  /// Keeps `state` as a snapshot of what was appended so far.
  void keep_snapshot(ByteView state);

  /// Signs the checkpoint: the ledger is whole now.
  void seal();

  [[nodiscard]] MemoryBackend& backend() { return backend_; }
  [[nodiscard]] std::uint64_t size() const { return tree_.size(); }

 private:
  bool put_right(Bytes& entry) const;
  void put(const schema::Entry& entry, ByteView record);
  [[nodiscard]] store::LedgerPosition position() const;

  MemoryBackend backend_;
  store::Frontier tree_;
  Hash link_;
  NodeId node_;
  store::KeyHistory keys_;
  store::StreamHeads streams_;
};

}  // namespace ppn::fuzz
