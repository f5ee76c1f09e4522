// What a host says of itself, and what the controller makes of it.
#include "events/host_report.hpp"

#include <set>

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::FleetHost;
using events::GuestPage;
using events::GuestSummaries;
using events::GuestSummary;
using events::HostReport;
using events::HostStanding;

namespace {

Id id(std::uint8_t number) {
  Id id;
  id.bytes.back() = number;
  return id;
}

GuestSummary guest(const char* name) {
  GuestSummary guest;
  guest.name = name;
  return guest;
}

HostReport full_report() {
  return {8192, 4096, 2048, 1024, 50'000, 16, 4, 700, 3, 125, "kvm"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host_report)

// -- room ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_host_has_left_what_is_free_and_promised_to_nobody) {
  auto report = full_report();
  auto room = events::room_of({}, "a", {}, HostStanding::live, &report);
  BOOST_TEST(room.memory_left_mb == 2048U);
  report.available_mb = 300;
  room = events::room_of({}, "a", {}, HostStanding::live, &report);
  BOOST_TEST(room.memory_left_mb == 300U);
  BOOST_TEST(room.vcpus_left == 16U);
  BOOST_TEST(room.disk_left_mb == 50'000U);
  BOOST_TEST(room.load_permille == 700U);
  BOOST_TEST(room.guests == 3U);
  BOOST_TEST(room.guests_left == 125U);
}

BOOST_AUTO_TEST_CASE(what_the_operator_said_of_it_counts) {
  auto report = full_report();
  FleetHost host;
  host.is_drained = host.is_reserved = true;
  auto room = events::room_of({}, "a", host, HostStanding::suspect, &report);
  BOOST_TEST(room.is_drained);
  BOOST_TEST(room.is_reserved);
  BOOST_TEST((room.standing == HostStanding::suspect));
}

BOOST_AUTO_TEST_CASE(of_who_said_nothing_nothing_is_known_but_its_standing) {
  auto room = events::room_of({}, "a", {}, HostStanding::silent, nullptr);
  BOOST_TEST(!room.is_known);
  BOOST_TEST((room.standing == HostStanding::silent));
}

BOOST_AUTO_TEST_CASE(software_is_no_accelerator) {
  for (auto [name, counts] : {std::pair{"kvm", true}, std::pair{"tcg", false},
                              std::pair{"", false}}) {
    auto report = full_report();
    report.accelerator = name;
    auto room = events::room_of({}, "a", {}, HostStanding::live, &report);
    BOOST_TEST(room.is_accelerated == counts, name);
  }
}

BOOST_AUTO_TEST_CASE(what_is_left_is_rounded_down_so_that_rest_is_no_news) {
  auto report = full_report();
  report.available_mb = 4095;
  report.disk_left_mb = 2047;
  report.load_permille = 99;
  auto coarse = events::coarse(report);
  BOOST_TEST(coarse.available_mb == 4032U);
  BOOST_TEST(coarse.disk_left_mb == 1024U);
  BOOST_TEST(coarse.load_permille == 0U);
  // What was promised is exact.
  BOOST_TEST(coarse.guaranteed_mb == 2048U);
}

// -- digests ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(whatever_changes_makes_another_digest) {
  std::set<std::uint64_t> digests;
  auto note = [&](const HostReport& report, const GuestSummaries& guests) {
    return digests.insert(events::digest_of(report, guests)).second;
  };
  auto report = full_report();
  GuestSummaries guests{{id(1), guest("a")}};
  BOOST_TEST(note(report, guests));
  BOOST_TEST(!note(report, guests));
  const std::vector<void (*)(HostReport&)> of_report{
      [](auto& r) { ++r.memory_mb; },      [](auto& r) { ++r.available_mb; },
      [](auto& r) { ++r.guaranteed_mb; },  [](auto& r) { ++r.reclaimable_mb; },
      [](auto& r) { ++r.disk_left_mb; },   [](auto& r) { ++r.vcpus_left; },
      [](auto& r) { ++r.cores; },          [](auto& r) { ++r.load_permille; },
      [](auto& r) { ++r.guests; },         [](auto& r) { ++r.guests_left; },
      [](auto& r) { r.accelerator = "x"; }};
  for (auto change : of_report) {
    auto other = report;
    change(other);
    BOOST_TEST(note(other, guests));
  }
  const std::vector<void (*)(GuestSummary&)> of_guest{
      [](auto& g) { g.name = "b"; },
      [](auto& g) { g.outcome = schema::VmOutcome::crashed; },
      [](auto& g) { g.responds = false; }, [](auto& g) { ++g.memory_mb; },
      [](auto& g) { ++g.vcpus; }};
  for (auto change : of_guest) {
    auto other = guests;
    change(other.begin()->second);
    BOOST_TEST(note(report, other));
  }
  BOOST_TEST(note(report, {}));
  BOOST_TEST(note(report, {{id(2), guest("a")}}));
}

/// Nodes of other versions make the same.
BOOST_AUTO_TEST_CASE(a_digest_stays_what_it_was) {
  BOOST_TEST(events::digest_of(full_report(), {{id(1), guest("a")}}) ==
             2'812'469'319'062'565'543U);
}

// -- pages of guests ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_page_takes_the_place_of_what_was_known_there) {
  GuestSummaries known{{id(1), guest("a")},
                       {id(2), guest("b")},
                       {id(3), guest("c")},
                       {id(4), guest("d")}};
  events::take_page(known, {id(2), id(3), {{id(3), guest("new")}}});
  BOOST_TEST((known == GuestSummaries{{id(1), guest("a")},
                                      {id(3), guest("new")},
                                      {id(4), guest("d")}}));
}

BOOST_AUTO_TEST_CASE(a_page_says_nothing_of_others) {
  GuestSummaries known{{id(1), guest("a")}};
  events::take_page(known, {id(2), id(3), {{id(9), guest("far")}}});
  BOOST_TEST((known == GuestSummaries{{id(1), guest("a")}}));
}

BOOST_AUTO_TEST_CASE(whatever_a_host_says_so_many_guests_are_kept_in_mind) {
  GuestSummaries known;
  for (std::uint32_t i = 0; i < 2 * events::guests_known_max; ++i) {
    auto one = id(static_cast<std::uint8_t>(i));
    one.bytes.front() = static_cast<std::uint8_t>(i >> 8U);
    events::take_page(known, {one, one, {{one, guest("x")}}});
  }
  BOOST_TEST(known.size() == events::guests_known_max);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
