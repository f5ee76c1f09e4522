// A line on a terminal that says how far things are.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace ppn::bench {

template <class... Values>
void show_progress(fmt::format_string<Values...> format, Values&&... values) {
  if (::isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r{:<78}",
             fmt::format(format, std::forward<Values>(values)...));
  static_cast<void>(std::fflush(stderr));
}

inline void end_progress() {
  if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r{:78}\r", "");
}

}  // namespace ppn::bench
