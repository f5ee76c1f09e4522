// The parts of the benchmark, each a question about the ledger.
#pragma once

#include <filesystem>

#include "tests/bench/report.hpp"

namespace ppn::bench {

struct Setup {
  std::filesystem::path scratch;
  unsigned cores = 1;
  bool quick = false;
};

/// How many events a second become durable, and how long each waits?
Part bench_append(const Setup& setup);

/// How fast can signatures be verified at all?
Part bench_verify_rate(const Setup& setup);

}  // namespace ppn::bench
