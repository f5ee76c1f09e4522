// How much memory a host leaves its guests: single decisions, and what comes of
// many of them with guests of all kinds.
#include "events/balloon.hpp"

#include <algorithm>

#include "tests/support/random.hpp"
#include "tests/unit/balloon_host.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::balloon_rest_ns;
using events::balloon_stale_ns;
using events::BalloonGuest;
using events::BalloonPlan;
using events::BalloonReason;
using events::GuestMemory;

namespace {

constexpr events::BalloonMarks marks{512, 1024};
constexpr std::uint64_t rich_mb = 100'000;
constexpr std::uint64_t short_mb = 100;

/// One that has all its memory, and half of it to spare.
BalloonGuest idle(std::uint64_t memory_mb = 1000) {
  BalloonGuest guest;
  guest.memory_mb = guest.actual_mb = guest.target_mb = memory_mb;
  guest.floor_mb = memory_mb / 4;
  guest.says = GuestMemory{memory_mb / 2, 0, memory_mb};
  return guest;
}

/// What is taken from it was.
BalloonGuest squeezed(std::uint64_t to_mb) {
  auto guest = idle();
  guest.actual_mb = guest.target_mb = to_mb;
  guest.says = GuestMemory{to_mb / 2, 0, to_mb};
  return guest;
}

BalloonPlan decide(std::uint64_t available_mb,
                   const std::vector<BalloonGuest>& guests,
                   bool was_short = false) {
  return events::decide_balloons(marks, available_mb, was_short, guests);
}

std::uint64_t target(std::uint64_t available_mb, const BalloonGuest& guest) {
  return decide(available_mb, {guest}).verdicts.front().target_mb;
}

BalloonReason reason(std::uint64_t available_mb, const BalloonGuest& guest) {
  return decide(available_mb, {guest}).verdicts.front().reason;
}

std::string in_words(BalloonReason reason) {
  return std::string{events::name_of(reason)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(balloon)

// -- one decision -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(nobody_is_taken_from_where_there_is_enough) {
  BOOST_TEST(target(512, idle()) == 1000U);
  BOOST_TEST(target(rich_mb, idle()) == 1000U);
}

BOOST_AUTO_TEST_CASE(a_host_that_is_short_takes_a_tenth_at_a_time) {
  BOOST_TEST(target(511, idle()) == 900U);
  BOOST_TEST(in_words(reason(511, idle())) ==
             in_words(BalloonReason::host_is_short));
}

BOOST_AUTO_TEST_CASE(it_takes_no_more_than_it_lacks) {
  auto plan = decide(1000, {idle()}, true);
  BOOST_TEST(plan.verdicts.front().target_mb == 976U);
}

BOOST_AUTO_TEST_CASE(it_takes_from_who_has_most_to_spare) {
  auto lean = idle();
  lean.says->available_mb = 220;
  auto plan = decide(1010, {lean, idle(), lean}, true);
  BOOST_TEST(plan.verdicts[0].target_mb == 1000U);
  BOOST_TEST(plan.verdicts[1].target_mb == 986U);
  BOOST_TEST(plan.verdicts[2].target_mb == 1000U);
}

BOOST_AUTO_TEST_CASE(who_was_short_is_so_up_to_the_high_mark) {
  BOOST_TEST(!decide(600, {}).host_is_short);
  BOOST_TEST(decide(600, {}, true).host_is_short);
  BOOST_TEST(!decide(1024, {}, true).host_is_short);
}

BOOST_AUTO_TEST_CASE(between_the_marks_nothing_changes) {
  auto plan = decide(800, {squeezed(500)});
  BOOST_TEST(plan.verdicts.front().target_mb == 500U);
}

BOOST_AUTO_TEST_CASE(above_the_high_mark_what_is_more_is_given_back) {
  BOOST_TEST(target(1124, squeezed(500)) == 600U);
  BOOST_TEST(target(rich_mb, squeezed(500)) == 1000U);
}

BOOST_AUTO_TEST_CASE(to_each_as_much_of_it_as_he_lacks) {
  auto plan = decide(1024 + 150, {squeezed(400), squeezed(700), idle()});
  BOOST_TEST(plan.verdicts[0].target_mb == 500U);
  BOOST_TEST(plan.verdicts[1].target_mb == 750U);
  BOOST_TEST(plan.verdicts[2].target_mb == 1000U);
}

BOOST_AUTO_TEST_CASE(who_is_in_need_gets_all_at_once) {
  auto guest = squeezed(400);
  guest.says->available_mb = 19;
  BOOST_TEST(target(short_mb, guest) == 1000U);
  guest.says->available_mb = 20;
  BOOST_TEST(target(short_mb, guest) == 400U);
}

BOOST_AUTO_TEST_CASE(a_small_guest_is_in_need_before_nothing_is_left) {
  auto guest = squeezed(100);
  guest.memory_mb = 160;
  guest.floor_mb = 64;
  guest.says->available_mb = 15;
  BOOST_TEST(target(short_mb, guest) == 160U);
  guest.says->available_mb = 31;
  BOOST_TEST(target(short_mb, guest) == 100U);
}

BOOST_AUTO_TEST_CASE(and_is_left_alone_for_a_while) {
  auto guest = idle();
  guest.since_need_ns = balloon_rest_ns - 1;
  BOOST_TEST(target(short_mb, guest) == 1000U);
  guest.since_need_ns = balloon_rest_ns;
  BOOST_TEST(target(short_mb, guest) == 900U);
}

BOOST_AUTO_TEST_CASE(nobody_is_taken_from_who_spoke_too_long_ago) {
  auto guest = idle();
  guest.says->age_ns = balloon_stale_ns;
  BOOST_TEST(target(short_mb, guest) == 900U);
  guest.says->age_ns = balloon_stale_ns + 1;
  BOOST_TEST(target(short_mb, guest) == 1000U);
  BOOST_TEST(in_words(reason(short_mb, guest)) ==
             in_words(BalloonReason::stale));
}

BOOST_AUTO_TEST_CASE(but_he_gets_back_what_the_host_has) {
  auto guest = squeezed(500);
  guest.says->age_ns = balloon_stale_ns + 1;
  BOOST_TEST(target(rich_mb, guest) == 1000U);
  guest.says.reset();
  BOOST_TEST(target(rich_mb, guest) == 1000U);
  BOOST_TEST(target(short_mb, guest) == 500U);
}

BOOST_AUTO_TEST_CASE(what_is_too_little_for_all_is_for_who_lacks_most) {
  std::vector<BalloonGuest> guests(10, squeezed(500));
  guests[3] = squeezed(400);
  auto plan = decide(1024 + 20, guests);
  for (std::size_t i = 0; i < guests.size(); ++i)
    BOOST_TEST(plan.verdicts[i].target_mb == (i == 3 ? 420U : 500U));
}

BOOST_AUTO_TEST_CASE(what_was_said_before_the_last_change_counts_no_more) {
  auto guest = squeezed(600);
  guest.says->of_mb = 700;
  BOOST_TEST(target(short_mb, guest) == 600U);
  BOOST_TEST(in_words(reason(short_mb, guest)) ==
             in_words(BalloonReason::follows));
}

BOOST_AUTO_TEST_CASE(who_did_not_follow_is_not_taken_from_again) {
  auto guest = idle();
  guest.target_mb = 900;
  BOOST_TEST(target(short_mb, guest) == 900U);
  BOOST_TEST(in_words(reason(short_mb, guest)) ==
             in_words(BalloonReason::follows));
  guest.actual_mb = 905;
  guest.says->of_mb = 905;
  BOOST_TEST(target(short_mb, guest) == 800U);
}

BOOST_AUTO_TEST_CASE(a_floor_that_is_raised_is_reached_at_once) {
  auto guest = squeezed(300);
  guest.floor_mb = 700;
  guest.says.reset();
  BOOST_TEST(target(short_mb, guest) == 700U);
}

BOOST_AUTO_TEST_CASE(each_reason_has_its_words) {
  std::set<std::string> all;
  for (auto i = 0; i <= static_cast<int>(BalloonReason::stale); ++i)
    all.insert(in_words(static_cast<BalloonReason>(i)));
  BOOST_TEST(all.size() == static_cast<std::size_t>(BalloonReason::stale) + 1);
  BOOST_TEST(!all.contains(""));
}

// -- many ---------------------------------------------------------------------

namespace {

/// With guests, of which each uses some of its memory.
BalloonHost some_host(Random& random) {
  constexpr std::uint64_t memory_mb = 16'000;
  BalloonHost host{marks, memory_mb};
  auto left = memory_mb;
  while (host.guests().size() < 12 && left > 600) {
    auto guest =
        idle(256 + random.below(std::min<std::uint64_t>(left - 256, 3000)));
    guest.floor_mb = guest.memory_mb / (2 + random.below(4));
    left -= guest.memory_mb;
    host.add(guest, random.below(guest.memory_mb));
  }
  return host;
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_guest_is_below_its_floor_or_above_its_memory) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    Random random{seed};
    auto host = some_host(random);
    for (int i = 0; i < 200; ++i) {
      host.others_mb = random.below(16'000);
      auto whose = random.below(host.guests().size());
      host.use(whose, random.below(host.guests()[whose].memory_mb));
      host.step();
      for (const auto& guest : host.guests())
        BOOST_REQUIRE((guest.target_mb >= guest.floor_mb &&
                       guest.target_mb <= guest.memory_mb));
    }
  }
}

BOOST_AUTO_TEST_CASE(whatever_guests_say_nobody_is_below_his_floor) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    Random random{seed};
    std::vector<BalloonGuest> guests;
    for (int i = 0; i < 5; ++i) {
      BalloonGuest guest;
      guest.memory_mb = 256 + random.below(4000);
      guest.floor_mb = random.below(guest.memory_mb + 1);
      guest.target_mb =
          guest.floor_mb + random.below(guest.memory_mb - guest.floor_mb + 1);
      guest.actual_mb = random.below(guest.memory_mb + 1);
      if (random.below(4) != 0)
        guest.says = GuestMemory{
            random.below(3) == 0 ? ~std::uint64_t{0} : random.below(5000),
            random.below(2 * balloon_stale_ns), guest.actual_mb};
      guests.push_back(guest);
    }
    auto plan = decide(random.below(3000), guests, random.below(2) == 0);
    for (std::size_t i = 0; i < guests.size(); ++i) {
      BOOST_TEST(plan.verdicts[i].target_mb >= guests[i].floor_mb);
      BOOST_TEST(plan.verdicts[i].target_mb <= guests[i].memory_mb);
    }
  }
}

