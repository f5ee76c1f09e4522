#include "runtime/log.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

namespace ppn::runtime {

namespace {

struct Level {
  std::string_view name;
  /// As syslog counts them.
  int priority;
};

constexpr std::array levels{Level{"error", 3}, Level{"warning", 4},
                            Level{"info", 6}};

std::atomic<LogLevel> highest{LogLevel::info};

/// Whether standard error is the stream that the variable names; see
/// systemd.exec(5).
bool goes_to_journal() {
  static const bool does = [] {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
           fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
  }();
  return does;
}

/// Lines that nobody took.
std::atomic<std::uint64_t> dropped{0};

/// A reader that does not read must not stop the node.
bool takes_a_line() {
  pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&standard_error, 1, 0) == 1 &&
         (standard_error.revents & POLLOUT) != 0;
}

bool is_plain(char letter) {
  auto byte = static_cast<unsigned char>(letter);
  return byte > 0x20 && byte != '"' && byte != '\\' && byte != 0x7f &&
         byte < 0x80;
}

std::string quoted(const std::string& value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain))
    return value;
  std::string text{'"'};
  for (auto letter : value) {
    auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\')
      text += {'\\', letter};
    else if (is_plain(letter) || letter == ' ')
      text += letter;
    else
      text += fmt::format("\\x{:02x}", byte);
  }
  return text + '"';
}

template <class Fields>
std::string line_of(std::string_view event, const Fields& fields) {
  std::string line{event};
  for (const auto& [name, value] : fields)
    line += fmt::format(" {}={}", name, quoted(value));
  return line;
}

bool is_wanted(LogLevel level) {
  return level <= highest.load(std::memory_order_relaxed);
}

void write_line(LogLevel level, const std::string& what) {
  const auto& known = levels.at(static_cast<std::size_t>(level));
  auto prefix = goes_to_journal() ? fmt::format("<{}>", known.priority)
                                  : fmt::format("{:<7} ", known.name);
  auto line = prefix + what;
  if (!takes_a_line()) {
    dropped += 1;
    return;
  }
  if (auto before = dropped.exchange(0); before != 0)
    line += fmt::format(" dropped_before={}", before);
  line += '\n';
  // Nobody could be told that it failed.
  [[maybe_unused]] auto written =
      ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

std::optional<LogLevel> log_level_of(std::string_view name) {
  const auto* level =
      std::find_if(levels.begin(), levels.end(),
                   [&](const Level& known) { return known.name == name; });
  if (level == levels.end()) return std::nullopt;
  return static_cast<LogLevel>(level - levels.begin());
}

void set_log_level(LogLevel level) { highest = level; }

std::string log_line(std::string_view event, LogFields fields) {
  return line_of(event, fields);
}

void log(LogLevel level, std::string_view event, LogFields fields) {
  if (is_wanted(level)) write_line(level, line_of(event, fields));
}

void log(LogLevel level, std::string_view event,
         const std::map<std::string, std::string>& fields) {
  if (is_wanted(level)) write_line(level, line_of(event, fields));
}

}  // namespace ppn::runtime
