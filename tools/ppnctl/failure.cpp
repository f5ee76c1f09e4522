#include "tools/ppnctl/failure.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

std::string failure_text(const Failure& failure) {
  auto text = fmt::format("ppnctl: {}\n", printable(failure.what));
  if (!failure.advice.empty())
    text += fmt::format("  {}\n", printable(failure.advice));
  return text;
}

int fail(const Failure& failure) {
  fmt::print(stderr, "{}", failure_text(failure));
  return failure.code;
}

}  // namespace ppn::ctl
