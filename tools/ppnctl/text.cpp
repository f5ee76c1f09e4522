#include "tools/ppnctl/text.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "schema/time_text.hpp"

namespace ppn::ctl {

namespace {

/// A character of UTF-8 as JSON escapes it: two halves beyond U+FFFF.
std::string escaped(std::string_view bytes) {
  auto low = [&](std::size_t i, unsigned mask) {
    return static_cast<unsigned char>(bytes[i]) & mask;
  };
  constexpr std::array<unsigned, 5> lead_mask{0, 0x7f, 0x1f, 0x0f, 0x07};
  auto point = low(0, lead_mask.at(bytes.size()));
  for (std::size_t i = 1; i < bytes.size(); ++i)
    point = point << 6U | low(i, 0x3f);
  if (point < 0x10000) return fmt::format("\\u{:04x}", point);
  point -= 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (point >> 10U),
                     0xdc00 + (point & 0x3ffU));
}

/// How many characters UTF-8 text has.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::string json_line(const schema::Json& document) {
  auto text = schema::compact(document);
  std::string_view left = text;
  std::string safe;
  while (!left.empty()) {
    auto bytes = schema::hidden_bytes(left);
    if (bytes == 0)
      safe += left.front();
    else
      safe += escaped(left.substr(0, bytes));
    left.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return safe;
}

std::string columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], characters(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += printable(row[i]);
      if (i + 1 < row.size())
        text.append(widths[i] - characters(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string duration_words(std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    std::string_view one;
    std::string_view many;
  };
  constexpr std::array<Unit, 4> units{{{86'400, "day", "days"},
                                       {3'600, "hour", "hours"},
                                       {60, "minute", "minutes"},
                                       {1, "second", "seconds"}}};
  const auto* largest =
      std::find_if(units.begin(), units.end() - 1,
                   [&](const Unit& unit) { return seconds >= unit.seconds; });
  auto text = counted(seconds / largest->seconds, largest->one, largest->many);
  auto rest = seconds % largest->seconds;
  if (largest + 1 == units.end() || rest < largest[1].seconds) return text;
  return text + ", " +
         counted(rest / largest[1].seconds, largest[1].one, largest[1].many);
}

std::string ago_words(std::int64_t then_ns, std::int64_t now_ns) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  auto seconds = (now_ns - then_ns) / second_ns;
  if (seconds < 0)
    return schema::format_time(then_ns) + ", later than this host's clock";
  if (seconds == 0) return "now";
  return duration_words(static_cast<std::uint64_t>(seconds)) + " ago";
}

std::string counted(std::uint64_t count, std::string_view one,
                    std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string alarm_text(std::string_view text) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  bool is_plain = ::isatty(STDOUT_FILENO) == 0 || std::getenv("NO_COLOR");
  return is_plain ? std::string{text} : fmt::format("\x1b[31m{}\x1b[0m", text);
}

std::string size_words(std::uint64_t bytes) {
  constexpr std::array<const char*, 7> units{"bytes", "KiB", "MiB", "GiB",
                                             "TiB",   "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024; ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace ppn::ctl
