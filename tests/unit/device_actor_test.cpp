// The device actor and its tunnels: the device is made what the roster says,
// what others did to it is set right, and what passes through it is recorded.
#include "actors/device.hpp"
#include "tests/simulation/host.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using events::ChangeEndpoints;
using events::TunnelKey;
using schema::Event;
using schema::Repair;
using std::chrono::seconds;

namespace {

/// From one look to the next.
constexpr seconds a_look = actors::device_look_interval;

/// A node whose device is as it should be, and known to be so.
struct Founded : OneNode {
  Founded() {
    stage.pass(a_look);
    node.found();
    stage.pass(2 * a_look);
  }

  std::vector<Repair> repairs() {
    std::vector<Repair> all;
    for (const auto& entry : node.stream("wireguard"))
      if (const auto* repaired =
              schema::GetEntry(entry.data())->payload_as_DeviceRepaired())
        all.push_back(repaired->repair());
    return all;
  }
};

/// The hub's tunnel to a member, and the members' to it.
struct Tunnels : ThreeNodes {
  static TunnelKey key_of(const TestNode& node) {
    return node.state().device.key.value();
  }

  /// Packets pass from now on.
  void shake_hands(TestNode& node, const TestNode& peer) {
    node.device.peer(key_of(peer)).last_handshake_ns = stage.clock().utc_ns;
  }

  static std::vector<Event> changes(TestNode& node, const TestNode& peer) {
    return kinds_of(node.stream(events::tunnel_stream(peer.id())));
  }

