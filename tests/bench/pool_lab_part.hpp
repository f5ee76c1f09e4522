// What the balloons of a real host are measured to cost and to do (pool_lab).
#pragma once

#include <string>
#include <vector>

#include "tests/bench/report.hpp"

namespace ppn::bench {

struct PoolFound {
  /// What the lab wrote.
  std::string json;
  /// Why it did not run.
  std::string not_measured;
};

/// What does it take of a processor to look after a host full of guests? Of
/// that, `decision_us` is one decision.
Part bench_pool_cost(const PoolFound& found, double decision_us);

/// How soon has a host that runs short what a guest can spare, and how soon
/// has that guest it back?
std::vector<Part> bench_pool_pressure(const PoolFound& found);

}  // namespace ppn::bench
