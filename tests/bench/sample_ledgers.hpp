// Ledgers of a given size to open, verify and prove from. Each is made when a
// part first asks for it, and kept for the parts that follow.
#pragma once

#include <map>
#include <memory>

#include "store/state_directory.hpp"
#include "tests/bench/scratch.hpp"

namespace ppn::bench {

struct SampleLedger {
  store::StateDirectory directory;
  std::uint64_t entries = 0;
  /// Entries that its one snapshot stands on.
  std::uint64_t snapshot_at = 0;
  /// Size of all records.
  std::uint64_t record_bytes = 0;
};

class SampleLedgers {
 public:
  SampleLedgers(std::filesystem::path scratch, unsigned signers)
      : scratch_(std::move(scratch)), signers_(signers) {}

  const SampleLedger& of(std::uint64_t entries);

 private:
  struct Made {
    explicit Made(const std::filesystem::path& parent)
        : scratch(parent, "sample") {}
    ScratchDirectory scratch;
    SampleLedger ledger;
  };

  std::filesystem::path scratch_;
  unsigned signers_;
  std::map<std::uint64_t, std::unique_ptr<Made>> made_;
};

}  // namespace ppn::bench
