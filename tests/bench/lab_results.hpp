// What real nodes on hosts of their own came to (paths_lab).
#pragma once

#include <map>
#include <string>
#include <vector>

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

/// What paths_lab wrote of "switch" and of "idle".
std::vector<Cut> read_cuts(const std::string& found);
IdleHosts read_idle_hosts(const std::string& found);

}  // namespace ppn::bench
