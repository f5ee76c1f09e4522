// ppn-sim: whole meshes of nodes in simulated time, each run the fruit of one
// seed.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "actors/rare_path.hpp"
#include "store/signing.hpp"
#include "tests/simulation/faults.hpp"
#include "tools/ppn-sim/search.hpp"

namespace {

using namespace ppn;

constexpr int exit_ok = 0;
constexpr int exit_violation = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;
constexpr double ns_per_hour = 3'600e9;

std::atomic<bool> interrupted = false;

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < simulation::fault_kinds; ++i)
    names.emplace_back(simulation::name_of(static_cast<simulation::Fault>(i)));
  return names;
}

/// What is wanted of every run.
struct RunOptions {
  simulation::Settings settings;
  std::vector<std::string> faults{"all"};
  bool trace = false;

  void add_to(CLI::App& command) {
    auto names = fault_names();
    names.emplace_back("all");
    names.emplace_back("none");
    command
        .add_option("--nodes", settings.hosts,
                    "how many nodes; 0: three to five, as the seed draws; more "
                    "than 16 are let in at once, and leave out what each does "
                    "with every other one")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
    command
        .add_option("--hours", settings.hours,
                    "simulated hours with faults; a while without follows")
        ->check(CLI::Range(0.01, 100'000.0))
        ->capture_default_str();
    command
        .add_option("--faults", faults,
                    "which may occur, separated by commas: " +
                        CLI::detail::join(names, " "))
        ->delimiter(',')
        ->check(CLI::IsMember(names))
        ->capture_default_str();
  }

  void add_seed_to(CLI::App& command) {
    command.add_option("--seed", settings.seed, "what the run grows from")
        ->required();
  }

  void settle() {
    auto given = [&](const char* name) {
      return std::find(faults.begin(), faults.end(), name) != faults.end();
    };
    settings.without_faults = given("none");
    if (!given("all") && !given("none")) settings.faults = faults;
    if (trace)
      settings.sink = [](const std::string& line) { fmt::print("{}\n", line); };
  }

  [[nodiscard]] std::string command(const char* verb,
                                    std::uint64_t seed) const {
    return fmt::format("ppn-sim {} --seed {} --nodes {} --hours {} --faults {}",
                       verb, seed, settings.hosts, settings.hours,
                       fmt::join(faults, ","));
  }
};

void print_outcome(const simulation::Outcome& outcome) {
  fmt::print("{:<16} {}\n", "verdict",
             outcome.violation ? "VIOLATION: " + *outcome.violation : "clean");
  fmt::print("{:<16} {:.2f} hours\n", "simulated",
             static_cast<double>(outcome.simulated_ns) / ns_per_hour);
  fmt::print("{:<16} {}\n", "steps", outcome.steps);
  fmt::print("{:<16} {}\n", "entries", outcome.entries);
  fmt::print("{:<16} {}\n", "starts", outcome.restarts);
  fmt::print("{:<16} {}\n", "roster", outcome.roster_versions);
  fmt::print("{:<16} {:016x}\n", "trace hash", outcome.trace_hash);
  fmt::print("{:<16} {:016x}\n", "last draw", outcome.last_draw);
}

int run_one(RunOptions options) {
  options.settle();
  auto outcome = simulation::run(options.settings);
  print_outcome(outcome);
  if (!outcome.violation) return exit_ok;
  if (!options.trace)
    fmt::print("\nto see how it came to that: {} --trace\n",
               options.command("replay", options.settings.seed));
  return exit_violation;
}

void print_rare_paths() {
  std::vector<std::string> never;
  fmt::print("\n{:<24} {:>12}\n", "rare path", "taken");
  const auto& counts = actors::rare_path_counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    fmt::print("{:<24} {:>12}\n", actors::rare_path_names[i], counts[i].load());
    if (counts[i] == 0) never.emplace_back(actors::rare_path_names[i]);
  }
  if (!never.empty()) fmt::print("NEVER REACHED: {}\n", fmt::join(never, ", "));
}

void show_progress(std::uint64_t done, std::uint64_t all) {
  if (::isatty(STDERR_FILENO) == 0) return;
  constexpr std::uint64_t width = 40;
  auto filled = width * done / all;
  fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {} of {} seeds", "", filled, "",
             width - filled, done, all);
  if (done == all) fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

int search_many(RunOptions run, tools::SearchOptions options) {
  run.settle();
  options.settings = run.settings;
  options.progress = show_progress;
  std::signal(SIGINT, [](int) { interrupted = true; });
  auto began = std::chrono::steady_clock::now();
  auto result = tools::search(options, interrupted);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");

  fmt::print("{:<16} {} ({:.0f} a second)\n", "seeds", result.seeds,
             static_cast<double>(result.seeds) / took.count());
  fmt::print("{:<16} {:.1f} days in {:.1f} s ({:.1f} days a second)\n",
             "simulated", result.simulated_days, took.count(),
             result.simulated_days / took.count());
  fmt::print("{:<16} {} ({:.0f} a second)\n", "steps", result.steps,
             static_cast<double>(result.steps) / took.count());
  fmt::print("{:<16} {}\n", "entries", result.entries);
  fmt::print("{:<16} {}\n", "starts", result.restarts);
  fmt::print("{:<16} {}\n", "roster versions", result.roster_versions);
  print_rare_paths();
  if (result.bad_seed) {
    fmt::print("\nseed {}\n", *result.bad_seed);
    print_outcome(result.bad_outcome);
    fmt::print("\nto see how it came to that: {} --trace\n",
               run.command("replay", *result.bad_seed));
    return exit_violation;
  }
  if (interrupted) {
    fmt::print("interrupted; those seeds that ended are clean\n");
    return exit_interrupted;
  }
  fmt::print("all clean\n");
  return exit_ok;
}

/// A..B, or one seed alone.
std::string parse_seeds(const std::string& text,
                        tools::SearchOptions& options) {
  auto dots = text.find("..");
  auto first = text.substr(0, dots);
  auto last = dots == std::string::npos ? first : text.substr(dots + 2);
  bool valid = CLI::detail::lexical_cast(first, options.first_seed) &&
               CLI::detail::lexical_cast(last, options.last_seed) &&
               options.first_seed <= options.last_seed;
  return valid ? "" : "seeds are A..B with A not above B, such as 1..10000";
}

}  // namespace

int main(int argc, char** argv) {
  if (!store::initialise_crypto()) {
    fmt::print(stderr, "ppn-sim: libsodium is not ready\n");
    return exit_violation;
  }
  CLI::App app{
      "Simulates nodes: real actors and ledgers in a world of faults."};
  app.require_subcommand(1);

  RunOptions once;
  auto* run = app.add_subcommand("run", "run one seed");
  once.add_seed_to(*run);
  once.add_to(*run);

  RunOptions again;
  auto* replay = app.add_subcommand("replay", "run one seed and look at it");
  again.add_seed_to(*replay);
  again.add_to(*replay);
  replay->add_flag("--trace", again.trace, "print all that happens");

  RunOptions each;
  tools::SearchOptions many;
  many.jobs = std::max(1U, std::thread::hardware_concurrency());
  auto* search =
      app.add_subcommand("search", "run many seeds until one breaks a rule");
  std::string seeds;
  search->add_option("--seeds", seeds, "from A to B")
      ->type_name("A..B")
      ->required()
      ->check([&](const std::string& text) { return parse_seeds(text, many); });
  search->add_option("--jobs", many.jobs, "runs at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  each.add_to(*search);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_ok : exit_usage;
  }
  if (run->parsed()) return run_one(once);
  if (replay->parsed()) return run_one(again);
  return search_many(each, many);
}
