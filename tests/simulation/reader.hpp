// Somebody who follows a host's ledger as the control API does: told that it
// grew, they read what is new.
#pragma once

#include <functional>

#include "actors/interfaces.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/shadow.hpp"

namespace ppn::simulation {

struct ReaderState {
  ReaderState() = default;

  /// Entries read so far, and how many there are said to be.
  std::uint64_t read = 0;
  std::uint64_t told = 0;
  bool reading = false;
  static inline const char* name = "reader";
};

struct ReaderParts {
  actors::LedgerActor ledger;
  const Disk* disk = nullptr;
  /// How many to ask for at a time.
  std::function<std::uint64_t()> page;
  std::function<void(const std::string&)> complain;
};

/// Complains of what it is told or reads before it is durable, and of what is
/// not the next entry.
actors::LedgerFollower::behavior_type reader(
    actors::LedgerFollower::stateful_pointer<ReaderState> self,
    const ReaderParts& parts);

}  // namespace ppn::simulation
