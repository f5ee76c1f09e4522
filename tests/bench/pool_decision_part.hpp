// What a decision about the balloons of a host full of guests costs.
#pragma once

#include "tests/bench/report.hpp"

namespace ppn::bench {

/// Means, in microseconds of one core.
struct DecisionTimes {
  double host_is_short_us = 0;
  double host_has_room_us = 0;
};

DecisionTimes measure_decisions(bool quick);

Part bench_pool_decisions(const DecisionTimes& times);

}  // namespace ppn::bench
