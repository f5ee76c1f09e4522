// Real nodes on hosts of their own, in a program of python (paths_lab), while
// something else may be measured.
#pragma once

#include <filesystem>
#include <string>

#include "tests/bench/child_process.hpp"

namespace ppn::bench {

class LabRun {
 public:
  /// `what` is the first argument of the program. It writes below `scratch`.
  LabRun(const std::filesystem::path& program, const std::string& what,
         const std::filesystem::path& scratch, bool quick);

  [[nodiscard]] bool running() { return child_.running(); }

 private:
  ChildProcess child_;
};

/// What a lab wrote there, as JSON; once it does not run any more.
std::string found_by_lab(const std::string& what,
                         const std::filesystem::path& scratch);

/// What the programs took is ours once they have ended.
void reap_all();

}  // namespace ppn::bench
