// A run of the simulation: hosts with their real actors on one test
// coordinator, everything that surrounds them, and the rules that must hold
// after every step. One thread, one seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/trace.hpp"

namespace ppn::simulation {

struct Settings {
  std::uint64_t seed = 1;
  /// 0: three to five, as the seed draws.
  std::uint64_t hosts = 0;
  /// Of simulated time with faults; a time without follows.
  double hours = 2;
  /// Names of the faults that may occur; all if it is empty.
  std::vector<std::string> faults;
  bool without_faults = false;
  Trace::Sink sink;
};

struct Outcome {
  /// What was wrong first; nothing if all was well.
  std::optional<std::string> violation;
  std::uint64_t trace_hash = 0;
  /// The last draw of the run: the same seed must end on the same.
  std::uint64_t last_draw = 0;
  std::uint64_t simulated_ns = 0;
  std::uint64_t steps = 0;
  std::uint64_t entries = 0;
  std::uint64_t restarts = 0;
  /// How often the authorities of its mesh changed it.
  std::uint64_t roster_versions = 0;
};

Outcome run(const Settings& settings);

}  // namespace ppn::simulation
