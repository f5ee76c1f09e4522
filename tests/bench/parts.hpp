// The parts of the benchmark, each a question about the ledger.
#pragma once

#include <filesystem>

#include "tests/bench/report.hpp"
#include "tests/bench/sample_ledgers.hpp"

namespace ppn::bench {

struct Setup {
  std::filesystem::path scratch;
  unsigned cores = 1;
  bool quick = false;
  SampleLedgers& ledgers;

  /// The ledger that most parts look at.
  [[nodiscard]] const SampleLedger& big_ledger() const {
    return ledgers.of(quick ? 50'000 : 1'000'000);
  }
};

/// How many events a second become durable, and how long does each wait?
Part bench_append(const Setup& setup);

/// How long until a node has read its ledger and may append again?
Part bench_open(const Setup& setup);

/// How fast can signatures be verified at all?
Part bench_verify_rate(const Setup& setup);

/// How near to that does a full audit come?
Part bench_verify(const Setup& setup);

/// How long does it take to prove that an entry is in the ledger?
Part bench_proof(const Setup& setup);

/// How much of the disk does an event take?
Part bench_bytes(const Setup& setup);

}  // namespace ppn::bench
