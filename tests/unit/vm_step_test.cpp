// How a guest is started, ends, and falls silent.
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::VmEnd;
using events::VmLaunch;
using events::VmOrder;
using events::VmRun;
using events::VmSight;
using schema::CrashCause;
using schema::Event;
using schema::RestartPolicy;
using schema::StopCause;
using schema::VmOutcome;
using schema::VmWish;

namespace {

bool is_launch(const std::optional<events::VmStep>& step) {
  return step && std::holds_alternative<VmLaunch>(*step);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_step)

// -- starts -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_start_is_recorded_before_it_is_made) {
  auto guest = wanted();
  BOOST_TEST(!guest.step({}));
  BOOST_TEST((guest.see({}) == Kinds{Event::VmStarting}));
  BOOST_TEST(guest.vm().start == 1U);
  BOOST_TEST(is_launch(guest.step({})));
}

BOOST_AUTO_TEST_CASE(what_nobody_wants_is_not_started) {
  VmLife guest;
  BOOST_TEST(guest.see({}).empty());
  BOOST_TEST(!guest.step({}));
  BOOST_TEST(!events::next_look_ns(guest.vm(), {}, at(1)));
}

BOOST_AUTO_TEST_CASE(a_guest_runs_once_it_was_seen_to) {
  auto guest = starting();
  for (auto run : {VmRun::unknown, VmRun::prepared, VmRun::ending})
    BOOST_TEST(guest.see(guest.process(run)).empty());
  BOOST_TEST(guest.is_order(VmOrder::resume, guest.process(VmRun::prepared)));
  auto sight = guest.process(VmRun::running);
  BOOST_TEST((guest.see(sight) == Kinds{Event::VmStarted}));
  BOOST_TEST(guest.vm().accelerator == "tcg");
  BOOST_TEST(!guest.step(sight));
  BOOST_TEST(guest.see(sight).empty());
}

BOOST_AUTO_TEST_CASE(a_guest_is_given_its_weight_where_the_host_can) {
  auto guest = starting();
  auto sight = guest.process(VmRun::running);
  guest.see(sight);
  BOOST_TEST(!guest.step(sight));
  sight.cpu_weight = guest.vm().spec.cpu_weight;
  BOOST_TEST(!guest.step(sight));
  sight.cpu_weight = 7;
  auto step = guest.step(sight);
  BOOST_TEST(
      (step == events::VmStep{events::VmWeigh{guest.vm().spec.cpu_weight}}));
}

/// Nobody knows how far it came: the process decides, which is there or not.
BOOST_AUTO_TEST_CASE(a_start_that_was_interrupted_is_made_and_not_twice) {
  auto guest = starting();
  BOOST_TEST(guest.see({}).empty());
  BOOST_TEST(is_launch(guest.step({})));
  BOOST_TEST(!guest.step(guest.process(VmRun::unknown)));
  BOOST_TEST(guest.vm().start == 1U);
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_held_as_it_starts_did_start) {
  auto guest = starting();
  BOOST_TEST((guest.see(guest.process(VmRun::disk_full)) ==
              Kinds{Event::VmStarted, Event::VmPaused}));
}

BOOST_AUTO_TEST_CASE(a_process_that_is_not_recorded_is_killed) {
  BOOST_TEST(VmLife{}.is_order(VmOrder::kill, process_of(1)));
  auto guest = running();
  guest.see(guest.ended());
  // It is of an older start, or of one that this ledger does not know.
  for (auto start : {1U, 2U, 7U}) {
    auto other = guest;
    auto stray = process_of(start);
    BOOST_TEST(other.see(stray, at(9)).empty());
    BOOST_TEST(other.is_order(VmOrder::kill, stray, at(9)));
  }
}

BOOST_AUTO_TEST_CASE(a_start_waits_for_the_end_of_another_process) {
  auto guest = running();
  guest.see(guest.ended());
  guest.see({}, at(9));
  BOOST_TEST_REQUIRE(guest.vm().start == 2U);
  for (auto start : {1U, 7U}) {
    BOOST_TEST(guest.see(process_of(start), at(9)).empty());
    BOOST_TEST(guest.is_order(VmOrder::kill, process_of(start), at(9)));
  }
  VmSight gone;
  gone.ended = 1;
  BOOST_TEST(guest.see(gone, at(9)).empty());
  BOOST_TEST(is_launch(guest.step(gone, at(9))));
}

