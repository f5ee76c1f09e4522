// What holds a guest, and what lets it go on.
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::VmOrder;
using events::VmRun;
using events::VmVerb;
using schema::Event;
using schema::PauseCause;

BOOST_AUTO_TEST_SUITE(vm_pause)

// -- pauses -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_pause_is_carried_out_and_taken_back) {
  auto guest = running();
  guest.command(VmVerb::pause);
  BOOST_TEST(guest.is_order(VmOrder::pause, guest.process(VmRun::running)));
  auto still = guest.process(VmRun::paused);
  BOOST_TEST((guest.see(still) == Kinds{Event::VmPaused}));
  BOOST_TEST((guest.vm().pause_cause == PauseCause::requested));
  BOOST_TEST(!guest.step(still));

  guest.command(VmVerb::resume);
  BOOST_TEST(guest.see(still).empty());
  BOOST_TEST(guest.is_order(VmOrder::resume, still));
  auto sight = guest.process(VmRun::running);
  BOOST_TEST((guest.see(sight) == Kinds{Event::VmResumed}));
  BOOST_TEST(!guest.step(sight));
}

BOOST_AUTO_TEST_CASE(a_pause_may_come_after_it_was_taken_back) {
  auto guest = running();
  guest.command(VmVerb::pause);
  guest.command(VmVerb::resume);
  BOOST_TEST(!guest.step(guest.process(VmRun::running)));
  auto still = guest.process(VmRun::paused);
  guest.see(still);
  BOOST_TEST((guest.vm().pause_cause == PauseCause::requested));
  BOOST_TEST(guest.is_order(VmOrder::resume, still));
}

BOOST_AUTO_TEST_CASE(what_is_to_be_paused_is_so_whoever_resumes_it) {
  auto guest = paused();
  auto sight = guest.process(VmRun::running);
  BOOST_TEST((guest.see(sight) == Kinds{Event::VmResumed}));
  BOOST_TEST(guest.is_order(VmOrder::pause, sight));
}

BOOST_AUTO_TEST_CASE(a_paused_guest_that_crashed_is_started_and_paused) {
  auto guest = paused();
  guest.see(guest.ended());
  guest.see({}, at(9));
  BOOST_TEST(
      guest.is_order(VmOrder::resume, guest.process(VmRun::prepared), at(9)));
  guest.see(guest.process(VmRun::running), at(9));
  BOOST_TEST(
      guest.is_order(VmOrder::pause, guest.process(VmRun::running), at(9)));
  guest.see(guest.process(VmRun::paused), at(9));
  BOOST_TEST(events::phase_of(guest.vm()) == "paused");
  BOOST_TEST((guest.vm().pause_cause == PauseCause::requested));
}

