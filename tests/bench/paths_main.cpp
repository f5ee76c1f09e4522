// bench_paths: what a switch of paths costs between real nodes, what an idle
// mesh says, and how soon a change of its roster is everywhere. The real nodes
// live in namespaces of their own.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <thread>

#include "store/signing.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/lab_run.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/own_namespaces.hpp"
#include "tests/bench/paths_parts.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/scratch.hpp"
#include "tests/bench/supervise.hpp"
#include "tests/bench/wishes.hpp"

namespace {

using namespace ppn::bench;

constexpr int exit_usage = 2;

const std::string switch_part = "switch";
const std::string idle_part = "idle";
const std::string change_part = "roster_change";

struct Found {
  std::vector<Cut> cuts;
  IdleHosts idle;
  std::vector<MeshFigures> meshes;
};

/// Two labs at once: each leaves the processors alone most of the time.
void run_labs(const std::filesystem::path& scratch, const Wishes& wishes,
              Found& found) {
  std::optional<LabRun> of_switch;
  std::optional<LabRun> of_idle;
  if (wishes.has(switch_part))
    of_switch.emplace(PPN_PATHS_LAB, "switch", scratch, wishes.quick);
  if (wishes.has(idle_part))
    of_idle.emplace(PPN_PATHS_LAB, "idle", scratch, wishes.quick);
  Stopwatch watch;
  auto runs = [](auto& lab) { return lab && lab->running(); };
  while (runs(of_switch) || runs(of_idle)) {
    show_progress("real nodes: cut and mended, and idle, {:.0f} s of some {}",
                  watch.seconds(), wishes.quick ? 40 : 720);
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  if (of_switch) found.cuts = read_cuts(found_by_lab("switch", scratch));
  if (of_idle) found.idle = read_idle_hosts(found_by_lab("idle", scratch));
}

std::vector<MeshFigures> run_simulations(bool quick) {
  require(ppn::store::initialise_crypto(), "get randomness from the system");
  std::vector<MeshFigures> meshes;
  auto add = [&](std::size_t nodes, Reachable reachable) {
    meshes.push_back(measure_simulated(nodes, reachable, quick));
  };
  add(3, Reachable::everybody);
  add(3, Reachable::hub_alone);
  if (quick) return meshes;
  add(16, Reachable::everybody);
  add(30, Reachable::hub_alone);
  add(254, Reachable::hub_alone);
  return meshes;
}

Report measure(const std::filesystem::path& scratch, const Wishes& wishes) {
  Report report;
  report.benchmark = "paths";
  report.quick = wishes.quick;
  report.machine = look_at_machine();
  OthersLoad others;
  Found found;
  run_labs(scratch, wishes, found);
  reap_all();
  if (wishes.has(idle_part) || wishes.has(change_part))
    found.meshes = run_simulations(wishes.quick);
  auto& parts = report.parts;
  if (wishes.has(switch_part)) parts.push_back(bench_switch(found.cuts));
  if (wishes.has(idle_part))
    parts.push_back(bench_idle(found.idle, found.meshes));
  if (wishes.has(change_part))
    parts.push_back(bench_roster_change(found.meshes));
  report.taken_by_others = others.share();
  end_progress();
  return report;
}

int run(const Wishes& wishes, const std::filesystem::path& scratch) try {
  // What the labs write is gone when this is, whatever ends it.
  ::setenv("TMPDIR", scratch.c_str(), 1);
  auto report = measure(scratch, wishes);
  fmt::print("{}", wishes.json ? as_json(report) : as_table(report));
  return 0;
} catch (const std::exception& error) {
  end_progress();
  fmt::print(stderr, "bench_paths: {}\n", error.what());
  return 1;
}

int run_apart(const Wishes& wishes, const std::filesystem::path& scratch) try {
  return in_own_namespaces([&] { return run(wishes, scratch); });
} catch (const std::exception& error) {
  fmt::print(stderr, "bench_paths: {}\n", error.what());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Wishes wishes;
  CLI::App app{
      "Measures what a switch of paths costs between real nodes, what an idle "
      "mesh of 3 to 254 nodes says in a day, and how soon a change of its "
      "roster is everywhere: on hosts in namespaces of its own, and in "
      "simulated time. Takes some 15 minutes. Needs root. Exits with 0 also "
      "where a budget is missed."};
  app.add_flag("--json", wishes.json, "one JSON document instead of a table");
  app.add_option("--only", wishes.only, "only these parts")
      ->delimiter(',')
      ->check(CLI::IsMember({switch_part, idle_part, change_part}));
  app.add_flag("--quick", wishes.quick,
               "one cut, few nodes: shows that it works, not how well");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  try {
    ScratchDirectory scratch{std::filesystem::temp_directory_path(),
                             "bench_paths"};
    return supervise([&] { return run_apart(wishes, scratch.path()); });
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_paths: {}\n", error.what());
    return 1;
  }
}
