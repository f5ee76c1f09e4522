#include "tools/ppn-ledger/failure.hpp"

#include <fmt/format.h>

namespace ppn::tools {

namespace {

int exit_code_of(store::ErrorCode code) {
  switch (code) {
    case store::ErrorCode::damaged:
    case store::ErrorCode::rolled_back:
    case store::ErrorCode::forked:
      return exit_ledger_invalid;
    case store::ErrorCode::key:
    case store::ErrorCode::permission:
      return exit_permission;
    case store::ErrorCode::bad_input:
    case store::ErrorCode::not_found:
    case store::ErrorCode::version_conflict:
    case store::ErrorCode::oversized:
    case store::ErrorCode::not_granted:
    case store::ErrorCode::read_only:
    case store::ErrorCode::disk_full:
    case store::ErrorCode::map_full:
    case store::ErrorCode::locked:
    case store::ErrorCode::io:
    case store::ErrorCode::too_new:
    case store::ErrorCode::no_outside_checkpoint:
      return exit_failed;
  }
  return exit_failed;
}

}  // namespace

std::string harmless(std::string text) {
  char before = 0;
  for (auto& character : text) {
    auto byte = static_cast<unsigned char>(character);
    // In UTF-8 the controls from U+0080 to U+009F are C2 and one byte more.
    bool is_late_control = before == '\xc2' && byte >= 0x80 && byte <= 0x9f;
    bool is_control = (byte < 0x20 && byte != '\n') || byte == 0x7f;
    before = character;
    if (is_control || is_late_control) character = '?';
  }
  return text;
}

int fail(const store::Error& error) {
  fmt::print(stderr, "ppn-ledger: {}\n", harmless(error.message));
  return exit_code_of(error.code);
}

int fail_usage(const std::string& message) {
  fmt::print(stderr, "ppn-ledger: {}\n", message);
  return exit_usage;
}

}  // namespace ppn::tools
