// How fast something goes.
#pragma once

#include <chrono>
#include <cstdint>

namespace ppn::ctl {

/// In bytes per second, since it was looked at first.
class Rate {
 public:
  explicit Rate(std::uint64_t bytes) : first_bytes_(bytes) {}

  [[nodiscard]] std::uint64_t of(std::uint64_t bytes) const {
    std::chrono::duration<double> time = Clock::now() - begun_;
    if (bytes <= first_bytes_ || time.count() <= 0) return 0;
    return static_cast<std::uint64_t>(
        static_cast<double>(bytes - first_bytes_) / time.count());
  }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point begun_ = Clock::now();
  std::uint64_t first_bytes_;
};

}  // namespace ppn::ctl
