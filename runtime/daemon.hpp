// ppnd from its start to its end: the node, its control API, the signals and
// the service manager, all in one I/O thread.
#pragma once

#include <functional>
#include <string>

#include "runtime/configuration.hpp"

namespace ppn::runtime {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_refused = 5;
inline constexpr int exit_permission = 6;
inline constexpr int exit_ledger_invalid = 8;

/// What a program ends with that failed so.
int exit_code_of(store::ErrorCode code);

struct DaemonSettings {
  Configuration configuration;
  /// What a new node is called if the configuration does not say.
  std::string host_name;
  /// Reads it once more, with the flags of the command line.
  std::function<store::Result<Configuration>()> reload;
  bool accept_outside_checkpoint = false;
  std::string version;
};

/// Runs until it is told to stop, or the node ends. Returns the exit code.
int run_daemon(DaemonSettings settings);

}  // namespace ppn::runtime
