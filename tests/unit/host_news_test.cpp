// What the controller is told of a host: what changed, soon, and everything
// again if it does not know that.
#include "actors/host_news.hpp"

#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::HostNews;
using events::GuestSummaries;
using events::GuestSummary;
using events::HostReport;
using events::HostTold;

namespace {

HostReport report(std::uint64_t available_mb) {
  HostReport report;
  report.available_mb = available_mb;
  return report;
}

Id id(std::uint8_t number) {
  Id id;
  id.bytes.front() = number;
  return id;
}

GuestSummary guest(const std::string& name) {
  GuestSummary guest;
  guest.name = name;
  return guest;
}

GuestSummaries guests(std::uint8_t count) {
  GuestSummaries all;
  for (std::uint8_t i = 1; i <= count; ++i)
    all[id(i)] = guest("guest-" + std::to_string(i));
  return all;
}

/// Who tells, and what the other side knows of it, which asks if that is not
/// all.
struct Talk {
  HostNews news;
  std::optional<HostReport> known_report;
  GuestSummaries known;

  HostTold beat(bool arrives = true, bool has_room = true) {
    auto told = news.next(has_room);
    if (!arrives) return told;
    if (told.report) known_report = told.report;
    if (told.guests) events::take_page(known, *told.guests);
    if (told.digest && !knows(*told.digest)) news.tell_all();
    return told;
  }

  [[nodiscard]] bool knows(std::uint64_t digest) const {
    return known_report && events::digest_of(*known_report, known) == digest;
  }

  /// Until there is nothing to tell, and all is known.
  int beats_until_silent() {
    for (int beats = 0; beats < 200; ++beats) {
      auto told = beat();
      if (!told.report && !told.guests && told.digest && knows(*told.digest))
        return beats;
    }
    return 200;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(host_news)

BOOST_AUTO_TEST_CASE(nothing_is_told_before_there_is_something_to_tell) {
  Talk talk;
  auto told = talk.beat();
  BOOST_TEST(!told.report.has_value());
  BOOST_TEST(!told.guests.has_value());
  BOOST_TEST(!told.digest.has_value());
}

BOOST_AUTO_TEST_CASE(a_report_is_told_when_it_changes) {
  Talk talk;
  talk.news.note(report(100), {});
  BOOST_TEST(talk.beat().report.has_value());
  BOOST_TEST(!talk.beat().report.has_value());
  talk.news.note(report(100), {});
  BOOST_TEST(!talk.beat().report.has_value());
  talk.news.note(report(101), {});
  BOOST_TEST(talk.beat().report->available_mb == 101U);
}

BOOST_AUTO_TEST_CASE(the_other_side_has_all_guests_after_some_beats) {
  Talk talk;
  talk.news.note(report(100), guests(128));
  BOOST_TEST(talk.beats_until_silent() < 60);
  BOOST_TEST((talk.known == guests(128)));
}

BOOST_AUTO_TEST_CASE(no_page_has_more_than_fits) {
  Talk talk;
  GuestSummaries all;
  for (std::uint8_t i = 1; i < 100; ++i)
    all[id(i)] = guest(std::string(63, 'x'));
  talk.news.note(report(100), all);
  for (int beats = 0; beats < 200; ++beats) {
    auto told = talk.beat();
    if (!told.guests) continue;
    std::size_t bytes = 0;
    for (const auto& [id, one] : told.guests->guests)
      bytes += actors::guest_bytes + one.name.size();
    BOOST_TEST(bytes <= actors::guest_page_bytes_max);
    BOOST_TEST(!told.guests->guests.empty());
  }
  BOOST_TEST((talk.known == all));
}

BOOST_AUTO_TEST_CASE(guests_that_changed_are_told_at_once_among_many) {
  Talk talk;
  auto all = guests(128);
  talk.news.note(report(100), all);
  talk.beats_until_silent();
  all[id(77)].outcome = schema::VmOutcome::running;
  all.erase(id(3));
  talk.news.note(report(100), all);
  talk.beat();
  talk.beat();
  BOOST_TEST((talk.known == all));
}

BOOST_AUTO_TEST_CASE(nobody_asks_for_what_is_still_to_come) {
  Talk talk;
  auto all = guests(128);
  talk.news.note(report(100), all);
  talk.beats_until_silent();
  all.erase(id(3));
  all.erase(id(77));
  talk.news.note(report(100), all);
  BOOST_TEST(!talk.beat().digest.has_value());
  BOOST_TEST(talk.beat().digest.has_value());
  BOOST_TEST(!talk.beat().guests.has_value());
}

BOOST_AUTO_TEST_CASE(guests_wait_where_there_is_no_room_for_them) {
  Talk talk;
  talk.news.note(report(100), guests(1));
  BOOST_TEST(!talk.beat(true, false).guests.has_value());
  BOOST_TEST(talk.beat().guests.has_value());
}

BOOST_AUTO_TEST_CASE(who_lost_something_on_its_way_is_told_it_again) {
  Talk talk;
  talk.news.note(report(100), guests(30));
  talk.beats_until_silent();
  auto all = guests(30);
  all.erase(id(7));
  talk.news.note(report(200), all);
  for (int i = 0; i < 5; ++i) talk.beat(false);
  BOOST_TEST((talk.known_report == report(100)));
  talk.beats_until_silent();
  BOOST_TEST((talk.known_report == report(200)));
  BOOST_TEST((talk.known == all));
}

BOOST_AUTO_TEST_CASE(who_knows_nothing_is_told_everything) {
  Talk talk;
  talk.news.note(report(100), guests(30));
  talk.beats_until_silent();
  talk.known.clear();
  talk.known_report.reset();
  talk.beats_until_silent();
  BOOST_TEST((talk.known_report == report(100)));
  BOOST_TEST((talk.known == guests(30)));
}

BOOST_AUTO_TEST_CASE(one_that_always_changes_keeps_the_others_from_nobody) {
  Talk talk;
  auto all = guests(60);
  talk.news.note(report(100), all);
  for (int i = 0; i < 60; ++i) {
    all[id(1)].responds = !all[id(1)].responds;
    talk.news.note(report(100), all);
    talk.beat();
  }
  all.erase(id(1));
  talk.known.erase(id(1));
  BOOST_TEST((talk.known == all));
}

BOOST_AUTO_TEST_CASE(in_the_end_the_other_side_knows_whatever_gets_lost) {
  auto seed = seed_or(3);
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    Random random{seed};
    Talk talk;
    GuestSummaries all;
    for (int round = 0; round < 2000; ++round) {
      auto which = id(static_cast<std::uint8_t>(random.below(60)));
      if (random.below(3) == 0)
        all.erase(which);
      else
        all[which] = guest("g" + std::to_string(random.below(1000)));
      talk.news.note(report(random.below(1000)), all);
      talk.beat(random.below(3) != 0);
    }
    for (int beats = 0; beats < 40; ++beats) talk.beat();
    BOOST_TEST((talk.known == all));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