BOOST_AUTO_TEST_CASE(nobody_runs_out_by_what_is_taken) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    Random random{seed};
    auto host = some_host(random);
    host.others_mb = 15'900;
    for (int i = 0; i < 200; ++i) {
      host.step();
      for (std::size_t g = 0; g < host.guests().size(); ++g)
        BOOST_REQUIRE((host.guests()[g].target_mb >= host.use_of(g)));
    }
  }
}

BOOST_AUTO_TEST_CASE(under_a_load_that_stays_all_comes_to_rest) {
  constexpr int minutes_5 = 60;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    Random random{seed};
    auto host = some_host(random);
    host.others_mb = random.below(12'000);
    int changes_late = 0;
    for (int i = 0; i < 4 * minutes_5; ++i)
      if (host.step() && i >= 2 * minutes_5) ++changes_late;
    BOOST_TEST(changes_late == 0);
  }
}

BOOST_AUTO_TEST_CASE(when_the_pressure_is_over_all_get_all_back) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    Random random{seed};
    auto host = some_host(random);
    host.others_mb = 15'000;
    for (int i = 0; i < 100; ++i) host.step();
    host.others_mb = 0;
    // Guests and their mark have room beside each other.
    host.guests().resize(std::min<std::size_t>(host.guests().size(), 4));
    for (int i = 0; i < 100; ++i) host.step();
    for (const auto& guest : host.guests())
      BOOST_TEST(guest.target_mb == guest.memory_mb);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