  static actors::TunnelActor tunnel_actor(TestNode& node,
                                          const TestNode& peer) {
    auto* state = simulation::look_into<actors::DeviceState>(
        node.kept<actors::DeviceActor>("device"));
    return state->tunnels.at(peer.id());
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(device_actor)

// -- the key -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(the_key_of_the_tunnels_is_made_once, OneNode) {
  stage.pass(a_look);
  BOOST_REQUIRE(node.device.keys.size() == 1U);
  BOOST_TEST(node.state().device.key.value() == node.device.keys[0]);
  stage.pass(seconds{20});
  node.restart();
  stage.pass(seconds{20});
  BOOST_TEST(node.device.keys.size() == 1U);
}

/// The port has it and the ledger does not: another one is made.
BOOST_FIXTURE_TEST_CASE(a_key_that_was_not_recorded_is_not_used, Stage) {
  TestNode node{*this, 1, Mood::fails};
  node.fate = simulation::CommitFate::failed;
  node.device.mood = Mood::works;
  pass(a_look);
  auto lost = node.device.keys;
  BOOST_TEST(!lost.empty());
  node.fate = simulation::CommitFate::done;
  node.restart();
  pass(a_look);
  BOOST_REQUIRE(node.device.keys.size() == lost.size() + 1);
  BOOST_TEST(node.state().device.key.value() == node.device.keys.back());
}

/// The port may come later than the node.
BOOST_FIXTURE_TEST_CASE(a_key_waits_for_its_port, Stage) {
  TestNode node{*this, 1, Mood::fails};
  BOOST_TEST(!node.state().device.key.has_value());
  BOOST_TEST(node.device_status().problem.value() == "the device is stuck");
  node.device.mood = Mood::works;
  pass(a_look);
  BOOST_TEST(node.state().device.key.has_value());
}

// -- what the device is ------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(there_is_no_device_without_a_mesh, OneNode) {
  stage.pass(seconds{20});
  BOOST_TEST(node.device.looks == 0);
  BOOST_TEST(!node.device.shown.exists);
  BOOST_TEST(node.device_plan().empty());
}

BOOST_FIXTURE_TEST_CASE(a_device_is_made_as_soon_as_there_is_a_mesh, OneNode) {
  stage.pass(a_look);
  node.found();
  const auto& shown = node.device.shown;
  BOOST_TEST(shown.exists);
  BOOST_TEST(shown.is_up);
  BOOST_TEST(shown.key.value() == node.device.keys[0]);
  BOOST_TEST(shown.listen_port == 51'820U);
  const auto mesh = node.state().mesh;
  events::IpRange tunnels{events::tunnel_address(mesh, *mesh.find(node.id())),
                          64};
  BOOST_TEST((shown.addresses == std::vector{range("10.8.0.1/24"), tunnels}));
  BOOST_TEST((shown.forwarded == std::vector{range("10.8.0.0/24")}));
}

BOOST_FIXTURE_TEST_CASE(nothing_is_applied_when_nothing_differs, Founded) {
  auto applied = node.device.applied.size();
  auto looks = node.device.looks;
  stage.pass(seconds{60});
  BOOST_TEST(node.device.applied.size() == applied);
  BOOST_TEST(node.device.looks == looks + 30);
}

BOOST_FIXTURE_TEST_CASE(a_device_outlives_the_process, Founded) {
  auto applied = node.device.applied.size();
  node.restart();
  stage.pass(2 * a_look);
  BOOST_TEST(node.device.applied.size() == applied);
  BOOST_TEST(node.device.looks > 0);
}

BOOST_FIXTURE_TEST_CASE(a_new_member_is_a_new_peer_and_nothing_else, Tunnels) {
  BOOST_TEST((hub.device.shown.peers.contains(key_of(a))));
  BOOST_TEST((hub.device.shown.peers.contains(key_of(b))));
  const auto& last = hub.device.applied.back();
  events::DeviceChange one_peer;
  one_peer.peers = last.peers;
  BOOST_TEST((last == one_peer));
  BOOST_REQUIRE(last.peers.size() == 1U);
  BOOST_TEST(last.peers[0].key == key_of(b));
}

BOOST_FIXTURE_TEST_CASE(a_removed_nodes_device_loses_all_of_its_peers,
                        Tunnels) {
  BOOST_TEST(!a.device.shown.peers.empty());
  hub.change(events::RemoveMember{a.id(), "lost"});
  a.import(hub.exported());
  BOOST_TEST(a.device.shown.peers.empty());
  BOOST_TEST(a.device.shown.addresses.empty());
  BOOST_TEST(a.state().device.repairs == 0U);
  BOOST_TEST(!hub.device.shown.peers.contains(key_of(a)));
  BOOST_TEST(hub.state().device.repairs == 0U);
}

// -- news of a few members ---------------------------------------------------

BOOST_FIXTURE_TEST_CASE(news_of_one_member_cost_no_look, Tunnels) {
  auto looks = hub.device.looks;
  auto applied = hub.device.applied.size();
  hub.change(ChangeEndpoints{a.id(), {endpoint("192.0.2.2:1")}});
  BOOST_TEST(hub.device.looks == looks);
  BOOST_TEST(hub.device.applied.size() == applied + 1);
  BOOST_TEST(
      (hub.device.peer(key_of(a)).config.endpoint == endpoint("192.0.2.2:1")));
  hub.change(events::RemoveMember{b.id(), "lost"});
  BOOST_TEST(hub.device.looks == looks);
  BOOST_TEST(!hub.device.shown.peers.contains(key_of(b)));
  stage.pass(3 * a_look);
  BOOST_TEST(hub.device.looks == looks + 3);
  BOOST_TEST(hub.device.applied.size() == applied + 2);
  BOOST_TEST(hub.state().device.repairs == 0U);
}

/// The last look says nothing of it any more.
BOOST_FIXTURE_TEST_CASE(news_of_the_same_member_are_looked_for, Tunnels) {
  auto looks = hub.device.looks;
  for (const auto* where : {"192.0.2.2:1", "192.0.2.2:2"})
    hub.change(ChangeEndpoints{a.id(), {endpoint(where)}});
  BOOST_TEST(hub.device.looks > looks);
  BOOST_TEST(
      (hub.device.peer(key_of(a)).config.endpoint == endpoint("192.0.2.2:2")));
  BOOST_TEST(hub.state().device.repairs == 0U);
}

/// Also where the device was told without a look.
BOOST_FIXTURE_TEST_CASE(who_asks_is_told_how_the_device_is_now, Tunnels) {
  hub.change(ChangeEndpoints{a.id(), {endpoint("192.0.2.2:1")}});
  auto status = hub.device_status();
  BOOST_TEST((status.observed.peers.at(key_of(a)).config.endpoint ==
              endpoint("192.0.2.2:1")));
  BOOST_TEST(status.observed_ns == stage.clock().utc_ns);
}

/// All of a rotation may pass between two looks.
BOOST_FIXTURE_TEST_CASE(a_member_with_another_key_is_called_where_it_was_seen,
                        Tunnels) {
  shake_hands(hub, a);
  hub.device.peer(key_of(a)).config.endpoint = endpoint("198.51.100.7:9");
  stage.pass(a_look);
  auto another = tunnel_key_of(12);
  for (bool is_in_use : {false, true}) {
    caf::anon_send(hub.kept<actors::MeshActor>("mesh"), actors::key_atom::value,
                   a.id(),
                   std::make_shared<const events::KeyNews>(
                       events::KeyNews{another, is_in_use}));
    stage.settle();
  }
  BOOST_TEST(!hub.device.shown.peers.contains(key_of(a)));
  BOOST_TEST(
      (hub.device.peer(another).config.endpoint == endpoint("198.51.100.7:9")));
}

BOOST_FIXTURE_TEST_CASE(news_that_change_no_peer_are_told_to_no_device,
                        Tunnels) {
  hub.change(ChangeEndpoints{a.id(), {endpoint("192.0.2.2:1")}});
  b.import(hub.exported());
  stage.pass(2 * a_look);
  auto looks = b.device.looks;
  auto applied = b.device.applied.size();
  hub.change(ChangeEndpoints{
      a.id(), {endpoint("192.0.2.2:1"), endpoint("192.0.2.2:2")}});
  b.import(hub.exported());
  BOOST_TEST(b.device.looks == looks);
  b.device.shown.listen_port = 7;
  stage.pass(a_look);
  BOOST_TEST(b.device.applied.size() == applied + 1);
  BOOST_TEST(b.state().device.repairs == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_device_that_was_not_right_is_looked_at, Tunnels) {
  hub.device.shown.listen_port = 7;
  hub.device.mood = Mood::takes_nothing;
  stage.pass(a_look);
  hub.device.mood = Mood::works;
  hub.change(ChangeEndpoints{a.id(), {endpoint("192.0.2.2:1")}});
  BOOST_TEST(hub.device.shown.listen_port == 51'820U);
  BOOST_TEST(
      (hub.device.peer(key_of(a)).config.endpoint == endpoint("192.0.2.2:1")));
}

BOOST_FIXTURE_TEST_CASE(news_that_the_device_did_not_take_are_told_again,
                        Tunnels) {
  hub.device.mood = Mood::takes_nothing;
  hub.change(ChangeEndpoints{a.id(), {endpoint("192.0.2.2:1")}});
  BOOST_TEST(hub.device_status().problem.value() == "the device is stuck");
  hub.device.mood = Mood::works;
  stage.pass(a_look);
  BOOST_TEST(
      (hub.device.peer(key_of(a)).config.endpoint == endpoint("192.0.2.2:1")));
  BOOST_TEST(hub.state().device.repairs == 0U);
}

// -- what others did to it ---------------------------------------------------

BOOST_FIXTURE_TEST_CASE(what_somebody_changed_is_set_right_and_recorded,
                        Founded) {
  node.device.shown.listen_port = 7;
  stage.pass(a_look);
  BOOST_TEST(node.device.shown.listen_port == 51'820U);
  BOOST_TEST((repairs() == std::vector{Repair::port_changed}));
  stage.pass(seconds{20});
  BOOST_TEST(repairs().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_device_that_vanished_is_made_again, Founded) {
  auto before = node.device.shown;
  node.device.shown = {};
  stage.pass(a_look);
  BOOST_TEST((node.device.shown == before));
  BOOST_TEST((repairs() == std::vector{Repair::interface_missing}));
}

BOOST_FIXTURE_TEST_CASE(each_repair_after_another_is_recorded, Founded) {
  for (auto port : std::vector<std::uint16_t>{7, 8}) {
    node.device.shown.listen_port = port;
    stage.pass(2 * a_look);
  }
  BOOST_TEST(repairs().size() == 2U);
}

/// Nobody knows whether it was right before.
BOOST_FIXTURE_TEST_CASE(what_differs_at_the_first_look_is_nobodys_doing,
                        Founded) {
  node.device.shown = {};
  node.restart();
  stage.pass(2 * a_look);
  BOOST_TEST(node.device.shown.exists);
  BOOST_TEST(repairs().empty());
}

BOOST_FIXTURE_TEST_CASE(what_the_roster_changed_is_no_repair, Tunnels) {
  hub.device.shown.listen_port = 7;
  hub.change(ChangeEndpoints{a.id(), {endpoint("192.0.2.2:1")}});
  stage.pass(a_look);
  BOOST_TEST(hub.device.shown.listen_port == 51'820U);
  stage.pass(2 * a_look);
  BOOST_TEST(hub.state().device.repairs == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_no_member_is_is_always_recorded, Founded) {
  node.device.shown.peers[tunnel_key_of(9)] = {};
  node.restart();
  stage.pass(2 * a_look);
  BOOST_TEST(node.device.shown.peers.empty());
  BOOST_TEST((repairs() == std::vector{Repair::unknown_peer}));
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_was_a_member_is_removed_without_a_word,
                        Tunnels) {
  hub.change(events::RemoveMember{a.id(), "lost"});
  hub.device.shown.peers[key_of(a)] = {};
  hub.restart();
  stage.pass(2 * a_look);
  BOOST_TEST(!hub.device.shown.peers.contains(key_of(a)));
  BOOST_TEST(hub.state().device.repairs == 0U);
}

BOOST_FIXTURE_TEST_CASE(where_a_live_peer_roamed_to_is_left_alone, Tunnels) {
  shake_hands(a, hub);
  auto& peer = a.device.peer(key_of(hub));
  peer.config.endpoint = endpoint("198.51.100.7:9");
  stage.pass(2 * a_look);
  BOOST_TEST((peer.config.endpoint == endpoint("198.51.100.7:9")));
  BOOST_TEST(a.state().device.repairs == 0U);
}

// -- a port that does not -----------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_port_that_fails_is_told_and_asked_again, Founded) {
  node.device.mood = Mood::fails;
  stage.pass(a_look);
  BOOST_TEST(node.device_status().problem.value() == "the device is stuck");
  node.device.mood = Mood::works;
  stage.pass(a_look);
  BOOST_TEST(!node.device_status().problem.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_device_that_takes_nothing_is_a_problem, Founded) {
  node.device.shown.listen_port = 7;
  node.device.mood = Mood::takes_nothing;
  stage.pass(a_look);
  BOOST_TEST(node.device_status().problem.value() == "the device is stuck");
  node.device.mood = Mood::works;
  stage.pass(2 * a_look);
  BOOST_TEST(node.device.shown.listen_port == 51'820U);
  BOOST_TEST(!node.device_status().problem.has_value());
}

BOOST_FIXTURE_TEST_CASE(of_a_port_that_says_nothing_is_told_what_was_seen_last,
                        Founded) {
  auto before = node.device_status();
  node.device.mood = Mood::says_nothing;
  auto status = node.device_status();
  BOOST_TEST((status.observed == before.observed));
  BOOST_TEST(!status.implementation.empty());
}

/// Each try would otherwise be one more.
BOOST_FIXTURE_TEST_CASE(what_can_not_be_set_right_is_recorded_once, Founded) {
  node.device.shown.listen_port = 7;
  node.device.mood = Mood::takes_nothing;
  stage.pass(seconds{20});
  BOOST_TEST(repairs().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_port_that_says_nothing_is_waited_for_30_seconds,
                        Founded) {
  node.device.mood = Mood::says_nothing;
  stage.pass(a_look + seconds{28});
  BOOST_TEST(!node.device_status().problem.has_value());
  stage.pass(seconds{3});
  BOOST_TEST(mentions(node.device_status().problem.value(), "no answer"));
  node.device.mood = Mood::works;
  stage.pass(actors::wireguard_patience);
  BOOST_TEST(!node.device_status().problem.has_value());
}

/// What was decided before is not true any more when the port goes on.
BOOST_FIXTURE_TEST_CASE(nobody_waits_for_a_change_after_30_seconds, Founded) {
  node.device.shown.listen_port = 7;
  stage.pass(seconds{1});
  node.device.mood = Mood::changes_nothing;
  stage.pass(seconds{1});
  BOOST_REQUIRE(!node.device.wishes.empty());
  auto wish = node.device.wishes.back();
  BOOST_TEST(!wish.change.expired());
  stage.pass(seconds{29});
  BOOST_TEST(!wish.change.expired());
  stage.pass(seconds{1});
  BOOST_TEST(wish.change.expired());
}

BOOST_FIXTURE_TEST_CASE(nobody_waits_for_what_a_dead_actor_asked, Founded) {
  node.device.shown.listen_port = 7;
  node.device.mood = Mood::changes_nothing;
  stage.pass(a_look);
  auto wish = node.device.wishes.back();
  BOOST_TEST(!wish.change.expired());
  node.kill("device");
  BOOST_TEST(wish.change.expired());
}

BOOST_FIXTURE_TEST_CASE(what_should_be_is_known_without_the_port, Tunnels) {
  hub.device.mood = Mood::fails;
  hub.restart();
  stage.pass(a_look);
  auto status = hub.device_status();
  BOOST_TEST(status.problem.has_value());
  BOOST_TEST(status.implementation == "");
  BOOST_TEST(status.desired.peers.size() == 2U);
}

// -- plans -------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_plan_says_what_the_next_apply_would_change, Founded) {
  BOOST_TEST(node.device_plan().empty());
  node.device.shown.listen_port = 7;
  BOOST_TEST(
      node.device_plan() == std::vector<std::string>{"listen on port 51820"},
      boost::test_tools::per_element());
  BOOST_TEST(node.device.shown.listen_port == 7U);
}

BOOST_FIXTURE_TEST_CASE(a_plan_names_members_by_their_names, Tunnels) {
  hub.device.shown.peers.erase(key_of(a));
  auto plan = hub.device_plan();
  BOOST_REQUIRE(plan.size() == 1U);
  BOOST_TEST(mentions(plan[0], "add node-2"));
}

/// It roamed and fell silent, which is nobody's doing.
BOOST_FIXTURE_TEST_CASE(where_a_peer_roamed_to_is_no_repair, Tunnels) {
  hub.change(ChangeEndpoints{a.id(), {endpoint("192.0.2.2:1")}});
  stage.pass(2 * a_look);
  hub.device.peer(key_of(a)).config.endpoint = endpoint("198.51.100.7:9");
  stage.pass(2 * a_look);
  BOOST_TEST(
      (hub.device.peer(key_of(a)).config.endpoint == endpoint("192.0.2.2:1")));
  BOOST_TEST(hub.state().device.repairs == 0U);
}

/// It is by the clock of now, whenever the device was looked at last.
BOOST_FIXTURE_TEST_CASE(a_plan_leaves_a_live_peer_alone_too, Tunnels) {
  shake_hands(a, hub);
  a.device.peer(key_of(hub)).config.endpoint = endpoint("198.51.100.7:9");
  a.device.mood = Mood::fails;
  a.restart();
  a.device.mood = Mood::works;
  BOOST_TEST(a.device_plan().empty());
}

BOOST_FIXTURE_TEST_CASE(a_plan_needs_the_port, Founded) {
  node.device.mood = Mood::fails;
  auto plan = stage.ask<actors::WordsPtr>(
      node.kept<actors::DeviceActor>("device"), actors::plan_atom::value);
  BOOST_TEST(error_of(plan).message == "the device is stuck");
}

// -- tunnels -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_tunnel_comes_up_and_goes_down_in_the_ledger,
                        Tunnels) {
  shake_hands(hub, a);
  stage.pass(2 * a_look);
  BOOST_TEST((changes(hub, a) == std::vector{Event::TunnelUp}));
  BOOST_TEST(hub.device_status().tunnels.at(a.id()).is_up);
  stage.pass(seconds{180});
  BOOST_TEST(
      (changes(hub, a) == std::vector{Event::TunnelUp, Event::TunnelDown}));
  BOOST_TEST(!hub.device_status().tunnels.at(a.id()).is_up);
  BOOST_TEST(changes(hub, b).empty());
}

/// One that came back before that was recorded would not be told again.
BOOST_FIXTURE_TEST_CASE(a_tunnel_says_what_is_recorded_of_it, Tunnels) {
  actors::TunnelSight sight;
  for (bool is_up : {true, false}) {
    sight.observed.last_handshake_ns = is_up ? stage.clock().utc_ns : 0;
    auto recorded = must(stage.ask<events::Tunnel>(
        tunnel_actor(hub, a), actors::observed_atom::value,
        std::make_shared<const actors::TunnelSight>(sight)));
    BOOST_TEST(recorded.is_up == is_up);
  }
}

BOOST_FIXTURE_TEST_CASE(a_tunnel_that_was_up_goes_down_after_a_start, Tunnels) {
  shake_hands(hub, a);
  stage.pass(2 * a_look);
  hub.device.shown = {};
  hub.restart();
  stage.pass(2 * a_look);
  BOOST_TEST(
      (changes(hub, a) == std::vector{Event::TunnelUp, Event::TunnelDown}));
}

BOOST_FIXTURE_TEST_CASE(a_tunnel_whose_peer_is_gone_is_down, Tunnels) {
  shake_hands(hub, a);
  stage.pass(2 * a_look);
  BOOST_TEST((changes(hub, a) == std::vector{Event::TunnelUp}));
  hub.device.shown = {};
  hub.device.mood = Mood::takes_nothing;
  stage.pass(2 * a_look);
  BOOST_TEST(
      (changes(hub, a) == std::vector{Event::TunnelUp, Event::TunnelDown}));
}

BOOST_FIXTURE_TEST_CASE(a_tunnel_actor_that_died_is_there_at_the_next_look,
                        Tunnels) {
  auto first = tunnel_actor(hub, a);
  caf::anon_send_exit(first, caf::exit_reason::kill);
  stage.settle();
  stage.pass(a_look);
  BOOST_TEST((tunnel_actor(hub, a) != first));
  shake_hands(hub, a);
  stage.pass(a_look);
  BOOST_TEST((changes(hub, a) == std::vector{Event::TunnelUp}));
}

BOOST_FIXTURE_TEST_CASE(tunnels_end_with_their_device_actor, Tunnels) {
  auto first = tunnel_actor(hub, a);
  hub.kill("device");
  BOOST_TEST((simulation::look_into<actors::TunnelState>(first) == nullptr));
  shake_hands(hub, a);
  stage.pass(2 * a_look);
  BOOST_TEST((changes(hub, a) == std::vector{Event::TunnelUp}));
}

BOOST_FIXTURE_TEST_CASE(the_tunnel_to_a_removed_member_ends, Tunnels) {
  auto tunnel = tunnel_actor(hub, a);
  hub.change(events::RemoveMember{a.id(), "lost"});
  stage.pass(a_look);
  BOOST_TEST((simulation::look_into<actors::TunnelState>(tunnel) == nullptr));
  BOOST_TEST(!hub.device_status().tunnels.contains(a.id()));
}

// -- two machines with one key -----------------------------------------------

BOOST_FIXTURE_TEST_CASE(two_machines_that_fight_for_a_tunnel_are_reported,
                        Tunnels) {
  auto& peer = hub.device.peer(key_of(a));
  auto fight = [&](int changes) {
    for (int i = 0; i < changes; ++i) {
      shake_hands(hub, a);
      peer.config.endpoint =
          endpoint(i % 2 == 0 ? "192.0.2.2:1" : "198.51.100.7:9");
      stage.pass(5 * a_look);
    }
  };
  fight(5);
  BOOST_TEST(hub.state().clashes.empty());
  fight(20);
  BOOST_REQUIRE(hub.state().clashes.size() == 1U);
  auto [node, clash] = hub.state().clashes.begin()->first;
  BOOST_TEST(node == a.id());
  BOOST_TEST((clash == schema::Clash::two_endpoints));
  BOOST_TEST(hub.stream("clash").size() == 1U);
  BOOST_TEST(std::count_if(hub.notices.begin(), hub.notices.end(),
                           [](const auto& notice) {
                             return notice.event == "mesh.clash";
                           }) == 1);
  stage.pass(seconds{3600});
  fight(20);
  BOOST_TEST(hub.stream("clash").size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
