// Which guests are started again, and when.
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::VmEnd;
using schema::Event;
using schema::RestartPolicy;
using schema::VmWish;

BOOST_AUTO_TEST_SUITE(vm_restart)

BOOST_AUTO_TEST_CASE(a_policy_says_who_is_started_again) {
  struct Row {
    RestartPolicy policy;
    VmEnd::Kind end;
    bool comes_back;
  };
  for (const auto& [policy, end, comes_back] : std::vector<Row>{
           {RestartPolicy::never, VmEnd::Kind::failed, false},
           {RestartPolicy::never, VmEnd::Kind::shut_down, false},
           {RestartPolicy::on_failure, VmEnd::Kind::failed, true},
           {RestartPolicy::on_failure, VmEnd::Kind::killed, true},
           {RestartPolicy::on_failure, VmEnd::Kind::shut_down, false},
           {RestartPolicy::always, VmEnd::Kind::failed, true},
           {RestartPolicy::always, VmEnd::Kind::shut_down, true}}) {
    auto guest = running(policy);
    guest.see(guest.ended(end));
    BOOST_TEST((guest.vm().wish == VmWish::running) == comes_back);
    auto later = guest.see({}, at(10));
    BOOST_TEST((later == (comes_back ? Kinds{Event::VmStarting} : Kinds{})));
  }
}

BOOST_AUTO_TEST_CASE(who_is_started_with_its_host_comes_back_with_it) {
  for (auto policy :
       {RestartPolicy::never, RestartPolicy::on_failure, RestartPolicy::always})
    for (bool autostart : {true, false}) {
      auto guest = running(policy, autostart);
      auto sight = guest.ended(VmEnd::Kind::host_restarted);
      auto kinds = guest.see(sight, at(9));
      BOOST_TEST((kinds.front() == Event::VmStopped));
      BOOST_TEST((guest.vm().wish == VmWish::running) == autostart);
      BOOST_TEST((kinds.back() == Event::VmStarting) == autostart);
      BOOST_TEST(guest.vm().ends_in_row == 0U);
    }
}

BOOST_AUTO_TEST_CASE(who_was_off_stays_off_when_the_host_comes_back) {
  auto guest = running();
  guest.stop(at(2));
  guest.see(guest.ended(VmEnd::Kind::host_restarted), at(1));
  BOOST_TEST((guest.vm().wish == VmWish::off));
  BOOST_TEST(guest.see({}, at(10'000)).empty());
}

BOOST_AUTO_TEST_CASE(the_wait_doubles_up_to_five_minutes) {
  const std::vector<std::uint64_t> seconds{0,  1,   2,   4,   8,   16, 32,
                                           64, 128, 256, 300, 300, 300};
  for (std::uint32_t ends = 0; ends < seconds.size(); ++ends)
    BOOST_TEST(events::restart_delay_ns(ends) == seconds[ends] * second_ns);
  BOOST_TEST(events::restart_delay_ns(~std::uint32_t{0}) == 300 * second_ns);
}

BOOST_AUTO_TEST_CASE(a_guest_that_ended_waits_for_its_next_start) {
  auto guest = running();
  std::uint64_t now_ns = 1000 * second_ns;
  for (auto wait : {1U, 2U, 4U}) {
    guest.see(guest.ended(), after_ns(now_ns));
    auto due_ns = now_ns + wait * second_ns;
    BOOST_TEST(guest.look_ns({}, after_ns(now_ns)) == due_ns);
    BOOST_TEST(guest.see({}, after_ns(due_ns - 1)).empty());
    BOOST_TEST(guest.look_ns({}, after_ns(due_ns - 1)) == due_ns);
    guest.run(after_ns(due_ns));
    now_ns = due_ns;
  }
}

BOOST_AUTO_TEST_CASE(who_ran_for_long_is_well) {
  auto guest = running();
  guest.see(guest.ended(), at(1));
  guest.run(at(10));
  auto almost = guest;
  auto steady_ns = 10 * second_ns + events::vm_steady_ns;
  almost.see(almost.ended(), after_ns(steady_ns - 1));
  BOOST_TEST(almost.vm().ends_in_row == 2U);
  guest.see(guest.ended(), after_ns(steady_ns));
  BOOST_TEST(guest.vm().ends_in_row == 1U);
}

BOOST_AUTO_TEST_CASE(a_start_that_took_long_did_not_hold_out) {
  auto guest = running();
  guest.see(guest.ended(), at(1));
  guest.see({}, at(10));
  guest.see(guest.ended(), at(5000));
  BOOST_TEST(guest.vm().ends_in_row == 2U);
}

BOOST_AUTO_TEST_CASE(what_shuts_itself_down_at_once_waits_too) {
  auto guest = running(RestartPolicy::always);
  guest.see(guest.ended(VmEnd::Kind::shut_down), at(10));
  BOOST_TEST(guest.vm().ends_in_row == 1U);
  BOOST_TEST(guest.see({}, after_ns(11 * second_ns - 1)).empty());
  guest.run(at(11));
  guest.see(guest.ended(VmEnd::Kind::shut_down), at(12));
  BOOST_TEST(guest.vm().ends_in_row == 2U);
}

BOOST_AUTO_TEST_CASE(another_boot_has_nothing_to_wait_for) {
  auto guest = running();
  guest.see(guest.ended(), at(5000));
  BOOST_TEST((guest.see({}, at(20)) == Kinds{Event::VmStarting}));
}

BOOST_AUTO_TEST_CASE(who_ends_too_often_is_given_up) {
  for (auto [policy, end] :
       {std::pair{RestartPolicy::on_failure, VmEnd::Kind::failed},
        std::pair{RestartPolicy::always, VmEnd::Kind::shut_down}}) {
    auto guest = running(policy);
    std::uint64_t seconds = 1;
    for (std::uint32_t i = 0; i < events::vm_restarts_max; ++i) {
      guest.see(guest.ended(end), at(seconds));
      guest.run(at(seconds += 300));
    }
    BOOST_TEST(guest.vm().start == events::vm_restarts_max + 1);
    auto kinds = guest.see(guest.ended(end), at(seconds));
    BOOST_TEST((kinds.back() == Event::VmGaveUp));
    BOOST_TEST(guest.vm().gave_up);
    BOOST_TEST((guest.vm().wish == VmWish::off));
    BOOST_TEST(guest.see({}, at(seconds + 10'000)).empty());
    BOOST_TEST(!events::next_look_ns(guest.vm(), {}, at(seconds)));
    // Its operator may try again, as if nothing had been.
    guest.run(at(seconds + 10'000));
    BOOST_TEST(!guest.vm().gave_up);
    BOOST_TEST(guest.vm().ends_in_row == 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
