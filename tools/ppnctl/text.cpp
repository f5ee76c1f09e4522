#include "tools/ppnctl/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ppn::ctl {

namespace {

/// How many bytes at the start of the text, in UTF-8, are one character that
/// commands a terminal or turns the direction of writing; 0 if it is harmless.
std::size_t steering_bytes(std::string_view text) {
  auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  // U+0080 to U+009F.
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return 2;
  // U+200E, U+200F and U+2028 to U+202E, then U+2066 to U+2069.
  if (byte(0) != 0xe2) return 0;
  bool turns = byte(1) == 0x80 && ((byte(2) >= 0xa8 && byte(2) <= 0xae) ||
                                   byte(2) == 0x8e || byte(2) == 0x8f);
  bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  return turns || isolates ? 3 : 0;
}

template <class Replace>
std::string with_steering_replaced(std::string_view text, Replace replace) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    auto bytes = steering_bytes(text);
    if (bytes == 0)
      safe += text.front();
    else
      safe += replace(text.substr(0, bytes));
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return safe;
}

/// The code point that up to three bytes of UTF-8 stand for.
unsigned code_point(std::string_view bytes) {
  auto low = [&](std::size_t i, unsigned mask) {
    return static_cast<unsigned char>(bytes[i]) & mask;
  };
  if (bytes.size() == 1) return low(0, 0x7f);
  if (bytes.size() == 2) return low(0, 0x1f) << 6U | low(1, 0x3f);
  return low(0, 0x0f) << 12U | low(1, 0x3f) << 6U | low(2, 0x3f);
}

/// How many characters UTF-8 text has.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::string printable(std::string_view text) {
  return with_steering_replaced(
      text, [](std::string_view) { return std::string{"?"}; });
}

std::string json_line(const schema::Json& document) {
  return with_steering_replaced(
      schema::compact(document), [](std::string_view bytes) {
        return fmt::format("\\u{:04x}", code_point(bytes));
      });
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
  return text + ' ' +
         counted(rest / largest[1].seconds, largest[1].one, largest[1].many);
}

std::string counted(std::uint64_t count, std::string_view one,
                    std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
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