/// As after a ledger of before was put back.
BOOST_AUTO_TEST_CASE(no_start_has_the_number_of_one_that_was) {
  auto guest = wanted();
  VmSight sight;
  sight.ended = 7;
  BOOST_TEST((guest.see(sight) == Kinds{Event::VmStarting}));
  BOOST_TEST(guest.vm().start == 8U);
  BOOST_TEST(is_launch(guest.step(sight)));
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_left_alone) {
  VmSight sight;
  sight.is_unknown = true;
  sight.silence = "its folder can not be read";
  for (auto guest : {wanted(), starting(), running(), paused()}) {
    auto before = guest.vm();
    auto kinds = guest.see(sight);
    bool should_run = events::has_process(before);
    BOOST_TEST(
        (kinds == (should_run ? Kinds{Event::VmUnresponsive} : Kinds{})));
    BOOST_TEST((guest.vm().outcome == before.outcome));
    BOOST_TEST(!guest.step(sight));
    guest.stop(at(2), true);
    BOOST_TEST(!guest.step(sight, at(1000)));
    BOOST_TEST(!events::next_look_ns(guest.vm(), sight, at(1000)));
  }
}

// -- ends ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_end_is_recorded_with_its_cause) {
  for (auto [end, cause] :
       {std::pair{VmEnd::Kind::quit, CrashCause::killed},
        std::pair{VmEnd::Kind::failed, CrashCause::failed},
        std::pair{VmEnd::Kind::killed, CrashCause::killed},
        std::pair{VmEnd::Kind::panicked, CrashCause::guest_panic},
        std::pair{VmEnd::Kind::reset_storm, CrashCause::reset_storm},
        std::pair{VmEnd::Kind::not_started, CrashCause::not_started},
        std::pair{VmEnd::Kind::unknown, CrashCause::failed}}) {
    auto guest = running();
    BOOST_TEST((guest.see(guest.ended(end)) == Kinds{Event::VmCrashed}));
    BOOST_TEST((guest.vm().outcome == VmOutcome::crashed));
    BOOST_TEST((guest.vm().crash_cause == cause));
    BOOST_TEST(guest.vm().detail == "as the test wants it");
  }
  auto guest = running();
  BOOST_TEST((guest.see(guest.ended(VmEnd::Kind::shut_down)) ==
              Kinds{Event::VmStopped}));
  BOOST_TEST((guest.vm().stop_cause == StopCause::guest_shutdown));
}

