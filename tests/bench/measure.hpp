// Time taken, and what a handful of times says. Machines are noisy: contenders
// take turns, round after round, and medians are compared.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <vector>

namespace ppn::bench {

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - begin_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

/// Processor seconds that a process has used: what a noisy machine changes
/// least. Ours, unless another one's clock is given.
inline double cpu_seconds(clockid_t clock = CLOCK_PROCESS_CPUTIME_ID) {
  timespec used{};
  ::clock_gettime(clock, &used);
  return static_cast<double>(used.tv_sec) +
         static_cast<double>(used.tv_nsec) * 1e-9;
}

/// The smallest value that `share` of all are not above; 0 of nothing.
inline double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  auto rank = std::ceil(share * static_cast<double>(values.size()));
  auto index = static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[static_cast<std::size_t>(index)];
}

inline double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

/// Median of the ratios of values that were measured in the same round.
inline double median_ratio(const std::vector<double>& over,
                           const std::vector<double>& under) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < over.size() && i < under.size(); ++i)
    ratios.push_back(over[i] / under[i]);
  return median(std::move(ratios));
}

}  // namespace ppn::bench
