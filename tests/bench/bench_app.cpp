#include "tests/bench/bench_app.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/machine.hpp"
#include "tests/bench/scratch.hpp"
#include "tests/bench/supervise.hpp"

namespace ppn::bench {

namespace {

namespace fs = std::filesystem;

constexpr int exit_usage = 2;

int fail(const BenchApp& app, const std::exception& error) {
  fmt::print(stderr, "bench_{}: {}\n", app.name, error.what());
  return 1;
}

int report(const BenchApp& app, const Wishes& wishes, const fs::path& scratch,
           const Measure& measure) try {
  Report report;
  report.benchmark = app.name;
  report.quick = wishes.quick;
  report.machine = look_at_machine();
  OthersLoad others;
  measure(wishes, scratch, report);
  report.taken_by_others = others.share();
  fmt::print("{}", wishes.json ? as_json(report) : as_table(report));
  return 0;
} catch (const std::exception& error) {
  return fail(app, error);
}

}  // namespace

int run_bench(int argc, char** argv, const BenchApp& app,
              const Measure& measure) {
  Wishes wishes;
  CLI::App line{app.about};
  line.add_flag("--json", wishes.json, "one JSON document instead of a table");
  line.add_option("--only", wishes.only, "only these parts")
      ->delimiter(',')
      ->check(CLI::IsMember(app.parts));
  line.add_flag("--quick", wishes.quick, app.quick);
  try {
    line.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.exit(error) == 0 ? 0 : exit_usage;
  }
  try {
    ScratchDirectory scratch{fs::temp_directory_path(), "bench_" + app.name};
    // The guests' user passes through it.
    fs::permissions(scratch.path(), fs::perms::owner_all |
                                        fs::perms::group_exec |
                                        fs::perms::others_exec);
    return supervise(
        [&] { return report(app, wishes, scratch.path(), measure); });
  } catch (const std::exception& error) {
    return fail(app, error);
  }
}

}  // namespace ppn::bench
