// ppn-ledger as a person runs it.
#pragma once

#include <string>
#include <vector>

namespace ppn::tests {

struct ProgramRun {
  /// What it exited with; -1 if a signal ended it.
  int exit_code = -1;
  /// What it wrote to standard output.
  std::string output;
  /// And to standard error.
  std::string errors;
};

ProgramRun run_ppn_ledger(const std::vector<std::string>& arguments);

}  // namespace ppn::tests
