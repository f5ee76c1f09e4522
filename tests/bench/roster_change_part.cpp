#include <fmt/format.h>

#include <algorithm>

#include "tests/bench/paths_parts.hpp"

namespace ppn::bench {

namespace {

constexpr Quantity seconds{"s", "s", 3};
constexpr Quantity frames{"frames", "frames", 0};
constexpr Quantity hub_mb{"hub_mb", "hub's MB", 2};
constexpr Quantity frames_of_10_s{"frames_of_10_s", "in 10 s", 0};
constexpr Quantity of_limit{"of_limit", "of limit", 3};

constexpr double limit_s = 10;
constexpr double megabyte = 1e6;

constexpr std::string_view about_the_simulation =
    "Simulated, with nobody away: the real actors and their frames, each of "
    "which takes up to 100 ms from one end to the other. Commits, signatures "
    "and links take no time there, and a node takes all that comes. A real hub "
    "needs as long as its link takes for hub's MB, and drops what is more than "
    "256 datagrams that wait.";
constexpr std::string_view about_the_columns =
    "s: from the authority's commit until the last node has it, the worst of "
    "the changes. frames: sent by all meanwhile; hub's MB: what passed the hub "
    "meanwhile. in 10 s: frames in the ten seconds from the commit, with those "
    "of an idle mesh.";

double worst(const std::vector<RosterChange>& changes,
             double RosterChange::*figure) {
  double most = 0;
  for (const auto& change : changes) most = std::max(most, change.*figure);
  return most;
}

Row row_of(const MeshFigures& mesh) {
  const auto& changes = mesh.changes;
  auto most = worst(changes, &RosterChange::seconds);
  Row row;
  row.group = fmt::format("{} nodes", mesh.nodes);
  row.name = fmt::format("worst of {}", changes.size());
  row.figures = {
      {seconds, most},
      {frames, worst(changes, &RosterChange::frames)},
      {hub_mb, worst(changes, &RosterChange::hub_bytes) / megabyte},
      {frames_of_10_s, worst(changes, &RosterChange::frames_of_10_s)},
      {of_limit, most / limit_s}};
  row.judgement = Judgement{"s", most, {}, limit_s};
  return row;
}

}  // namespace

Part bench_roster_change(const std::vector<MeshFigures>& simulated) {
  Part part{"roster change",
            "until all nodes have it",
            {std::string{about_the_simulation}, std::string{about_the_columns}},
            {}};
  for (const auto& mesh : simulated) part.rows.push_back(row_of(mesh));
  return part;
}

}  // namespace ppn::bench
