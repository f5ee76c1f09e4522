// What guests are measured to be on a real host (guests_lab): how soon they
// run, are adopted and are seen to end, and what a host full of them costs.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/report.hpp"

namespace ppn::bench {

struct GuestsFound {
  /// What the lab wrote.
  std::string json;
  /// Why it did not run.
  std::string not_measured;
};

/// How long is it until a new guest runs, beside what it takes by hand?
Part bench_guest_start(const GuestsFound& found);

/// How soon does a ppnd that was killed know its guests again?
Part bench_guest_adoption(const GuestsFound& found);

/// How soon is it known that a guest was killed?
Part bench_guest_end(const GuestsFound& found);

/// What do as many guests as a host may have take, of time and of memory?
std::vector<Part> bench_many_guests(const GuestsFound& found);

/// How fast does QEMU answer at all?
Part bench_guest_monitor(const GuestsFound& found);

}  // namespace ppn::bench
