// How often one source may do something: so many times at once, and then once
// in an interval. Knows no CAF.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ppn::actors {

struct Rate {
  std::uint64_t burst = 0;
  std::uint64_t interval_ns = 0;
};

/// Whether the source has a turn left, which is taken then. `idle_from_ns` is
/// its own, 0 at first; `now_ns` never goes back.
inline bool take_turn(std::uint64_t& idle_from_ns, const Rate& rate,
                      std::uint64_t now_ns) {
  auto from = std::max(idle_from_ns, now_ns);
  if (from - now_ns >= rate.burst * rate.interval_ns) return false;
  idle_from_ns = from + rate.interval_ns;
  return true;
}

}  // namespace ppn::actors
