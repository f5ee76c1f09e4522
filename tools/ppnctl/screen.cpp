#include "tools/ppnctl/screen.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

constexpr std::chrono::seconds interval{2};

/// No cursor, and long lines cut off instead of continued, so that each line of
/// a frame stays one; then the opposite.
constexpr std::string_view begin_drawing = "\033[?25l\033[?7l\033[2J";
constexpr std::string_view end_drawing = "\033[?7h\033[?25h\n";

std::string_view last_words_of_all;

void leave(int signal) {
  [[maybe_unused]] auto ignored = ::write(
      STDOUT_FILENO, last_words_of_all.data(), last_words_of_all.size());
  ::_exit(128 + signal);
}

std::size_t terminal_rows() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0)
    return 24;
  return size.ws_row;
}

std::string text_of(const Result<Frame>& frame) {
  return frame ? frame->text : failure_text(frame.error());
}

[[noreturn]] void redraw(Result<Frame> frame,
                         const std::function<Result<Frame>()>& draw) {
  end_when_interrupted(end_drawing);
  fmt::print("{}", begin_drawing);
  for (;;) {
    fmt::print("\033[H{}\033[J", redrawn(text_of(frame), terminal_rows()));
    std::fflush(stdout);
    std::this_thread::sleep_for(interval);
    frame = draw();
  }
}

/// Until it is interrupted, or nobody takes the output.
int print_on(Result<Frame> frame, const char* between,
             const std::function<Result<Frame>()>& draw) {
  end_when_interrupted({});
  for (;;) {
    if (frame)
      fmt::print("{}{}", frame->text, between);
    else
      say(failure_text(frame.error()));
    if (auto failure = flush_output()) return fail(*failure);
    std::this_thread::sleep_for(interval);
    frame = draw();
  }
}

}  // namespace

int show(const Global& global, const std::function<Result<Frame>()>& draw) {
  auto frame = draw();
  if (!frame) return fail(frame.error());
  if (!global.watch) {
    fmt::print("{}", frame->text);
    return frame->code;
  }
  if (global.json || ::isatty(STDOUT_FILENO) == 0)
    return print_on(std::move(frame), global.json ? "" : "\n", draw);
  redraw(std::move(frame), draw);
}

void end_when_interrupted(std::string_view last_words) {
  last_words_of_all = last_words;
  std::signal(SIGINT, leave);
  std::signal(SIGTERM, leave);
}

std::string redrawn(std::string_view text, std::size_t rows) {
  auto lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  rows = std::max<std::size_t>(rows, 1);
  if (lines.size() > rows) {
    auto hidden = lines.size() - rows + 1;
    lines.resize(rows);
    lines.back() = fmt::format("and {} more", counted(hidden, "line", "lines"));
  }
  // Without a line feed after the last, which would scroll a full terminal.
  std::string drawn;
  for (const auto& line : lines) {
    if (!drawn.empty()) drawn += "\r\n";
    drawn += line + "\033[K";
  }
  return drawn;
}

}  // namespace ppn::ctl
