// What real nodes on hosts of their own came to (paths_lab), while something
// else may be measured.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/child_process.hpp"
#include "tests/bench/underlay_traffic.hpp"

namespace ppn::bench {

/// A link that was cut and mended.
struct Cut {
  /// "both", or to which of the two nothing came.
  std::string way;
  /// Without a packet, and until both ends went by the hub.
  double gap_s = 0;
  double switch_s = 0;
  double lost = 0;
  /// Until both were direct again, and lost from then until some time later.
  double back_s = 0;
  double back_lost = 0;
};

struct IdleHost {
  NodeTraffic traffic;
  /// All that passed its interface, as Ethernet has it.
  double interface_bytes = 0;
};

struct IdleHosts {
  double seconds = 0;
  /// "hub" and the spokes.
  std::map<std::string, IdleHost> hosts;
};

class LabRun {
 public:
  /// `what` is the first argument of paths_lab. It writes below `scratch`.
  LabRun(std::string what, const std::filesystem::path& scratch, bool quick);

  [[nodiscard]] bool running() { return child_.running(); }

  /// Once it does not run any more.
  [[nodiscard]] std::vector<Cut> cuts() const;
  [[nodiscard]] IdleHosts idle_hosts() const;

 private:
  [[nodiscard]] std::string text() const;

  std::string what_;
  std::filesystem::path result_;
  ChildProcess child_;
};

}  // namespace ppn::bench