/// However it did: it was killed, it panicked as it went down.
BOOST_AUTO_TEST_CASE(who_was_to_stop_stopped) {
  for (auto end :
       {VmEnd::Kind::shut_down, VmEnd::Kind::quit, VmEnd::Kind::killed,
        VmEnd::Kind::panicked, VmEnd::Kind::failed, VmEnd::Kind::unknown}) {
    auto guest = running(RestartPolicy::always);
    guest.stop(at(2));
    BOOST_TEST((guest.see(guest.ended(end), at(3)) == Kinds{Event::VmStopped}));
    BOOST_TEST((guest.vm().stop_cause == StopCause::requested));
    BOOST_TEST(guest.see({}, at(10'000)).empty());
    BOOST_TEST(!guest.step({}, at(10'000)));
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_an_older_start_is_no_news) {
  auto guest = running();
  guest.see(guest.ended());
  auto old = guest.ended();
  old.ended = 1;
  BOOST_TEST((guest.see(old, at(9)) == Kinds{Event::VmStarting}));
  BOOST_TEST(is_launch(guest.step(old, at(9))));
  auto now = guest.process(VmRun::running);
  now.ended = 1;
  BOOST_TEST((guest.see(now, at(9)) == Kinds{Event::VmStarted}));
  BOOST_TEST(guest.see(now, at(9)).empty());
}

BOOST_AUTO_TEST_CASE(a_start_may_end_before_it_was_seen_to_run) {
  for (auto end : {VmEnd::Kind::not_started, VmEnd::Kind::failed}) {
    auto guest = starting();
    BOOST_TEST(!is_launch(guest.step(guest.ended(end))));
    BOOST_TEST((guest.see(guest.ended(end)) == Kinds{Event::VmCrashed}));
    BOOST_TEST(guest.vm().ends_in_row == 1U);
  }
  auto guest = starting();
  BOOST_TEST((guest.see(guest.ended(VmEnd::Kind::shut_down)) ==
              Kinds{Event::VmStopped}));
}

BOOST_AUTO_TEST_CASE(who_ran_and_left_no_trace_went_with_its_host) {
  VmSight nothing;
  nothing.ended = 0;
  for (auto guest : {running(), paused()}) {
    auto kinds = guest.see(nothing, at(1));
    BOOST_TEST((kinds == Kinds{Event::VmStopped, Event::VmStarting}));
    BOOST_TEST((guest.vm().stop_cause == StopCause::host_restarted));
  }
}

/// It never was; the ledger has it start, and the host was started anew since.
BOOST_AUTO_TEST_CASE(a_start_of_an_earlier_boot_went_with_it) {
  auto spec = small_spec();
  for (bool comes_back : {true, false}) {
    spec.autostart = comes_back;
    auto guest = wanted(spec);
    guest.see({}, at(500));
    BOOST_TEST(guest.see({}, at(501)).empty());
    auto kinds = guest.see({}, at(20));
    BOOST_TEST((kinds.front() == Event::VmStopped));
    BOOST_TEST((guest.vm().stop_cause == StopCause::host_restarted));
    BOOST_TEST((guest.vm().outcome == VmOutcome::starting) == comes_back);
    BOOST_TEST((guest.vm().wish == VmWish::running) == comes_back);
  }
}

BOOST_AUTO_TEST_CASE(a_start_that_is_to_be_no_more_never_was) {
  auto guest = starting();
  guest.stop(at(2));
  BOOST_TEST(!guest.step({}, at(2)));
  BOOST_TEST((guest.see({}, at(2)) == Kinds{Event::VmStopped}));
  BOOST_TEST((guest.vm().stop_cause == StopCause::requested));
  // Its process came to be all the same.
  BOOST_TEST(guest.is_order(VmOrder::kill, process_of(1), at(3)));
}

// -- silence ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(silence_is_recorded_when_it_begins_and_ends) {
  auto guest = running();
  auto sight = silent(guest.process(VmRun::running));
  auto decision = events::decide_seen(guest.id, guest.vm(), sight, at(2));
  BOOST_TEST(drafts_of(decision).at(0).payload.AsVmUnresponsive()->evidence ==
             "no answer for 1 s");
  BOOST_TEST((guest.see(sight) == Kinds{Event::VmUnresponsive}));
  BOOST_TEST(guest.vm().is_unresponsive);
  BOOST_TEST(!guest.step(sight));
  BOOST_TEST(
      (guest.see(guest.process(VmRun::running)) == Kinds{Event::VmResponsive}));
  BOOST_TEST(!guest.vm().is_unresponsive);
}

BOOST_AUTO_TEST_CASE(an_hour_has_room_for_ten_silences) {
  constexpr std::uint64_t hour = 3600;
  auto guest = running();
  auto silences = [&](std::uint64_t from) {
    std::size_t recorded = 0;
    for (auto second = from; second < from + 100; second += 2) {
      recorded +=
          guest.see(silent(guest.process(VmRun::running)), at(second)).size();
      guest.see(guest.process(VmRun::running), at(second + 1));
    }
    return recorded;
  };
  BOOST_TEST(silences(hour) == events::vm_silences_an_hour);
  BOOST_TEST(silences(hour + 1000) == 0U);
  BOOST_TEST(silences(2 * hour) == events::vm_silences_an_hour);
}

BOOST_AUTO_TEST_CASE(who_ended_is_not_unresponsive) {
  auto guest = running();
  guest.see(silent(guest.process(VmRun::running)));
  guest.see(guest.ended());
  BOOST_TEST(!guest.vm().is_unresponsive);
  BOOST_TEST(guest.see(silent({}), at(1)).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
