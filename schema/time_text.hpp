// Points in time as people write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ppn::schema {

/// RFC 3339 in UTC, to the millisecond: 2026-11-23T10:00:00.000Z
std::string format_time(std::int64_t utc_ns);

/// A UTC time (2026-11-23, 2026-11-23T10:00, 2026-11-23T10:00:00[.5]Z) in
/// nanoseconds since 1970; nothing if it is none.
std::optional<std::int64_t> parse_time(std::string_view text);

/// parse_time, or how long before `now_ns`: 90s, 15m, 2h, 3d.
std::optional<std::int64_t> parse_time_or_age(std::string_view text,
                                              std::int64_t now_ns);

}  // namespace ppn::schema
