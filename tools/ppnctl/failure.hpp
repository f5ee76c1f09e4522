// What goes wrong, as a value, and how it reaches a person: what happened, what
// to do next, and the right exit code.
#pragma once

#include <optional>
#include <string>

#include "schema/outcome.hpp"

namespace ppn::ctl {

/// What the program exits with, the same for all of this project's programs.
enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_not_running = 3,
  exit_degraded = 4,
  exit_refused = 5,
  exit_permission = 6,
  exit_expired = 7,
  exit_ledger_invalid = 8,
  // How else a ceremony ends.
  exit_wrong_code = 20,
  exit_burned = 21,
  exit_unreachable = 22,
  exit_name_taken = 23,
  exit_range_full = 24,
  exit_already_member = 25,
  exit_cancelled = 26,
  exit_broken = 27,
  exit_restarted = 28,
  exit_interrupted = 130,
};

struct Failure {
  ExitCode code;
  std::string what;
  /// What to do about it, unless `what` says so.
  std::string advice{};
};

/// ppnd may be started again, or what it asks respawned.
inline bool may_come_back(const Failure& failure) {
  return failure.code == exit_degraded || failure.code == exit_not_running;
}

/// Either a T or a Failure.
template <class T>
using Result = Outcome<T, Failure>;

/// A failure as a person reads it, one line or two.
std::string failure_text(const Failure& failure);

/// Prints it on standard error and returns what to exit with.
int fail(const Failure& failure);

/// Writes out what was printed; what could not be written was not said.
std::optional<Failure> flush_output();

/// To standard error. That nobody can read it stops nothing.
void say(const std::string& text);

}  // namespace ppn::ctl
