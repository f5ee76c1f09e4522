// bench_simulation: how much simulated time passes in a second, and what of
// that second is CAF's. With cheap signatures, as in ppn-sim.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "store/signing.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/simulation_part.hpp"

namespace {

using namespace ppn::bench;

constexpr int exit_usage = 2;

int run(bool json, bool quick) try {
  require(ppn::store::initialise_crypto(), "get randomness from the system");
  Report report;
  report.benchmark = "simulation";
  report.quick = quick;
  report.machine = look_at_machine();
  OthersLoad others;
  report.parts.push_back(bench_simulation(quick));
  report.taken_by_others = others.share();
  end_progress();
  fmt::print("{}", json ? as_json(report) : as_table(report));
  return 0;
} catch (const std::exception& error) {
  end_progress();
  fmt::print(stderr, "bench_simulation: {}\n", error.what());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false;
  bool quick = false;
  CLI::App app{
      "Measures the simulation, beside CAF's own coordinator in the same run. "
      "Exits with 0 also where a budget is missed."};
  app.add_flag("--json", json, "one JSON document instead of a table");
  app.add_flag("--quick", quick,
               "little work: shows that it works, not how fast");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  return run(json, quick);
}
