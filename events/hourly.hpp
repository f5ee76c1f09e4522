// What happens often is recorded so many times in an hour and not more.
#pragma once

#include <cstdint>

namespace ppn::events {

/// Since 1970.
inline std::int64_t hour_of(std::int64_t utc_ns) {
  return utc_ns / (3600LL * 1'000'000'000);
}

inline bool in_the_same_hour(std::int64_t a_ns, std::int64_t b_ns) {
  return hour_of(a_ns) == hour_of(b_ns);
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
