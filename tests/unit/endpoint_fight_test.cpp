// Two machines with one tunnel key are told from one that moves.
#include "events/endpoint_fight.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::EndpointTrail;
using events::fight_return_ns;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t begin_ns = 1'767'225'600'000'000'000;

const char* const home = "192.0.2.1:51820";
const char* const abroad = "198.51.100.7:9";

struct Peer {
  /// Seen there so many seconds later.
  bool at(const char* where, std::int64_t seconds = 12) {
    now_ns += seconds * second_ns;
    events::ObservedPeer peer;
    peer.config.endpoint = endpoint(where);
    peer.last_handshake_ns = is_live ? now_ns : 0;
    return events::follow(trail, peer, now_ns);
  }

  /// Changes to the one and the other; in which of them a fight was seen first.
  int fight(int changes, std::int64_t seconds = 12) {
    for (int i = 1; i <= changes; ++i)
      if (at(i % 2 == 0 ? home : abroad, seconds)) return i;
    return 0;
  }

  EndpointTrail trail;
  std::int64_t now_ns = begin_ns;
  bool is_live = true;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(endpoint_fight)

BOOST_AUTO_TEST_CASE(back_and_forth_again_and_again_is_a_fight) {
  Peer peer;
  BOOST_TEST(!peer.at(home));
  BOOST_TEST(peer.fight(20) == 5);
  BOOST_TEST(peer.trail.at->text() == abroad);
  BOOST_TEST(peer.trail.before->text() == home);
}

BOOST_AUTO_TEST_CASE(a_fight_that_goes_on_is_seen_again) {
  Peer peer;
  peer.at(home);
  BOOST_TEST(peer.fight(5) == 5);
  BOOST_TEST(!peer.at(home));
  BOOST_TEST(!peer.at(abroad));
  BOOST_TEST(!peer.at(home));
  BOOST_TEST(peer.at(abroad));
}

BOOST_AUTO_TEST_CASE(who_moves_on_does_not_fight) {
  Peer peer;
  for (int i = 1; i < 100; ++i)
    BOOST_TEST(!peer.at(("192.0.2." + std::to_string(i) + ":1").c_str()));
}

BOOST_AUTO_TEST_CASE(who_moves_and_comes_back_once_does_not_fight) {
  Peer peer;
  peer.at(home);
  BOOST_TEST(peer.fight(4) == 0);
  // A third place between ends the row.
  BOOST_TEST(!peer.at("203.0.113.5:5"));
  BOOST_TEST(peer.fight(4) == 0);
}

BOOST_AUTO_TEST_CASE(who_takes_his_time_does_not_fight) {
  Peer peer;
  peer.at(home);
  BOOST_TEST(peer.fight(50, fight_return_ns / second_ns + 1) == 0);
  BOOST_TEST(peer.fight(50, fight_return_ns / second_ns) != 0);
}

BOOST_AUTO_TEST_CASE(what_stays_is_no_change) {
  Peer peer;
  for (int i = 0; i < 20; ++i) BOOST_TEST(!peer.at(home));
  BOOST_TEST(!peer.trail.before.has_value());
}

/// Its endpoint is what this node sets.
BOOST_AUTO_TEST_CASE(a_peer_through_which_nothing_passes_does_not_fight) {
  Peer peer;
  peer.is_live = false;
  BOOST_TEST(peer.fight(20) == 0);
}

BOOST_AUTO_TEST_CASE(a_fight_is_noted_with_its_hour_and_its_places) {
  Peer peer;
  peer.at(home);
  peer.fight(5);
  auto note = events::note_of_fight(node_of(2), peer.trail);
  BOOST_TEST((note.clash == schema::Clash::two_endpoints));
  BOOST_TEST(note.node == node_of(2));
  BOOST_TEST(note.number == begin_ns / second_ns / 3600);
  BOOST_TEST(std::string(note.evidence.begin(), note.evidence.end()) ==
             std::string{home} + " " + abroad);
}

/// A clock may be before 1970.
BOOST_AUTO_TEST_CASE(no_hour_is_negative) {
  Peer peer;
  peer.now_ns = -begin_ns;
  peer.at(home);
  peer.fight(5);
  BOOST_TEST(events::note_of_fight(node_of(2), peer.trail).number == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
