#include "schema/time_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace ppn::schema {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

/// Takes digits from the front, exactly `count` of them.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  for (char digit : text.substr(0, count)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_fraction_ns(std::string_view& text) {
  std::int64_t scale = second_ns;
  std::int64_t value = 0;
  bool any = false;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    scale /= 10;
    value += (text.front() - '0') * scale;
    text.remove_prefix(1);
    any = true;
  }
  if (!any) return std::nullopt;
  return value;
}

std::optional<std::int64_t> take_day_ns(std::string_view& text) {
  auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  std::chrono::year_month_day date{
      std::chrono::year{*year},
      std::chrono::month{static_cast<unsigned>(*month)},
      std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
  return std::chrono::nanoseconds{
      std::chrono::sys_days{date}.time_since_epoch()}
      .count();
}

std::optional<std::int64_t> take_clock_ns(std::string_view& text) {
  auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t ns = std::int64_t{*hour * 60 + *minute} * 60 * second_ns;
  if (!take(text, ':')) return ns;
  auto second = take_digits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  ns += *second * second_ns;
  if (!take(text, '.')) return ns;
  auto fraction = take_fraction_ns(text);
  if (!fraction) return std::nullopt;
  return ns + *fraction;
}

std::optional<std::int64_t> unit_seconds(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86'400;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string format_time(std::int64_t utc_ns) {
  using namespace std::chrono;
  // The day of the earliest time begins before nanoseconds can tell.
  auto time = floor<milliseconds>(sys_time<nanoseconds>{nanoseconds{utc_ns}});
  auto day = floor<days>(time);
  year_month_day date{day};
  hh_mm_ss<milliseconds> clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                     static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  auto day = take_day_ns(text);
  if (!day) return std::nullopt;
  if (text.empty()) return day;
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  auto clock = take_clock_ns(text);
  take(text, 'Z');
  if (!clock || !text.empty()) return std::nullopt;
  return *day + *clock;
}

std::optional<std::int64_t> parse_time_or_age(std::string_view text,
                                              std::int64_t now_ns) {
  if (auto time = parse_time(text)) return time;
  if (text.size() < 2) return std::nullopt;
  auto unit = unit_seconds(text.back());
  text.remove_suffix(1);
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, count);
  constexpr std::int64_t most = 200LL * 366 * 86'400;
  if (!unit || error != std::errc{} || stopped != end || text.front() == '-' ||
      count > most / *unit)
    return std::nullopt;
  return now_ns - count * *unit * second_ns;
}

}  // namespace ppn::schema
