#include "tools/ppnctl/pair_code.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "tools/ppnctl/consent.hpp"

namespace ppn::ctl {

namespace {

constexpr std::string_view dot = "·";
constexpr std::string_view blanks = " \t\r";
/// Longer ones without a dot behind them begin a code. Those that a newcomer
/// draws are no longer.
constexpr std::size_t bare_digits_max = 3;

std::string_view trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::optional<std::uint32_t> read_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

/// Without a dot: a short number may stand before the code, or alone.
TypedCode read_bare(std::string_view text) {
  auto end = std::min(text.find_first_of(blanks), text.size());
  auto number = end <= bare_digits_max ? read_number(text.substr(0, end))
                                       : std::nullopt;
  return {number, std::string{number ? trimmed(text.substr(end)) : text}};
}

}  // namespace

Result<TypedCode> read_typed_code(const std::vector<std::string>& pieces) {
  auto joined = fmt::format("{}", fmt::join(pieces, " "));
  auto text = trimmed(joined);
  auto at = text.find(dot);
  if (at == std::string_view::npos) return read_bare(text);
  auto number = read_number(trimmed(text.substr(0, at)));
  if (!number)
    return Failure{exit_usage,
                   "what stands before the · is no number of a session",
                   "type both as the newcomer shows them: 7 · XXXX-XXXX-C"};
  return TypedCode{number, std::string{trimmed(text.substr(at + dot.size()))}};
}

Result<TypedCode> take_code(const std::vector<std::string>& pieces) {
  auto given = read_typed_code(pieces);
  if (!given || !given->code.empty()) return given;
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0)
    return Failure{exit_usage, "there is no terminal to type the code on",
                   "name it: ppnctl pair approve CODE"};
  auto line = ask_line("The code, as the newcomer shows it: ");
  if (!line) return Failure{exit_interrupted, "interrupted"};
  auto typed = read_typed_code({*line});
  if (typed && typed->code.empty())
    return Failure{exit_usage, "no code was typed"};
  if (typed && !typed->number) typed->number = given->number;
  return typed;
}

std::vector<std::string> take_arguments(int argc, char** argv) {
  std::vector<std::string> arguments{argv, argv + argc};
  auto pair = std::find(arguments.begin(), arguments.end(), "pair");
  auto approve = std::find(pair, arguments.end(), "approve");
  for (auto i = approve - arguments.begin() + 1; i < argc; ++i)
    std::fill_n(argv[i], arguments[static_cast<std::size_t>(i)].size(), '*');
  return arguments;
}

}  // namespace ppn::ctl
