// bench_ledger: how fast the ledger is, each figure beside its limit or a peer
// that was measured in the same run, against the budgets of the design.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include "tests/bench/failure.hpp"
#include "tests/bench/parts.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/scratch.hpp"
#include "tests/bench/supervise.hpp"
#include "tests/bench/wishes.hpp"

namespace {

using namespace ppn::bench;

constexpr int exit_usage = 2;

struct PartEntry {
  std::string name;
  Part (*run)(const Setup&);
};

const std::vector<PartEntry>& all_parts() {
  static const std::vector<PartEntry> parts{
      {"append", bench_append},
      {"open", bench_open},
      {"verify_rate", bench_verify_rate},
      {"verify", bench_verify},
      {"proof", bench_proof},
      {"bytes", bench_bytes},
  };
  return parts;
}

struct LedgerWishes : Wishes {
  std::string directory = ".";
};

Report run_parts(const LedgerWishes& wishes,
                 const std::filesystem::path& scratch) {
  Report report;
  report.benchmark = "ledger";
  report.quick = wishes.quick;
  report.machine = look_at_machine();
  report.machine.disk = look_at_disk(scratch);
  OthersLoad others;
  SampleLedgers ledgers{scratch, report.machine.cores};
  Setup setup{scratch, report.machine.cores, wishes.quick, ledgers};
  for (const auto& part : all_parts())
    if (wishes.has(part.name)) report.parts.push_back(part.run(setup));
  report.taken_by_others = others.share();
  end_progress();
  return report;
}

int run(const LedgerWishes& wishes, const std::filesystem::path& scratch) try {
  require(sodium_init() >= 0, "get randomness from the system");
  auto report = run_parts(wishes, scratch);
  fmt::print("{}", wishes.json ? as_json(report) : as_table(report));
  return 0;
} catch (const std::exception& error) {
  end_progress();
  fmt::print(stderr, "bench_ledger: {}\n", error.what());
  return 1;
}

std::vector<std::string> part_names() {
  std::vector<std::string> names;
  for (const auto& part : all_parts()) names.push_back(part.name);
  return names;
}

}  // namespace

int main(int argc, char** argv) {
  LedgerWishes wishes;
  CLI::App app{
      "Measures the ledger: each figure beside its limit, in the same run. "
      "Exits with 0 also where a budget is missed."};
  app.add_flag("--json", wishes.json, "one JSON document instead of a table");
  app.add_option("--only", wishes.only, "only these parts")
      ->delimiter(',')
      ->check(CLI::IsMember(part_names()));
  app.add_flag("--quick", wishes.quick,
               "few events: shows that it works, not how fast");
  app.add_option("--directory", wishes.directory,
                 "where scratch ledgers live while it runs; on a real disk")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  try {
    ScratchDirectory scratch{wishes.directory, "bench_ledger"};
    return supervise([&] { return run(wishes, scratch.path()); });
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_ledger: {}\n", error.what());
    return 1;
  }
}
