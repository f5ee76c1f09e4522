// What the parts of a host add up to for others.
#include "actors/headroom.hpp"

#include "tests/unit/api_samples.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace {

/// A host whose only guest runs.
struct OneGuest {
  actors::PoolStatus pool = sample_pool();
  actors::BalloonStatus balloons = sample_balloons();
  actors::HostLook host{4, 550, 50'000};

  [[nodiscard]] actors::Headroom headroom() const {
    return actors::headroom_of(pool, balloons, host);
  }
  [[nodiscard]] events::Vm& vm() { return pool.pool.vms.begin()->second; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(headroom, OneGuest)

BOOST_AUTO_TEST_CASE(what_is_left_is_what_the_pool_has_and_guests_do_not) {
  auto& limits = pool.pool.limits;
  limits.memory_mb = 10'000;
  limits.vcpus_max = 16;
  limits.guests_max = 5;
  auto use = events::use_of(pool.pool.vms);
  auto report = headroom().report;
  BOOST_TEST(report.guaranteed_mb == 10'000U - use.memory_mb);
  BOOST_TEST(report.vcpus_left == 16U - use.vcpus);
  BOOST_TEST(report.guests == 1U);
  BOOST_TEST(report.guests_left == 4U);
}

BOOST_AUTO_TEST_CASE(a_host_that_has_more_than_it_may_has_nothing_left) {
  pool.pool.limits.memory_mb = 1;
  pool.pool.limits.vcpus_max = 0;
  pool.pool.limits.guests_max = 0;
  auto report = headroom().report;
  BOOST_TEST(report.guaranteed_mb == 0U);
  BOOST_TEST(report.vcpus_left == 0U);
  BOOST_TEST(report.guests_left == 0U);
}

BOOST_AUTO_TEST_CASE(what_the_host_itself_has_is_told_rounded_down) {
  auto report = headroom().report;
  BOOST_TEST(report.memory_mb == balloons.look->total_mb);
  BOOST_TEST(report.available_mb == balloons.look->available_mb / 64 * 64);
  BOOST_TEST(report.disk_left_mb == 49'152U);
  BOOST_TEST(report.cores == 4U);
  BOOST_TEST(report.load_permille == 500U);
  BOOST_TEST(report.accelerator == pool.acceleration.accelerator);
}

BOOST_AUTO_TEST_CASE(balloons_could_take_what_is_above_the_floor) {
  vm().outcome = schema::VmOutcome::running;
  vm().start = balloons.look->vms.begin()->second.start;
  vm().spec.floor_mb = 256;
  BOOST_TEST(headroom().report.reclaimable_mb == 512U - 256U);
  // From one that does not go on they take nothing.
  vm().outcome = schema::VmOutcome::paused;
  BOOST_TEST(headroom().report.reclaimable_mb == 0U);
}

BOOST_AUTO_TEST_CASE(each_guest_is_told_of) {
  vm().is_unresponsive = true;
  auto guests = headroom().guests;
  BOOST_TEST(guests.size() == 1U);
  const auto& guest = guests.at(pool.pool.vms.begin()->first);
  BOOST_TEST(guest.name == vm().name);
  BOOST_TEST((guest.outcome == vm().outcome));
  BOOST_TEST(!guest.responds);
  BOOST_TEST(guest.memory_mb == vm().spec.memory_mb);
  BOOST_TEST(guest.vcpus == vm().spec.vcpus);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
