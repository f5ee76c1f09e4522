// How a guest is stopped, and what then becomes of one that is deleted.
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::VmForget;
using events::VmOrder;
using events::VmRun;
using events::VmSight;
using schema::Event;

namespace {

bool is_forget(const std::optional<events::VmStep>& step) {
  return step && std::holds_alternative<VmForget>(*step);
}

/// Which order it gets at that time after the stop, and when one looks again.
struct Rung {
  std::uint64_t after_ns;
  VmOrder order;
  std::uint64_t look_ns;
};

void check_rungs(const VmLife& guest, const VmSight& sight,
                 const std::vector<Rung>& rungs) {
  for (const auto& rung : rungs) {
    auto stop_ns = guest.vm().stop_since_boot_ns;
    auto now = after_ns(stop_ns + rung.after_ns);
    BOOST_TEST_CONTEXT(rung.after_ns << " ns after the stop") {
      BOOST_TEST(guest.is_order(rung.order, sight, now));
      BOOST_TEST(guest.look_ns(sight, now) == stop_ns + rung.look_ns);
    }
  }
}

constexpr std::uint64_t asked_ns = 90 * second_ns;
constexpr std::uint64_t told_ns = 95 * second_ns;

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_stop)

// -- stops --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(who_is_to_stop_is_asked_then_told_then_killed) {
  auto guest = running();
  guest.stop(at(1000));
  check_rungs(guest, guest.process(VmRun::running),
              {{0, VmOrder::power_down, 5 * second_ns},
               {7 * second_ns, VmOrder::power_down, 12 * second_ns},
               {88 * second_ns, VmOrder::power_down, asked_ns},
               {asked_ns - 1, VmOrder::power_down, asked_ns},
               {asked_ns, VmOrder::quit, told_ns},
               {told_ns - 1, VmOrder::quit, told_ns},
               {told_ns, VmOrder::kill, told_ns + 5 * second_ns},
               {1000 * second_ns, VmOrder::kill, 1005 * second_ns}});
}

BOOST_AUTO_TEST_CASE(who_is_to_stop_at_once_is_not_asked) {
  auto guest = running();
  guest.stop(at(1000), true);
  check_rungs(guest, guest.process(VmRun::running),
              {{0, VmOrder::quit, 5 * second_ns},
               {5 * second_ns - 1, VmOrder::quit, 5 * second_ns},
               {5 * second_ns, VmOrder::kill, 10 * second_ns}});
}

BOOST_AUTO_TEST_CASE(force_ends_the_patience) {
  auto guest = running();
  guest.stop(at(1000));
  guest.stop(at(1030), true);
  check_rungs(guest, guest.process(VmRun::running),
              {{0, VmOrder::quit, 5 * second_ns},
               {5 * second_ns, VmOrder::kill, 10 * second_ns}});
}

BOOST_AUTO_TEST_CASE(a_guest_that_has_not_begun_can_not_be_asked) {
  auto guest = starting();
  guest.stop(at(1000));
  auto sight = guest.process(VmRun::prepared);
  BOOST_TEST(guest.see(sight, at(1000)).empty());
  check_rungs(guest, sight,
              {{0, VmOrder::quit, 5 * second_ns},
               {5 * second_ns, VmOrder::kill, 10 * second_ns}});
}

BOOST_AUTO_TEST_CASE(what_is_held_is_let_run_to_be_shut_down) {
  for (auto run : {VmRun::paused, VmRun::disk_full, VmRun::disk_error}) {
    auto guest = run == VmRun::paused ? paused() : running();
    guest.see(guest.process(run));
    guest.stop(at(1000));
    auto sight = guest.process(run);
    sight.has_room = true;
    BOOST_TEST(guest.see(sight, at(1000)).empty());
    check_rungs(guest, sight,
                {{0, VmOrder::resume, 5 * second_ns},
                 {asked_ns, VmOrder::quit, told_ns},
                 {told_ns, VmOrder::kill, told_ns + 5 * second_ns}});
    BOOST_TEST((guest.see(guest.process(VmRun::running), at(1001)) ==
                Kinds{Event::VmResumed}));
    BOOST_TEST(guest.is_order(VmOrder::power_down,
                              guest.process(VmRun::running), at(1001)));
  }
}

/// It is on its way out, if it does not get stuck there.
BOOST_AUTO_TEST_CASE(what_ends_is_left_alone_for_as_long_as_others) {
  auto guest = running();
  BOOST_TEST(!guest.step(guest.process(VmRun::ending)));
  guest.stop(at(1000));
  auto sight = guest.process(VmRun::ending);
  BOOST_TEST(!guest.step(sight, at(1000)));
  BOOST_TEST(!guest.step(sight, after_ns(1000 * second_ns + told_ns - 1)));
  BOOST_TEST(guest.is_order(VmOrder::kill, sight,
                            after_ns(1000 * second_ns + told_ns)));
}

BOOST_AUTO_TEST_CASE(silence_does_not_keep_a_guest_from_being_stopped) {
  auto guest = running();
  guest.stop(at(1000));
  auto sight = silent(guest.process(VmRun::unknown));
  guest.see(sight, at(1000));
  check_rungs(guest, sight,
              {{0, VmOrder::power_down, 5 * second_ns},
               {asked_ns, VmOrder::quit, told_ns},
               {told_ns, VmOrder::kill, told_ns + 5 * second_ns}});
}

BOOST_AUTO_TEST_CASE(what_is_wanted_is_never_told_to_end) {
  for (auto guest : {starting(), running(), paused()})
    for (auto run :
         {VmRun::unknown, VmRun::prepared, VmRun::running, VmRun::paused,
          VmRun::disk_full, VmRun::disk_error, VmRun::ending})
      for (auto sight : {guest.process(run), silent(guest.process(run))}) {
        guest.see(sight, at(10'000));
        for (auto order : {VmOrder::power_down, VmOrder::quit, VmOrder::kill})
          BOOST_TEST(!guest.is_order(order, sight, at(10'000)));
      }
}

// -- deletion -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_was_its_own_goes_when_its_process_has) {
  auto guest = running();
  guest.record.record(events::decide_delete(guest.id, guest.vm(), true),
                      at(1000));
  auto sight = guest.process(VmRun::running);
  check_rungs(guest, sight,
              {{0, VmOrder::quit, 5 * second_ns},
               {5 * second_ns, VmOrder::kill, 10 * second_ns}});
  guest.see(guest.ended(), at(1006));
  BOOST_TEST(is_forget(guest.step({}, at(1006))));
  BOOST_TEST(guest.is_order(VmOrder::kill, process_of(1), at(1006)));
  BOOST_TEST(guest.see({}, at(10'000)).empty());
}

BOOST_AUTO_TEST_CASE(a_guest_that_never_ran_is_deleted_too) {
  for (auto guest : {VmLife{}, wanted(), starting()}) {
    guest.record.record(events::decide_delete(guest.id, guest.vm(), true));
    guest.see({});
    BOOST_TEST(is_forget(guest.step({})));
    guest.record.record(events::decide_deleted(guest.id, guest.vm()));
    BOOST_TEST(guest.record.state().vms.empty());
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_deleted_is_not_forgotten) {
  for (auto guest : {VmLife{}, wanted(), starting(), running()}) {
    BOOST_TEST(!is_forget(guest.step({})));
    BOOST_TEST(!is_forget(guest.step(guest.ended())));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
