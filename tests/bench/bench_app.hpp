// A benchmark with parts: its command line, its scratch directory, and the
// report of what was measured.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/report.hpp"
#include "tests/bench/wishes.hpp"

namespace ppn::bench {

struct BenchApp {
  /// The program is called so behind "bench_".
  std::string name;
  std::string about;
  /// What is less with --quick.
  std::string quick;
  std::vector<std::string> parts;
};

using Measure = std::function<void(
    const Wishes&, const std::filesystem::path& scratch, Report&)>;

/// What main() returns. Measures in a child, so that nothing that was started
/// or written is left, whatever ends it.
int run_bench(int argc, char** argv, const BenchApp& app,
              const Measure& measure);

}  // namespace ppn::bench
