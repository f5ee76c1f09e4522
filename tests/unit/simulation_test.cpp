// Runs of the simulation: here with real signatures, where ppn-sim has cheap
// ones.
#include <boost/test/unit_test.hpp>

#include "tests/simulation/world.hpp"

namespace ppn::tests {

namespace {

simulation::Outcome run(std::uint64_t seed, std::vector<std::string> faults) {
  simulation::Settings settings;
  settings.seed = seed;
  settings.hours = 0.5;
  settings.faults = std::move(faults);
  return simulation::run(settings);
}

/// Three hosts; with no fault at all if none is named.
simulation::Outcome run_three(std::uint64_t seed,
                              std::vector<std::string> faults) {
  simulation::Settings settings;
  settings.seed = seed;
  settings.hosts = 3;
  settings.hours = 0.5;
  settings.without_faults = faults.empty();
  settings.faults = std::move(faults);
  return simulation::run(settings);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simulation)

BOOST_AUTO_TEST_CASE(rules_hold_with_real_signatures) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    auto outcome = run(seed, {});
    BOOST_TEST(!outcome.violation.has_value(),
               "seed " << seed << ": " << outcome.violation.value_or(""));
    BOOST_TEST(outcome.entries > 0U);
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_makes_the_same_run) {
  for (std::uint64_t seed : {3U, 4U}) {
    auto once = run(seed, {});
    auto again = run(seed, {});
    BOOST_TEST(once.trace_hash == again.trace_hash);
    BOOST_TEST(once.last_draw == again.last_draw);
    BOOST_TEST(once.steps == again.steps);
  }
}

BOOST_AUTO_TEST_CASE(another_seed_makes_another_run) {
  BOOST_TEST(run(3, {}).trace_hash != run(4, {}).trace_hash);
}

BOOST_AUTO_TEST_CASE(faults_that_are_left_out_do_not_strike) {
  // Each host starts once, and once more when the faults are over; in this run
  // none is removed and set up anew, and at most one is started again while
  // guests are there.
  BOOST_TEST(run_three(7, {"frame-lost"}).restarts <= 7U);
}

BOOST_AUTO_TEST_CASE(hosts_become_a_mesh) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    auto outcome = run_three(seed, {});
    BOOST_TEST(outcome.violation.value_or("") == "");
    // Founded, and two were added.
    BOOST_TEST(outcome.roster_versions >= 3U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
