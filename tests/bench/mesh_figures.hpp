// What a simulated mesh of some size comes to: idle, and when its roster
// changes.
#pragma once

#include <vector>

#include "tests/bench/reachable.hpp"
#include "tests/bench/underlay_traffic.hpp"

namespace ppn::bench {

/// From the authority's commit until the last node has it.
struct RosterChange {
  double seconds = 0;
  double frames = 0;
  double hub_bytes = 0;
  /// In the ten seconds from the commit.
  double frames_of_10_s = 0;
};

struct MeshFigures {
  std::size_t nodes = 0;
  Reachable reachable{};
  /// Over so many seconds; the hub's is the first.
  double idle_s = 0;
  std::vector<NodeTraffic> idle;
  std::vector<RosterChange> changes;
};

MeshFigures measure_simulated(std::size_t nodes, Reachable reachable,
                              bool quick);

}  // namespace ppn::bench
