// Ledgers to be damaged: written as a node writes them, then closed. Tests work
// on copies.
#pragma once

#include <memory>

#include "store/ledger.hpp"
#include "store/lmdb_backend.hpp"
#include "tests/corruption/seeded_keys.hpp"
#include "tests/support/event_source.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/state_follower.hpp"

namespace ppn::tests {

/// A ledger that its node writes, the same in every run. Throws if the store
/// refuses.
class Specimen {
 public:
  /// Founds node `node`.
  explicit Specimen(std::uint8_t node = 1);

  /// Events such as a node's life brings, in one commit.
  void append(std::size_t events);
  void append(store::Event event, const store::ClockReading& clock);
  void rotate_key();
  void write_snapshot();
  /// From here on there are only files.
  void close();

  [[nodiscard]] const store::StateDirectory& directory() const {
    return directory_;
  }
  [[nodiscard]] const store::LedgerPosition& position() const {
    return position_;
  }
  [[nodiscard]] std::uint8_t node() const { return node_; }

 private:
  std::uint8_t node_;
  ScratchDirectory scratch_;
  store::StateDirectory directory_;
  SeededKeys keys_;
  EventSource source_;
  store::OutsideCheckpointFile outside_;
  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<store::Ledger> ledger_;
  std::unique_ptr<StateFollower> follower_;
  store::LedgerPosition position_;
};

/// 20 entries: the key rotates in entry `story_rotation`, and a snapshot stands
/// on the first `story_snapshot` entries.
inline constexpr std::uint64_t story_size = 20;
inline constexpr std::uint64_t story_rotation = 9;
inline constexpr std::uint64_t story_snapshot = 12;
const Specimen& story();

/// 2500 entries, which the audit takes in three chunks; no snapshot.
inline constexpr std::uint64_t long_story_size = 2500;
inline constexpr std::uint64_t long_story_rotation = 1500;
const Specimen& long_story();

}  // namespace ppn::tests
