#include "tests/bench/mesh_figures.hpp"

#include "tests/bench/progress.hpp"
#include "tests/bench/simulated_mesh.hpp"

namespace ppn::bench {

namespace {

using simulation::minute;

double seconds_of(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

/// Tunnels are made new each two minutes, so it is a multiple of that; and of a
/// large mesh each minute costs much.
std::uint64_t idle_time(std::size_t nodes, bool quick) {
  constexpr std::size_t large = 100;
  if (quick) return minute;
  return (nodes < large ? 20 : 4) * minute;
}

RosterChange measure_change(SimulatedMesh& mesh) {
  mesh.take_frames_sent();
  mesh.take_traffic();
  auto arrival = mesh.change_roster();
  RosterChange change;
  change.seconds = seconds_of(arrival.last_ns - arrival.first_ns);
  change.frames = static_cast<double>(mesh.take_frames_sent());
  change.hub_bytes = mesh.take_traffic().front().bytes();
  constexpr auto counted_ns = 10 * simulation::second;
  auto taken_ns = arrival.last_ns - arrival.first_ns;
  if (taken_ns < counted_ns) mesh.run_for(counted_ns - taken_ns);
  change.frames_of_10_s =
      change.frames + static_cast<double>(mesh.take_frames_sent());
  return change;
}

}  // namespace

MeshFigures measure_simulated(std::size_t nodes, Reachable reachable,
                              bool quick) {
  constexpr std::size_t changes = 3;
  // No change finds the nodes at the same point of their rhythms.
  constexpr auto between_changes = 17 * simulation::second;
  show_progress("simulated, {} nodes: founding the mesh", nodes);
  SimulatedMesh mesh{nodes, reachable};
  MeshFigures figures;
  figures.nodes = nodes;
  figures.reachable = reachable;
  show_progress("simulated, {} nodes: idle", nodes);
  auto idle_ns = idle_time(nodes, quick);
  mesh.run_for(idle_ns);
  figures.idle_s = seconds_of(idle_ns);
  figures.idle = mesh.take_traffic();
  show_progress("simulated, {} nodes: changes of the roster", nodes);
  for (std::size_t i = 0; i < changes; ++i) {
    figures.changes.push_back(measure_change(mesh));
    mesh.run_for(between_changes);
  }
  return figures;
}

}  // namespace ppn::bench
