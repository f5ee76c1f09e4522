// Where members are called who can not be reached yet: the order, how many at a
// time, what a translating router lets in, and what a liar gets for his lies.
#include "events/candidates.hpp"

#include <iostream>

#include "events/peer_watch.hpp"
#include "events/topology.hpp"
#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::Candidate;
using events::CandidateKind;
using events::Candidates;
using events::Endpoint;
using events::Whereabouts;
using events::WhereaboutsLetters;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint16_t port = 51'820;

/// Number 2 looks for the others; number 1 is hub and controller, and reached.
class Caller {
 public:
  explicit Caller(std::uint32_t count) : author_(mesh_of(count)) {
    device_.listen_port = port;
    candidates_.note_own({address("192.168.1.2")});
    make_live(1);
    look();
  }

  void make_live(std::uint32_t node) {
    device_.peers[tunnel_key_of(node)].last_handshake_ns = 1;
  }
  void make_dark(std::uint32_t node) {
    device_.peers[tunnel_key_of(node)].last_handshake_ns = 0;
  }
  void break_tunnel(std::uint32_t node) { broken_.insert(node_of(node)); }
  void mend_tunnel(std::uint32_t node) { broken_.erase(node_of(node)); }
  void look() {
    candidates_.keep_members(mesh());
    candidates_.look(mesh(), device_, events::nodes_of(mesh()), broken_, 2);
  }
  void look_at_what_changed() {
    auto seen = std::make_shared<events::ObservedDevice>(device_);
    auto changed = events::holders_of(mesh(), watch_.look(seen, 2));
    candidates_.look(mesh(), device_, changed, broken_, 2);
  }

  void configure(std::uint32_t node, std::vector<Endpoint> endpoints) {
    author_(events::ChangeEndpoints{node_of(node), std::move(endpoints)});
  }
  void want(std::uint32_t node) { wanted_.insert(node_of(node)); }
  WhereaboutsLetters hear(std::uint32_t from, const Whereabouts& what) {
    return candidates_.take(mesh(), node_of(from), what, now_);
  }
  WhereaboutsLetters see_at(std::uint32_t by, const Endpoint& at) {
    return candidates_.note_seen_at(mesh(), node_of(by), at, now_);
  }

  WhereaboutsLetters step() {
    now_ += second;
    return candidates_.tick(mesh(), wanted_, now_);
  }
  [[nodiscard]] std::optional<Endpoint> called(std::uint32_t node) const {
    const auto& calls = candidates_.calls();
    auto found = calls.find(node_of(node));
    return found == calls.end() ? std::nullopt : found->second.endpoint;
  }
  [[nodiscard]] std::vector<Candidate> tried(std::uint32_t node) const {
    const auto& calls = candidates_.calls();
    auto found = calls.find(node_of(node));
    return found == calls.end() ? std::vector<Candidate>{}
                                : found->second.tried;
  }
  [[nodiscard]] bool is_restless() {
    return candidates_.is_restless(mesh(), wanted_, now_);
  }
  [[nodiscard]] const events::Mesh& mesh() const { return author_.mesh(); }

 private:
  RosterAuthor author_;
  events::ObservedDevice device_;
  std::set<NodeId> broken_;
  std::set<NodeId> wanted_;
  std::uint64_t now_ = 1'000 * second;
  events::PeerWatch watch_;
  Candidates candidates_{node_of(2)};
};

Whereabouts answer(std::vector<Endpoint> local,
                   std::vector<Endpoint> observed = {}) {
  return {true, std::move(local), std::move(observed)};
}

