// What happens often is recorded so many times in an hour and not more.
#pragma once

#include <cstdint>

namespace ppn::events {

inline bool in_the_same_hour(std::int64_t a_ns, std::int64_t b_ns) {
  constexpr std::int64_t hour_ns = 3600LL * 1'000'000'000;
  return a_ns / hour_ns == b_ns / hour_ns;
}

/// Notes one more at `now_ns`: `last_ns` is when the last was, `count` how many
/// there were in its hour.
inline void count_in_hour(std::int64_t& last_ns, std::uint32_t& count,
                          std::int64_t now_ns) {
  if (!in_the_same_hour(last_ns, now_ns)) count = 0;
  count += 1;
  last_ns = now_ns;
}

}  // namespace ppn::events