BOOST_AUTO_TEST_CASE(what_others_hold_stays_until_its_operator_resumes_it) {
  for (auto [run, cause] :
       {std::pair{VmRun::paused, PauseCause::by_others},
        std::pair{VmRun::disk_error, PauseCause::disk_error}}) {
    auto guest = running();
    auto sight = guest.process(run);
    sight.has_room = true;
    BOOST_TEST((guest.see(sight) == Kinds{Event::VmPaused}));
    BOOST_TEST((guest.vm().pause_cause == cause));
    BOOST_TEST(!guest.step(sight, at(10'000)));
    guest.command(VmVerb::resume);
    BOOST_TEST(guest.see(sight).empty());
    BOOST_TEST(guest.is_order(VmOrder::resume, sight, at(10)));
    // The next one is another matter.
    guest.see(guest.process(VmRun::running));
    guest.see(sight);
    BOOST_TEST((guest.vm().pause_cause == cause));
    BOOST_TEST(!guest.step(sight, at(10'000)));
  }
}

BOOST_AUTO_TEST_CASE(a_full_disk_holds_a_guest_until_there_is_room) {
  auto guest = running();
  auto sight = guest.process(VmRun::disk_full);
  BOOST_TEST((guest.see(sight) == Kinds{Event::VmPaused}));
  BOOST_TEST((guest.vm().pause_cause == PauseCause::disk_full));
  BOOST_TEST(!guest.step(sight, at(10'000)));
  // Its operator can not wish it away.
  guest.command(VmVerb::resume);
  guest.see(sight);
  BOOST_TEST((guest.vm().pause_cause == PauseCause::disk_full));
  BOOST_TEST(!guest.step(sight, at(10'000)));
  sight.has_room = true;
  BOOST_TEST(guest.see(sight).empty());
  BOOST_TEST(guest.is_order(VmOrder::resume, sight, at(10'000)));
  BOOST_TEST(
      (guest.see(guest.process(VmRun::running)) == Kinds{Event::VmResumed}));
}

/// Or it would be paused and resumed, each of it recorded, without end.
BOOST_AUTO_TEST_CASE(what_its_disk_held_goes_on_after_a_while) {
  auto guest = running();
  auto sight = guest.process(VmRun::disk_full);
  sight.has_room = true;
  guest.see(sight, at(100));
  for (bool is_wanted : {true, false}) {
    if (!is_wanted) guest.stop(at(100));
    auto almost = after_ns(105 * second_ns - 1);
    BOOST_TEST(!guest.step(sight, almost));
    BOOST_TEST(guest.look_ns(sight, almost) == 105 * second_ns);
    BOOST_TEST(guest.is_order(VmOrder::resume, sight, at(105)));
  }
}

/// It would stop again before it could listen.
BOOST_AUTO_TEST_CASE(who_has_no_room_is_not_let_run_to_be_shut_down) {
  auto guest = running();
  auto sight = guest.process(VmRun::disk_full);
  guest.see(sight, at(100));
  guest.stop(at(1000));
  BOOST_TEST(!guest.step(sight, at(1000)));
  BOOST_TEST(guest.is_order(VmOrder::quit, sight, at(1090)));
}

BOOST_AUTO_TEST_CASE(room_does_not_start_what_is_to_be_paused) {
  auto guest = running();
  guest.command(VmVerb::pause);
  auto sight = guest.process(VmRun::disk_full);
  sight.has_room = true;
  guest.see(sight);
  BOOST_TEST((guest.vm().pause_cause == PauseCause::disk_full));
  BOOST_TEST(!guest.step(sight));
}

// -- resets -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_reset_is_wanted_until_it_is_done) {
  auto guest = running();
  guest.command(VmVerb::reset);
  auto sight = guest.process(VmRun::running);
  BOOST_TEST(guest.is_order(VmOrder::reset, sight));
  guest.record.record(events::decide_reset(guest.id, guest.vm()));
  BOOST_TEST(!guest.step(sight));
}

BOOST_AUTO_TEST_CASE(a_guest_is_reset_before_it_is_paused) {
  auto guest = running();
  guest.command(VmVerb::reset);
  guest.command(VmVerb::pause);
  auto sight = guest.process(VmRun::running);
  BOOST_TEST(guest.is_order(VmOrder::reset, sight));
  guest.record.record(events::decide_reset(guest.id, guest.vm()));
  BOOST_TEST(guest.is_order(VmOrder::pause, sight));
}

/// It is then as before its first instruction.
BOOST_AUTO_TEST_CASE(a_paused_guest_that_is_reset_stays_paused) {
  auto guest = paused();
  guest.command(VmVerb::reset);
  BOOST_TEST(guest.is_order(VmOrder::reset, guest.process(VmRun::paused)));
  guest.record.record(events::decide_reset(guest.id, guest.vm()));
  auto sight = guest.process(VmRun::prepared);
  BOOST_TEST(guest.see(sight).empty());
  BOOST_TEST(!guest.step(sight));
  guest.command(VmVerb::reset);
  BOOST_TEST(guest.is_order(VmOrder::reset, sight));
  guest.record.record(events::decide_reset(guest.id, guest.vm()));
  guest.command(VmVerb::resume);
  BOOST_TEST(guest.is_order(VmOrder::resume, sight));
}

BOOST_AUTO_TEST_CASE(a_guest_is_not_reset_before_it_runs) {
  auto guest = starting();
  guest.command(VmVerb::reset);
  BOOST_TEST(guest.is_order(VmOrder::resume, guest.process(VmRun::prepared)));
  BOOST_TEST(!guest.step(guest.process(VmRun::unknown)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
