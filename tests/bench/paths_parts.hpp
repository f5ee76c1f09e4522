// What is measured of the paths between nodes, and of what they say to keep
// them.
#pragma once

#include "tests/bench/lab_results.hpp"
#include "tests/bench/mesh_figures.hpp"
#include "tests/bench/report.hpp"

namespace ppn::bench {

/// What does a switch from a path to another one cost?
Part bench_switch(const std::vector<Cut>& cuts);

/// What do nodes that have nothing to do say to each other?
Part bench_idle(const IdleHosts& measured,
                const std::vector<MeshFigures>& simulated);

/// When does the last node have a change of the roster?
Part bench_roster_change(const std::vector<MeshFigures>& simulated);

}  // namespace ppn::bench
