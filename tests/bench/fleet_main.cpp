// bench_fleet: what it costs to place guests in a fleet, and to know what its
// hosts have.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/controller_part.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/placement_part.hpp"
#include "tests/bench/spread_part.hpp"

namespace {

using namespace ppn::bench;

int run(bool json, bool quick) try {
  Report report;
  report.benchmark = "fleet";
  report.quick = quick;
  report.machine = look_at_machine();
  OthersLoad others;
  report.parts = {placement_part(quick), controller_part(quick),
                  spread_part(quick)};
  report.taken_by_others = others.share();
  fmt::print("{}", json ? as_json(report) : as_table(report));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "bench_fleet: {}\n", error.what());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int exit_usage = 2;
  bool json = false;
  bool quick = false;
  CLI::App app{
      "Measures what it costs to place a guest in fleets of 3 to 10,000 nodes, "
      "what heartbeats of 64 to 10,000 cost the controller, and fills fleets "
      "of "
      "4 to 64 beside Ganeti's hspace, if that is installed. Exits with 0 also "
      "where a budget is missed."};
  app.add_flag("--json", json, "one JSON document instead of a table");
  app.add_flag("--quick", quick,
               "few decisions and a small fleet: shows that it works, not how "
               "well");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  return run(json, quick);
}
