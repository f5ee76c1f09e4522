// When a host is live, suspect and silent.
#include "events/host_watch.hpp"

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::HostStanding;
using events::HostWatch;

namespace {

constexpr std::uint64_t s = 1'000'000'000;
const NodeId other{};

/// One that listens since the start to one member, and ticks up to a moment.
struct Watch {
  HostWatch watch;
  std::map<NodeId, events::Member> members{{other, {}}};
  std::uint64_t now_ns = 1000 * s;

  Watch() { tick(); }

  void tick() { watch.tick(members, now_ns); }

  void go_on(std::uint64_t ns) {
    for (auto end = now_ns + ns; now_ns < end;) {
      now_ns = std::min(end, now_ns + events::watch_interval_ns);
      tick();
    }
  }

  /// This host does not run meanwhile.
  void sleep(std::uint64_t ns) {
    now_ns += ns;
    tick();
  }

  void hear() { watch.note_heard(other, now_ns); }

  [[nodiscard]] std::string standing() const {
    return std::string{events::name_of(watch.standing(other, now_ns))};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(host_watch)

BOOST_AUTO_TEST_CASE(who_was_heard_is_live_for_fifteen_seconds) {
  Watch watch;
  watch.hear();
  watch.go_on(15 * s);
  BOOST_TEST(watch.standing() == "live");
  watch.go_on(1);
  BOOST_TEST(watch.standing() == "suspect");
}

BOOST_AUTO_TEST_CASE(and_silent_after_more_than_thirty) {
  Watch watch;
  watch.go_on(100 * s);
  watch.hear();
  watch.go_on(30 * s);
  BOOST_TEST(watch.standing() == "suspect");
  watch.go_on(1);
  BOOST_TEST(watch.standing() == "silent");
  watch.hear();
  BOOST_TEST(watch.standing() == "live");
}

BOOST_AUTO_TEST_CASE(who_never_spoke_is_silent_once_he_had_time_to) {
  Watch watch;
  watch.go_on(30 * s);
  BOOST_TEST(watch.standing() == "unheard");
  watch.go_on(1);
  BOOST_TEST(watch.standing() == "silent");
}

BOOST_AUTO_TEST_CASE(after_a_suspend_nobody_is_silent_before_he_could_speak) {
  Watch watch;
  watch.hear();
  watch.sleep(3600 * s);
  BOOST_TEST(watch.standing() == "suspect");
  watch.go_on(30 * s);
  BOOST_TEST(watch.standing() == "suspect");
  watch.go_on(1);
  BOOST_TEST(watch.standing() == "silent");
}

BOOST_AUTO_TEST_CASE(while_it_does_not_know_that_it_slept_nobody_is_silent) {
  Watch watch;
  watch.hear();
  watch.now_ns += 3600 * s;
  BOOST_TEST(watch.standing() == "suspect");
}

BOOST_AUTO_TEST_CASE(a_new_member_has_time_to_speak_too) {
  Watch watch;
  watch.members.clear();
  watch.go_on(100 * s);
  watch.members[other] = {};
  watch.tick();
  BOOST_TEST(watch.standing() == "unheard");
  watch.go_on(30 * s);
  BOOST_TEST(watch.standing() == "unheard");
  watch.go_on(1);
  BOOST_TEST(watch.standing() == "silent");
}

BOOST_AUTO_TEST_CASE(who_is_added_again_begins_anew) {
  Watch watch;
  watch.hear();
  watch.go_on(100 * s);
  watch.members.clear();
  watch.tick();
  watch.members[other] = {};
  watch.tick();
  BOOST_TEST(watch.standing() == "unheard");
}

BOOST_AUTO_TEST_CASE(before_it_listens_nobody_is_silent) {
  HostWatch watch;
  BOOST_TEST(events::name_of(watch.standing(other, 1'000'000 * s)) ==
             "unheard");
}

BOOST_AUTO_TEST_CASE(who_stopped_listening_begins_anew) {
  Watch watch;
  watch.hear();
  watch.watch.stop();
  watch.sleep(1 * s);
  BOOST_TEST(watch.standing() == "unheard");
  watch.go_on(31 * s);
  BOOST_TEST(watch.standing() == "silent");
}

BOOST_AUTO_TEST_CASE(its_age_is_known_once_it_was_heard) {
  Watch watch;
  BOOST_TEST(!watch.watch.age_ns(other, watch.now_ns).has_value());
  watch.hear();
  watch.go_on(7 * s);
  BOOST_TEST(*watch.watch.age_ns(other, watch.now_ns) == 7 * s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
