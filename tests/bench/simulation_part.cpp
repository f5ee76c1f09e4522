#include "tests/bench/simulation_part.hpp"

#include <fmt/format.h>

#include <functional>

#include "tests/bench/bare_actors.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/progress.hpp"
#include "tests/simulation/world.hpp"

namespace ppn::bench {

namespace {

constexpr Quantity jobs_per_s{"jobs_per_s", "jobs/s", 0};
constexpr Quantity seeds_per_s{"seeds_per_s", "seeds/s", 2};
constexpr Quantity days_per_s{"simulated_days_per_s", "days/s", 2};

constexpr std::uint64_t nodes = 3;
/// Those of three nodes and the world around them.
constexpr std::size_t few_actors = 49;
constexpr std::size_t many_actors = 10'000;
constexpr std::size_t many_messages = 100;
constexpr double days_per_s_budget = 1;
constexpr double ns_per_day = 86'400e9;

constexpr std::string_view about_the_times =
    "Three nodes on one thread, cheap signatures, all invariants after each "
    "job, an audit and a full replay at each end. Each round does the same "
    "work; medians of rounds taken in turns, in processor time.";
constexpr std::string_view about_days =
    "days/s: simulated days in a second; 1 is due.";
constexpr std::string_view about_the_ratio =
    "simulation / this: jobs/s of the simulation's seeds of two hours over "
    "those of actors that only pass a message on, in the same round. At 0.25, "
    "three quarters of a job's time go to the nodes' own work, their disks and "
    "the invariants, and one quarter to CAF and the choice of the next job.";

/// What a round did.
struct Work {
  std::uint64_t jobs = 0;
  double days = 0;
};

struct Contender {
  std::string group;
  std::string name;
  std::uint64_t seeds = 0;
  std::function<Work()> run;
  Work work;
  std::vector<double> seconds;

  void run_round() {
    auto begin = cpu_seconds();
    work = run();
    seconds.push_back(cpu_seconds() - begin);
  }
};

Contender simulated(const std::string& name, std::uint64_t seeds, double hours,
                    bool with_faults) {
  auto run = [=] {
    simulation::Settings settings;
    settings.hosts = nodes;
    settings.hours = hours;
    settings.without_faults = !with_faults;
    Work work;
    for (settings.seed = 1; settings.seed <= seeds; ++settings.seed) {
      auto outcome = simulation::run(settings);
      if (outcome.violation)
        throw Failure{
            fmt::format("seed {}: {}", settings.seed, *outcome.violation)};
      work.jobs += outcome.steps;
      work.days += static_cast<double>(outcome.simulated_ns) / ns_per_day;
    }
    return work;
  };
  return {"simulation", name, seeds, run, {}, {}};
}

Contender bare(std::size_t actors, std::size_t messages, std::uint64_t jobs) {
  auto all = std::make_shared<BareActors>(actors, messages);
  auto run = [=] {
    all->run(jobs);
    return Work{jobs, 0};
  };
  return {"CAF alone", fmt::format("{} actors, {} messages", actors, messages),
          0,           run,
          {},          {}};
}

Row row_of(const Contender& contender) {
  Row row;
  row.group = contender.group;
  row.name = contender.name;
  auto seconds = median(contender.seconds);
  row.figures = {
      {jobs_per_s, static_cast<double>(contender.work.jobs) / seconds}};
  if (contender.seeds == 0) return row;
  auto days = contender.work.days / seconds;
  row.figures.push_back(
      {seeds_per_s, static_cast<double>(contender.seeds) / seconds});
  row.figures.push_back({days_per_s, days});
  row.judgement = Judgement{"days/s", days, days_per_s_budget, {}};
  return row;
}

/// Of their rates, which their seconds stand in for.
double rate_ratio(const Contender& over, const Contender& under) {
  auto jobs = static_cast<double>(over.work.jobs) /
              static_cast<double>(under.work.jobs);
  return jobs * median_ratio(under.seconds, over.seconds);
}

}  // namespace

Part bench_simulation(bool quick) {
  std::uint64_t bare_jobs = quick ? 10'000 : 1'000'000;
  double long_hours = quick ? 1 : 24;
  std::vector<Contender> contenders;
  contenders.push_back(
      simulated("seeds of 2 hours, faults", quick ? 1 : 40, 2, true));
  contenders.push_back(
      simulated("a day, faults", quick ? 1 : 2, long_hours, true));
  contenders.push_back(simulated("a day, no faults", 1, long_hours, false));
  contenders.push_back(bare(few_actors, nodes, bare_jobs));
  contenders.push_back(bare(many_actors, many_messages, bare_jobs));

  std::size_t rounds = quick ? 1 : 7;
  for (std::size_t round = 0; round < rounds; ++round)
    for (auto& contender : contenders) {
      show_progress("{}, round {} of {}", contender.name, round + 1, rounds);
      contender.run_round();
    }

  Part part;
  part.name = "simulation";
  part.title = "a world of three nodes beside CAF's bare test coordinator";
  part.notes = {std::string{about_the_times}, std::string{about_days},
                std::string{about_the_ratio}};
  for (const auto& contender : contenders) {
    part.rows.push_back(row_of(contender));
    if (contender.seeds == 0)
      part.rows.back().judgement = Judgement{
          "simulation / this", rate_ratio(contenders[0], contender), {}, {}};
  }
  return part;
}

}  // namespace ppn::bench
