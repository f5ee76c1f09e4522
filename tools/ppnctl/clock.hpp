// The clock of this host.
#pragma once

#include <chrono>
#include <cstdint>

namespace ppn::ctl {

/// UTC, in nanoseconds since 1970.
inline std::int64_t clock_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace ppn::ctl
