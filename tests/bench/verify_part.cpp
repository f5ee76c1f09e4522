// The full audit of a ledger, every signature included, beside the rate at
// which libsodium verifies the same messages on as many threads.
#include <fmt/format.h>

#include "store/audit.hpp"
#include "store/lmdb_backend.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/parts.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/verify_rate.hpp"
#include "tests/support/state_fold.hpp"

namespace ppn::bench {

namespace {

constexpr double audit_budget = 0.95;
constexpr Quantity signatures_per_s{"signatures_per_s", "signatures/s", 0};

constexpr std::string_view about_all_threads =
    "libsodium's rate on all threads is measured with all of them at once: "
    "where two of them share a core, it is less than that of one thread times "
    "their number.";

/// Rates with a number of threads, round after round.
struct Course {
  unsigned jobs = 1;
  std::vector<double> audit;
  std::vector<double> audit_cpu_us;
  std::vector<double> libsodium;
};

void run_audit(const SampleLedger& sample, Course& course) {
  auto backend =
      require(store::LmdbBackend::open_for_reading(sample.directory));
  tests::StateFold fold;
  store::AuditOptions options;
  options.jobs = course.jobs;
  options.oracle = &fold;
  auto cpu_before = cpu_seconds();
  Stopwatch watch;
  auto report = require(store::audit(*backend, options));
  auto count = static_cast<double>(sample.entries);
  course.audit.push_back(count / watch.seconds());
  course.audit_cpu_us.push_back((cpu_seconds() - cpu_before) * 1e6 / count);
  require(report.valid() && report.signatures_checked == sample.entries &&
              report.snapshots_checked == 1,
          "find a whole ledger valid");
}

void add_rows(Part& part, const Course& course) {
  auto group =
      fmt::format("{} job{}", course.jobs, course.jobs == 1 ? "" : "s");
  part.rows.push_back({group,
                       "audit",
                       {{signatures_per_s, median(course.audit)},
                        {cpu_us, median(course.audit_cpu_us)}},
                       {},
                       {}});
  part.rows.push_back({group,
                       fmt::format("libsodium, {} thread{}", course.jobs,
                                   course.jobs == 1 ? "" : "s"),
                       {{signatures_per_s, median(course.libsodium)}},
                       Judgement{"audit / this",
                                 median_ratio(course.audit, course.libsodium),
                                 audit_budget,
                                 {}},
                       {}});
}

}  // namespace

Part bench_verify(const Setup& setup) {
  const auto& sample = setup.ledgers.of(setup.quick ? 4'000 : 100'000);
  VerifyRate rate;
  std::vector<Course> courses{{1, {}, {}, {}}};
  if (setup.cores > 1) courses.push_back({setup.cores, {}, {}, {}});
  std::size_t rounds = setup.quick ? 1 : 5;
  for (std::size_t round = 0; round < rounds; ++round)
    for (auto& course : courses) {
      show_progress("verify, {} jobs, round {} of {}", course.jobs, round + 1,
                    rounds);
      run_audit(sample, course);
      course.libsodium.push_back(rate.measure(course.jobs, sample.entries / 2));
    }
  Part part;
  part.name = "verify";
  part.title = fmt::format(
      "a full audit of {} entries: chain, tree, index, signatures, replay, "
      "snapshot",
      sample.entries);
  for (const auto& course : courses) add_rows(part, course);
  part.notes = {std::string{about_all_threads}};
  return part;
}

}  // namespace ppn::bench
