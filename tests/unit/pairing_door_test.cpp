// Who may come in while a newcomer shows a code.
#include "actors/pairing_door.hpp"

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::DoorAnswer;
using actors::PairingDoor;

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

events::IpAddress address(std::string_view text) {
  return events::IpAddress::parse(text).value();
}

events::IpAddress numbered(std::size_t number) {
  return address("192.0.2." + std::to_string(number));
}

/// Somebody comes, and goes again if that is asked.
struct Door {
  PairingDoor door;
  PairingDoor::Connection last = 0;

  bool comes(const events::IpAddress& from, std::uint64_t now_ns = 0) {
    return door.enter(++last, from, now_ns) == DoorAnswer::welcome;
  }
  bool comes_and_goes(const events::IpAddress& from, std::uint64_t now_ns = 0) {
    bool is_welcome = comes(from, now_ns);
    door.leave(last);
    return is_welcome;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pairing_door)

BOOST_FIXTURE_TEST_CASE(few_are_inside_at_a_time, Door) {
  for (std::size_t i = 0; i < actors::door_connections_max; ++i)
    BOOST_TEST(comes(numbered(i)));
  BOOST_TEST((door.enter(100, numbered(200), 0) == DoorAnswer::full));
  door.leave(1);
  BOOST_TEST((door.enter(101, numbered(200), 0) == DoorAnswer::welcome));
}

BOOST_FIXTURE_TEST_CASE(one_source_leaves_room_for_others, Door) {
  for (std::size_t i = 0; i < actors::door_connections_of_one; ++i)
    BOOST_TEST(comes(numbered(1)));
  BOOST_TEST(!comes(numbered(1)));
  BOOST_TEST(comes(numbered(2)));
}

BOOST_FIXTURE_TEST_CASE(nobody_comes_too_often, Door) {
  for (std::uint64_t i = 0; i < actors::door_burst; ++i)
    BOOST_TEST(comes_and_goes(numbered(1)));
  BOOST_TEST((door.enter(100, numbered(1), 0) == DoorAnswer::too_often));
  BOOST_TEST(comes_and_goes(numbered(2)));
  BOOST_TEST(comes_and_goes(numbered(1), actors::door_interval_ns));
  BOOST_TEST(!comes_and_goes(numbered(1), actors::door_interval_ns));
}

BOOST_FIXTURE_TEST_CASE(a_source_has_two_guesses_whoever_makes_them, Door) {
  comes(numbered(1));
  BOOST_TEST(door.take_guess(last));
  door.leave(last);
  comes(numbered(1));
  BOOST_TEST(door.take_guess(last));
  BOOST_TEST(!door.take_guess(last));
  comes(numbered(2));
  BOOST_TEST(door.take_guess(last));
}

BOOST_FIXTURE_TEST_CASE(who_is_not_inside_has_no_guess, Door) {
  BOOST_TEST(!door.take_guess(7));
}

/// A host has as many addresses of IPv6 as it likes.
BOOST_FIXTURE_TEST_CASE(a_network_of_ipv6_is_one_source, Door) {
  BOOST_TEST(comes(address("2001:db8::1")));
  BOOST_TEST(door.take_guess(last));
  BOOST_TEST(comes(address("2001:db8::2")));
  BOOST_TEST(door.take_guess(last));
  BOOST_TEST(!door.take_guess(last));
  BOOST_TEST(!comes(address("2001:db8::3")));
  BOOST_TEST(comes(address("2001:db8:0:1::1")));
}

BOOST_AUTO_TEST_CASE(the_operator_may_say_from_where_alone) {
  PairingDoor door{numbered(1)};
  BOOST_TEST((door.enter(1, numbered(2), 0) == DoorAnswer::not_from_there));
  BOOST_TEST((door.enter(2, numbered(1), 0) == DoorAnswer::welcome));
}

/// A flood from elsewhere takes nothing of what that one has.
BOOST_AUTO_TEST_CASE(who_is_not_let_in_takes_no_room) {
  PairingDoor door{numbered(1)};
  for (PairingDoor::Connection i = 0; i < 10'000; ++i)
    door.enter(i, numbered(2 + i % 200), 0);
  BOOST_TEST((door.enter(20'000, numbered(1), 0) == DoorAnswer::welcome));
  BOOST_TEST(door.take_guess(20'000));
}

BOOST_FIXTURE_TEST_CASE(so_many_sources_are_kept_in_mind, Door) {
  auto far = [](std::size_t number) {
    return address("198.51." + std::to_string(number / 256) + "." +
                   std::to_string(number % 256));
  };
  for (std::size_t i = 0; i < actors::door_sources_max; ++i)
    BOOST_TEST(comes_and_goes(far(i)));
  BOOST_TEST(!comes_and_goes(numbered(1)));
  BOOST_TEST(comes_and_goes(far(0)));
}

BOOST_FIXTURE_TEST_CASE(who_does_not_prove_the_code_in_time_has_to_go, Door) {
  comes(numbered(1), second_ns);
  auto slow = last;
  comes(numbered(2), second_ns);
  door.note_proved(last);
  BOOST_TEST(door.overdue(actors::door_patience_ns).empty());
  BOOST_TEST((door.overdue(second_ns + actors::door_patience_ns) ==
              std::vector{slow}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
