// Many seeds, on several threads, until the first that breaks a rule.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "tests/simulation/world.hpp"

namespace ppn::tools {

struct SearchOptions {
  /// What every run has in common; its seed is not used.
  simulation::Settings settings;
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1;
  unsigned jobs = 1;
  /// Called now and then with the seeds done, from any thread.
  std::function<void(std::uint64_t done, std::uint64_t all)> progress;
};

struct SearchResult {
  std::uint64_t seeds = 0;
  std::uint64_t steps = 0;
  std::uint64_t entries = 0;
  std::uint64_t restarts = 0;
  std::uint64_t roster_versions = 0;
  double simulated_days = 0;
  /// The lowest seed that was seen to break a rule, and how it ended.
  std::optional<std::uint64_t> bad_seed;
  simulation::Outcome bad_outcome;
};

/// Ends early at a violation, or once `stopped` is set.
SearchResult search(const SearchOptions& options,
                    const std::atomic<bool>& stopped);

}  // namespace ppn::tools
