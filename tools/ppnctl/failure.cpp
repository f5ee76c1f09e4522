#include "tools/ppnctl/failure.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

std::string failure_text(const Failure& failure) {
  auto text = fmt::format("ppnctl: {}\n", printable(failure.what));
  if (!failure.advice.empty())
    text += fmt::format("  {}\n", printable(failure.advice));
  return text;
}

int fail(const Failure& failure) {
  say(failure_text(failure));
  return failure.code;
}

std::optional<Failure> flush_output() {
  if (std::fflush(stdout) == 0) return std::nullopt;
  return Failure{exit_failed, fmt::format("cannot write the output: {}",
                                          std::strerror(errno))};
}

void say(const std::string& text) {
  // The result says only that it was not read.
  static_cast<void>(std::fputs(text.c_str(), stderr));
}

}  // namespace ppn::ctl
