#include "tools/ppn-sim/search.hpp"

#include <mutex>
#include <thread>
#include <vector>

namespace ppn::tools {

namespace {

constexpr double ns_per_day = 86'400e9;
constexpr std::uint64_t seeds_per_repetition = 50;

class Search {
 public:
  Search(const SearchOptions& options, const std::atomic<bool>& stopped)
      : options_(options), stopped_(stopped), next_(options.first_seed) {}

  SearchResult run() && {
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < options_.jobs; ++i)
      threads.emplace_back([this] { work(); });
    work();
    for (auto& thread : threads) thread.join();
    return result_;
  }

 private:
  void work() {
    auto settings = options_.settings;
    while (!stopped_ && !found_) {
      settings.seed = next_++;
      if (settings.seed > options_.last_seed) return;
      auto outcome = simulation::run(settings);
      if (settings.seed % seeds_per_repetition == 0)
        compare(outcome, simulation::run(settings));
      note(settings.seed, outcome);
    }
  }

  /// Chance from outside of the seed would make every trace worthless.
  static void compare(simulation::Outcome& outcome,
                      const simulation::Outcome& again) {
    bool same = outcome.trace_hash == again.trace_hash &&
                outcome.last_draw == again.last_draw;
    if (!same && !outcome.violation)
      outcome.violation = "run again, the same seed makes another trace";
  }

  void note(std::uint64_t seed, const simulation::Outcome& outcome) {
    std::lock_guard lock{mutex_};
    result_.seeds += 1;
    result_.steps += outcome.steps;
    result_.entries += outcome.entries;
    result_.restarts += outcome.restarts;
    result_.roster_versions += outcome.roster_versions;
    result_.simulated_days +=
        static_cast<double>(outcome.simulated_ns) / ns_per_day;
    if (options_.progress)
      options_.progress(result_.seeds,
                        options_.last_seed - options_.first_seed + 1);
    if (!outcome.violation) return;
    found_ = true;
    if (result_.bad_seed && *result_.bad_seed < seed) return;
    result_.bad_seed = seed;
    result_.bad_outcome = outcome;
  }

  const SearchOptions& options_;
  const std::atomic<bool>& stopped_;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> found_ = false;
  std::mutex mutex_;
  SearchResult result_;
};

}  // namespace

SearchResult search(const SearchOptions& options,
                    const std::atomic<bool>& stopped) {
  return Search{options, stopped}.run();
}

}  // namespace ppn::tools