/// Where it is called, one after the other, until there is a rest.
std::vector<Endpoint> calls_of(Caller& caller, std::uint32_t node) {
  std::vector<Endpoint> calls;
  for (int i = 0; i < 200; ++i) {
    caller.step();
    auto at = caller.called(node);
    if (!at && !calls.empty()) break;
    if (at && (calls.empty() || calls.back() != *at)) calls.push_back(*at);
  }
  return calls;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(candidates)

BOOST_AUTO_TEST_CASE(nobody_is_called_who_is_not_wanted) {
  Caller caller{4};
  BOOST_TEST(!caller.is_restless());
  BOOST_TEST(caller.step().empty());
}

BOOST_AUTO_TEST_CASE(who_is_wanted_is_asked_where_it_is) {
  Caller caller{4};
  caller.see_at(1, endpoint("203.0.113.7:4000"));
  caller.want(3);
  auto letters = caller.step();
  BOOST_TEST_REQUIRE(letters.size() == 1U);
  BOOST_TEST((letters[0].to == node_of(3)));
  BOOST_TEST(!letters[0].knocks);
  BOOST_TEST(!letters[0].what.is_answer);
  BOOST_TEST(
      (letters[0].what.local == std::vector{endpoint("192.168.1.2:51820")}));
  BOOST_TEST(
      (letters[0].what.observed == std::vector{endpoint("203.0.113.7:4000")}));
}

BOOST_AUTO_TEST_CASE(candidates_are_tried_local_then_observed_then_configured) {
  Caller caller{4};
  caller.configure(3, {endpoint("192.0.2.3:1")});
  caller.want(3);
  caller.step();
  caller.hear(3, answer({endpoint("10.0.0.3:51820")},
                        {endpoint("203.0.113.3:7"), endpoint("192.0.2.3:1")}));
  BOOST_TEST((calls_of(caller, 3) == std::vector{endpoint("10.0.0.3:51820"),
                                                 endpoint("203.0.113.3:7"),
                                                 endpoint("192.0.2.3:1")}));
  BOOST_TEST((caller.tried(3) ==
              std::vector<Candidate>{
                  {CandidateKind::local, endpoint("10.0.0.3:51820")},
                  {CandidateKind::observed, endpoint("203.0.113.3:7")},
                  {CandidateKind::observed, endpoint("192.0.2.3:1")}}));
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_is_called_where_the_roster_says) {
  Caller caller{4};
  caller.configure(3, {endpoint("192.0.2.3:1"), endpoint("192.0.2.3:2")});
  caller.want(3);
  BOOST_TEST((calls_of(caller, 3) ==
              std::vector{endpoint("192.0.2.3:1"), endpoint("192.0.2.3:2")}));
}

BOOST_AUTO_TEST_CASE(a_call_knocks_once_the_device_knows_where) {
  Caller caller{4};
  caller.configure(3, {endpoint("192.0.2.3:1")});
  caller.want(3);
  while (!caller.called(3)) caller.step();
  int knocks = 0;
  while (caller.called(3))
    for (const auto& letter : caller.step()) {
      BOOST_TEST(letter.knocks);
      ++knocks;
    }
  BOOST_TEST(knocks >= 1);
  BOOST_TEST(knocks <= 2);
}

BOOST_AUTO_TEST_CASE(who_asks_is_called_back) {
  Caller caller{4};
  auto letters = caller.hear(3, {false, {endpoint("10.0.0.3:51820")}, {}});
  BOOST_TEST_REQUIRE(letters.size() == 1U);
  BOOST_TEST(letters[0].what.is_answer);
  caller.step();
  BOOST_TEST((caller.called(3) == endpoint("10.0.0.3:51820")));
}

BOOST_AUTO_TEST_CASE(a_question_is_answered_once_a_second) {
  Caller caller{4};
  BOOST_TEST(caller.hear(3, {}).size() == 1U);
  BOOST_TEST(caller.hear(3, {}).empty());
  caller.step();
  BOOST_TEST(caller.hear(3, {}).size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_is_reached_is_called_no_more) {
  Caller caller{4};
  caller.configure(3, {endpoint("192.0.2.3:1")});
  caller.want(3);
  while (!caller.called(3)) caller.step();
  caller.make_live(3);
  caller.look();
  BOOST_TEST(!caller.called(3));
  BOOST_TEST(!caller.is_restless());
  BOOST_TEST(caller.step().empty());
}

/// Its handshake lasts, and it is somewhere else by now.
BOOST_AUTO_TEST_CASE(who_answers_no_more_is_called_again) {
  Caller caller{4};
  caller.configure(3, {endpoint("192.0.2.3:1")});
  caller.make_live(3);
  caller.want(3);
  caller.break_tunnel(3);
  caller.look();
  BOOST_TEST((calls_of(caller, 3) == std::vector{endpoint("192.0.2.3:1")}));
}

BOOST_AUTO_TEST_CASE(the_hub_is_called_without_any_traffic) {
  Caller caller{4};
  caller.configure(1, {endpoint("192.0.2.1:1"), endpoint("192.0.2.1:2")});
  caller.make_dark(1);
  for (int i = 0; i < 10; ++i) caller.look();
  BOOST_TEST((calls_of(caller, 1) ==
              std::vector{endpoint("192.0.2.1:1"), endpoint("192.0.2.1:2")}));
}

BOOST_AUTO_TEST_CASE(two_are_called_at_a_time_beside_the_hub) {
  Caller caller{12};
  for (std::uint32_t node = 3; node <= 12; ++node) {
    caller.configure(
        node, {{address("192.0.2.9"), static_cast<std::uint16_t>(node)}});
    caller.want(node);
  }
  std::set<std::uint32_t> all;
  for (int i = 0; i < 120; ++i) {
    caller.step();
    std::size_t now = 0;
    for (std::uint32_t node = 3; node <= 12; ++node)
      if (caller.called(node)) {
        all.insert(node);
        ++now;
      }
    BOOST_TEST(now < events::calls_at_once);
  }
  BOOST_TEST(all.size() == 10U);
}

BOOST_AUTO_TEST_CASE(who_reaches_nobody_calls_everybody) {
  Caller caller{5};
  for (std::uint32_t node = 3; node <= 5; ++node)
    caller.configure(
        node, {{address("192.0.2.9"), static_cast<std::uint16_t>(node)}});
  caller.make_dark(1);
  for (int i = 0; i < 10; ++i) caller.look();
  std::set<std::uint32_t> called;
  for (int i = 0; i < 200; ++i) {
    caller.step();
    for (std::uint32_t node = 3; node <= 5; ++node)
      if (caller.called(node)) called.insert(node);
  }
  BOOST_TEST(called.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_look_at_what_changed_tells_as_much_as_one_at_all) {
  auto seed = seed_or(3);
  std::cout << "PPN_TEST_SEED=" << seed << '\n';
  Random random{seed};
  constexpr std::uint32_t count = 6;
  for (int round = 0; round < 50; ++round) {
    Caller some{count};
    Caller all{count};
    auto both = [&](auto what) {
      what(some);
      what(all);
    };
    for (int turn = 0; turn < 400; ++turn) {
      auto node = static_cast<std::uint32_t>(1 + random.below(count));
      if (node == 2) continue;
      auto port_there = static_cast<std::uint16_t>(1 + random.below(5));
      auto what = random.below(20);
      both([&](Caller& caller) {
        Endpoint there{address("198.51.100.7"), port_there};
        if (what == 0) caller.make_live(node);
        if (what == 1) caller.make_dark(node);
        if (what == 2) caller.break_tunnel(node);
        if (what == 3) caller.mend_tunnel(node);
        if (what == 4) caller.want(node);
        if (what == 5) caller.hear(node, {false, {there}, {}});
        if (what == 6) caller.hear(node, answer({}, {there}));
        if (what == 7) caller.see_at(node, there);
      });
      if (turn % 2 == 0) {
        some.look_at_what_changed();
        all.look();
      }
      auto said = some.step();
      auto said_by_all = all.step();
      BOOST_REQUIRE_EQUAL(said.size(), said_by_all.size());
      for (std::size_t i = 0; i < said.size(); ++i)
        BOOST_REQUIRE(said[i].to == said_by_all[i].to &&
                      said[i].what == said_by_all[i].what);
      BOOST_REQUIRE(some.called(node) == all.called(node));
      BOOST_REQUIRE(some.tried(node) == all.tried(node));
      BOOST_REQUIRE_EQUAL(some.is_restless(), all.is_restless());
    }
  }
}

BOOST_AUTO_TEST_CASE(of_many_who_do_not_answer_each_gets_its_turn) {
  constexpr std::uint32_t count = 200;
  Caller caller{count};
  for (std::uint32_t node = 3; node <= count; ++node)
    caller.configure(
        node, {{address("192.0.2.9"), static_cast<std::uint16_t>(node)}});
  caller.make_dark(1);
  for (int i = 0; i < 10; ++i) caller.look();
  std::set<std::uint32_t> called;
  for (int i = 0; i < 3'600; ++i) {
    caller.step();
    for (std::uint32_t node = 3; node <= count; ++node)
      if (caller.called(node)) called.insert(node);
  }
  BOOST_TEST(called.size() == count - 2);
}

/// However often somebody says that it is at a victim's address, and however
/// many do.
BOOST_AUTO_TEST_CASE(liars_make_nobody_flood_a_victim) {
  Caller caller{20};
  auto victim = endpoint("198.51.100.1:53");
  int knocks = 0;
  constexpr int seconds = 3'600;
  for (int i = 0; i < seconds; ++i) {
    for (std::uint32_t node = 3; node <= 20; ++node)
      caller.hear(node, {false, {victim}, {victim}});
    for (const auto& letter : caller.step()) knocks += letter.knocks ? 1 : 0;
  }
  // WireGuard says one word for each knock, and one more 5 s later.
  BOOST_TEST(knocks <= seconds / 2 + 10);
  BOOST_TEST(knocks > 0);
}

/// Two who rest at different times would never call each other at once.
BOOST_AUTO_TEST_CASE(who_asks_ends_a_rest) {
  Caller caller{4};
  caller.configure(3, {endpoint("192.0.2.3:1")});
  caller.want(3);
  Whereabouts question{false, {endpoint("10.0.0.3:51820")}, {}};
  for (int round = 0; round < 3; ++round) {
    while (!caller.called(3)) caller.step();
    while (caller.called(3)) caller.step();
  }
  for (int i = 0; i < 31; ++i) caller.step();
  BOOST_TEST(!caller.called(3));
  caller.hear(3, question);
  caller.step();
  BOOST_TEST((caller.called(3) == endpoint("10.0.0.3:51820")));
}

BOOST_AUTO_TEST_CASE(news_of_where_somebody_is_end_a_rest) {
  Caller caller{4};
  caller.want(3);
  caller.hear(3, answer({}));
  for (int i = 0; i < 5; ++i) caller.step();
  caller.hear(3, answer({}, {endpoint("203.0.113.3:7")}));
  caller.step();
  BOOST_TEST((caller.called(3) == endpoint("203.0.113.3:7")));
}

/// Number 3 is called in vain, and rests.
void let_rest(Caller& caller) {
  caller.configure(3, {endpoint("192.0.2.3:1")});
  caller.want(3);
  calls_of(caller, 3);
  BOOST_TEST_REQUIRE(!caller.called(3));
}

BOOST_AUTO_TEST_CASE(who_is_seen_elsewhere_tells_whom_it_calls_in_vain) {
  Caller caller{4};
  BOOST_TEST(caller.see_at(1, endpoint("203.0.113.7:4000")).empty());
  let_rest(caller);
  BOOST_TEST(caller.see_at(1, endpoint("203.0.113.7:4000")).empty());
  auto letters = caller.see_at(1, endpoint("203.0.113.8:4000"));
  BOOST_TEST_REQUIRE(letters.size() == 1U);
  BOOST_TEST((letters[0].to == node_of(3)));
  BOOST_TEST(!letters[0].knocks);
  BOOST_TEST(
      (letters[0].what.observed == std::vector{endpoint("203.0.113.8:4000")}));
}

BOOST_AUTO_TEST_CASE(who_is_seen_elsewhere_rests_no_longer) {
  Caller caller{4};
  let_rest(caller);
  caller.see_at(1, endpoint("203.0.113.8:4000"));
  for (int i = 0; i < 5; ++i) caller.step();
  BOOST_TEST((caller.called(3) == endpoint("192.0.2.3:1")));
}

BOOST_AUTO_TEST_CASE(a_rest_just_begun_ends_when_the_other_one_has_moved) {
  Caller caller{4};
  let_rest(caller);
  caller.hear(3, {false, {}, {endpoint("203.0.113.3:7")}});
  caller.step();
  BOOST_TEST((caller.called(3) == endpoint("203.0.113.3:7")));
}

BOOST_AUTO_TEST_CASE(who_moves_all_the_time_is_given_its_rests) {
  Caller caller{4};
  caller.want(3);
  int calls = 0;
  std::optional<Endpoint> last;
  constexpr int seconds = 1'200;
  for (int i = 0; i < seconds; ++i) {
    auto port_of_now = static_cast<std::uint16_t>(1 + i / 20);
    caller.hear(3, {false, {}, {{address("198.51.100.1"), port_of_now}}});
    caller.step();
    auto at = caller.called(3);
    if (at && at != last) ++calls;
    last = at;
  }
  // A round each half a minute, and one more each two minutes, not sixty.
  BOOST_TEST(calls <= seconds / 30 + seconds / 120 + 3);
}

/// It says at each word that it is somewhere else.
BOOST_AUTO_TEST_CASE(a_liar_gets_no_more_calls_than_a_round_has) {
  Caller caller{4};
  int calls = 0;
  std::optional<Endpoint> last;
  constexpr int seconds = 600;
  for (int i = 0; i < seconds; ++i) {
    auto somewhere =
        Endpoint{address("198.51.100.1"), static_cast<std::uint16_t>(1 + i)};
    caller.hear(3, {false, {somewhere}, {}});
    caller.step();
    auto at = caller.called(3);
    if (at && at != last) ++calls;
    last = at;
  }
  // Twelve in a row take more than a minute, and then there is a rest.
  BOOST_TEST(calls <= 12 * (1 + seconds / 100));
  BOOST_TEST(caller.tried(3).size() <= 12U);
}

BOOST_AUTO_TEST_CASE(where_it_was_seen_by_who_sees_it_no_more_is_not_told) {
  Caller caller{4};
  caller.make_live(4);
  caller.look();
  caller.see_at(4, endpoint("203.0.113.7:4000"));
  caller.make_dark(4);
  caller.look();
  caller.want(3);
  BOOST_TEST(caller.step().at(0).what.observed.empty());
}

BOOST_AUTO_TEST_CASE(pauses_grow_up_to_ten_minutes) {
  Caller caller{4};
  caller.configure(3, {endpoint("192.0.2.3:1")});
  caller.want(3);
  int rounds = 0;
  bool was_called = false;
  for (int i = 0; i < 3'600; ++i) {
    caller.step();
    bool is_called = caller.called(3).has_value();
    if (is_called && !was_called) ++rounds;
    was_called = is_called;
  }
  BOOST_TEST(rounds >= 8);
  BOOST_TEST(rounds <= 14);
}

BOOST_AUTO_TEST_CASE(nothing_is_called_that_is_not_one_host_beyond_this_one) {
  auto mesh = mesh_of(3, "10.8.0.0/24", "fd00:8::/64").mesh();
  auto tunnel = events::tunnel_address(mesh, *mesh.find(node_of(2)));
  for (const auto* text :
       {"0.0.0.1:1", "127.0.0.1:53", "169.254.1.1:1", "224.0.0.1:1",
        "255.255.255.255:1", "10.8.0.2:1", "[::1]:1", "[fe80::1]:1",
        "[ff02::1]:1", "[::ffff:127.0.0.1]:1", "[fd00:8::2]:1"})
    BOOST_TEST(!events::is_callable(mesh, endpoint(text)), text);
  BOOST_TEST(!events::is_callable(mesh, Endpoint{tunnel, 1}));
  BOOST_TEST(!events::is_callable(mesh, Endpoint{address("192.0.2.1"), 0}));
  for (const auto* text : {"192.168.1.1:1", "10.9.0.1:1", "203.0.113.1:65535",
                           "[2001:db8::1]:1", "[fd01::1]:1"})
    BOOST_TEST(events::is_callable(mesh, endpoint(text)), text);
}

BOOST_AUTO_TEST_CASE(its_own_address_behind_another_router_is_not_called) {
  Caller caller{4};
  caller.want(3);
  caller.step();
  caller.hear(
      3, answer({endpoint("192.168.1.2:51820")}, {endpoint("203.0.113.3:7")}));
  BOOST_TEST((calls_of(caller, 3) == std::vector{endpoint("203.0.113.3:7")}));
}

BOOST_AUTO_TEST_CASE(where_others_say_it_is_is_told_only_if_it_can_be) {
  Caller caller{4};
  caller.see_at(1, endpoint("127.0.0.1:1"));
  caller.see_at(3, endpoint("192.168.1.2:51820"));
  caller.see_at(4, endpoint("203.0.113.7:4000"));
  caller.want(3);
  BOOST_TEST((caller.step().at(0).what.observed ==
              std::vector{endpoint("203.0.113.7:4000")}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
