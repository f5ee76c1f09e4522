#include "tools/ppn-ledger/failure.hpp"

#include <fmt/format.h>

#include "schema/plain_text.hpp"

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

int fail(const store::Error& error) {
  fmt::print(stderr, "ppn-ledger: {}\n",
             schema::printable(error.message, "\n"));
  return exit_code_of(error.code);
}

int fail_usage(const std::string& message) {
  fmt::print(stderr, "ppn-ledger: {}\n", message);
  return exit_usage;
}

}  // namespace ppn::tools
