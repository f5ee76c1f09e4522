// ppnd while it does not run: what ppnctl node rejoin has it say and do.
#pragma once

#include "runtime/configuration.hpp"

namespace ppn::runtime {

struct RejoinSettings {
  Configuration configuration;
  /// What the node is called if neither its ledger nor the configuration tells.
  std::string host_name;
  /// The identity that is to be given up, in hexadecimal.
  std::string node;
  /// Although nothing keeps it from starting.
  bool force = false;
};

/// Prints what run_rejoin() would do. Returns the exit code, as the others do.
int show_rejoin_plan(const RejoinSettings& settings);

/// Does it, and prints what was done.
int run_rejoin(const RejoinSettings& settings);

/// Prints why nothing is done.
int refuse_rejoin(const store::Error& error);

}  // namespace ppn::runtime
