// How fast is the simulation, and how much of the time is CAF's?
#pragma once

#include "tests/bench/report.hpp"

namespace ppn::bench {

Part bench_simulation(bool quick);

}  // namespace ppn::bench
