// Who sends more than is taken loses it, and keeps nobody else's out.
#include "runtime/datagram_gate.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::DatagramGate;
using runtime::datagrams_of_source_max;
using runtime::datagrams_waiting_max;

namespace {

actors::Datagram from(std::size_t source) {
  return {address("10.8." + std::to_string(source / 250) + "." +
                  std::to_string(1 + source % 250)),
          {1, 2, 3}};
}

/// What passed of so many, and waits.
std::vector<actors::DatagramPtr> flood(DatagramGate& gate, std::size_t count,
                                       std::size_t source) {
  std::vector<actors::DatagramPtr> waiting;
  for (std::size_t i = 0; i < count; ++i)
    if (auto datagram = gate.pass(from(source)))
      waiting.push_back(std::move(datagram));
  return waiting;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(datagram_gate)

BOOST_AUTO_TEST_CASE(a_datagram_passes_as_it_is) {
  DatagramGate gate;
  auto datagram = gate.pass(from(7));
  BOOST_REQUIRE(datagram);
  BOOST_TEST((datagram->peer == from(7).peer));
  BOOST_TEST(datagram->bytes == from(7).bytes);
  BOOST_TEST(datagram->dropped_before == 0U);
}

BOOST_AUTO_TEST_CASE(one_source_fills_its_own_places_and_no_others) {
  DatagramGate gate;
  auto waiting = flood(gate, 1'000, 1);
  BOOST_TEST(waiting.size() == datagrams_of_source_max);
  BOOST_TEST(bool{gate.pass(from(2))});
}

BOOST_AUTO_TEST_CASE(all_sources_fill_all_places) {
  DatagramGate gate;
  std::size_t passed = 0;
  std::vector<std::vector<actors::DatagramPtr>> waiting;
  for (std::size_t source = 0; source < 1'000; ++source)
    passed += waiting.emplace_back(flood(gate, 3, source)).size();
  BOOST_TEST(passed == datagrams_waiting_max);
}

BOOST_AUTO_TEST_CASE(whoever_is_taken_makes_room) {
  DatagramGate gate;
  for (int round = 0; round < 10; ++round) {
    auto waiting = flood(gate, 1'000, 1);
    BOOST_TEST(waiting.size() == datagrams_of_source_max);
    waiting.pop_back();
    auto next = gate.pass(from(1));
    BOOST_TEST(bool{next});
    BOOST_TEST(!gate.pass(from(1)));
  }
}

BOOST_AUTO_TEST_CASE(what_was_dropped_is_said_once) {
  DatagramGate gate;
  auto waiting = flood(gate, datagrams_of_source_max + 5, 1);
  for (const auto& one : waiting) BOOST_TEST(one->dropped_before == 0U);
  BOOST_TEST(gate.pass(from(2))->dropped_before == 5U);
  BOOST_TEST(gate.pass(from(2))->dropped_before == 0U);
}

BOOST_AUTO_TEST_CASE(what_waits_may_outlive_the_gate) {
  std::vector<actors::DatagramPtr> waiting;
  {
    DatagramGate gate;
    waiting = flood(gate, 10, 1);
  }
  BOOST_TEST(waiting.front()->bytes == from(1).bytes);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
