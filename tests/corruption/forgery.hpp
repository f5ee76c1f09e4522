// Records as a forger would make them, and whole histories that fit together.
#pragma once

#include <functional>

#include "schema/entry_generated.h"
#include "store/signing.hpp"
#include "store/snapshot.hpp"
#include "tests/corruption/raw_tables.hpp"

namespace ppn::tests {

/// The bytes of a record that are signed.
Bytes entry_of(ByteView record);

/// An entry with the signature of `key`.
Bytes signed_by(const store::SigningKey& key, ByteView entry);

/// The entry of a record, changed by `change` and built anew.
Bytes with_change(ByteView record,
                  const std::function<void(schema::EntryT&)>& change);

/// The same entry, following from another one.
Bytes with_prev(ByteView entry, const Hash& prev);

/// The same entry, holding a kind of event that there is not yet.
Bytes with_unknown_event(ByteView entry);

/// The link that the next entry carries.
Hash link_of(ByteView record);

/// All records of a ledger, to be changed and written back with tree, index and
/// checkpoint such that all fits together.
class History {
 public:
  /// Of node `node`, whose keys are seeded, in force as `keys` says.
  History(const RawTables& tables, std::uint8_t node,
          const store::KeyHistory& keys);

  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] Bytes& operator[](std::size_t sequence) {
    return records_[sequence];
  }

  /// Signs entry `sequence` with the key in force there.
  void sign(std::size_t sequence, ByteView entry);

  /// Makes every entry after `sequence` follow from the one before, and signs
  /// it again. There must be no key rotation among them.
  void chain_after(std::size_t sequence);

  void cut_to(std::size_t size) { records_.resize(size); }

  /// Writes all tables but the snapshots, and the checkpoint.
  void write(RawTables& tables) const;

  /// Writes entries, tree and index, and leaves the checkpoint.
  void write_without_checkpoint(RawTables& tables) const;

  [[nodiscard]] store::TreeHead head() const;
  [[nodiscard]] std::string checkpoint() const;

 private:
  [[nodiscard]] store::SigningKey key_for(std::size_t sequence) const;

  std::vector<Bytes> records_;
  std::vector<std::uint64_t> key_starts_;
  std::uint8_t node_;
};

}  // namespace ppn::tests
