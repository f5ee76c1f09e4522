// The scheduler: what the controller knows of the hosts of its fleet, from what
// real nodes tell it.
#include "actors/scheduler.hpp"

#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using events::HostStanding;
using std::chrono::seconds;

namespace {

/// Three members; the founder is the controller.
struct Fleet : ThreeNodes {
  /// They speak for a while; nobody in `deaf` hears.
  void speak(int times, const std::vector<const TestNode*>& deaf = {}) {
    for (int i = 0; i < times; ++i) {
      pass(seconds{5}, deaf);
      carry(deaf);
    }
  }

  actors::FleetStatus fleet_of(TestNode& node) {
    return *must(stage.ask<actors::FleetStatusPtr>(
        node.kept<actors::SchedulerActor>("scheduler"),
        actors::status_atom::value));
  }

  std::string standing(const TestNode& other) {
    return std::string{
        events::name_of(fleet_of(hub).hosts.at(other.id()).standing)};
  }

  std::vector<schema::Event> recorded() {
    return kinds_of(hub.stream(events::fleet_stream));
  }

  store::Result<std::uint64_t> use(TestNode& by, const events::UseHost& wish) {
    auto proposal = by.propose(wish);
    if (!proposal) return proposal.error();
    return by.commit(*proposal);
  }

  void move_controller_to(TestNode& node) {
    hub.change(events::MoveRole{schema::Role::controller, node.id()});
    speak(6);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scheduler, Fleet)

BOOST_AUTO_TEST_CASE(the_controller_learns_what_each_host_has) {
  speak(12);
  auto status = fleet_of(hub);
  BOOST_TEST(status.is_controller);
  BOOST_TEST(status.controller == "node-1");
  BOOST_TEST(status.hosts.size() == 3U);
  for (const auto* node : {&hub, &a, &b}) {
    const auto& host = status.hosts.at(node->id());
    BOOST_TEST((host.standing == HostStanding::live), host.name);
    BOOST_TEST(host.report.has_value(), host.name);
  }
}

BOOST_AUTO_TEST_CASE(who_is_not_the_controller_knows_nothing_and_names_it) {
  speak(12);
  auto status = fleet_of(a);
  BOOST_TEST(!status.is_controller);
  BOOST_TEST(status.controller == "node-1");
  BOOST_TEST(status.hosts.empty());
}

BOOST_AUTO_TEST_CASE(hosts_fall_silent_and_are_heard_again) {
  speak(12);
  BOOST_TEST(recorded().empty());
  speak(8, {&hub});
  BOOST_TEST(standing(a) == "silent");
  BOOST_TEST(standing(b) == "silent");
  BOOST_TEST(standing(hub) == "live");
  std::vector due(2, schema::Event::HostFellSilent);
  BOOST_TEST((recorded() == due));
  speak(6);
  BOOST_TEST(standing(b) == "live");
  due.resize(4, schema::Event::HostHeardAgain);
  BOOST_TEST((recorded() == due));
}

BOOST_AUTO_TEST_CASE(a_host_is_drained_and_reserved_by_commits) {
  speak(2);
  auto proposal = must(hub.propose(events::UseHost{a.id(), true, true}));
  BOOST_TEST(hub.proposals().front().plan ==
                 (std::vector<std::string>{
                     "node-2 gets no more guests, and keeps those that it has",
                     "node-2 gets guests only if nobody else can take them"}),
             boost::test_tools::per_element());
  must(hub.commit(proposal));
  auto host = fleet_of(hub).hosts.at(a.id()).recorded;
  BOOST_TEST(host.is_drained);
  BOOST_TEST(host.is_reserved);
  BOOST_TEST(hub.state().fleet.at(a.id()).is_drained);
}

BOOST_AUTO_TEST_CASE(nobody_but_the_controller_decides_that) {
  speak(2);
  auto refused = use(a, {b.id(), true, {}});
  BOOST_TEST(!refused.ok());
  BOOST_TEST(refused.error().message ==
             "this node is not the controller of a mesh: that is node-1");
}

BOOST_AUTO_TEST_CASE(a_host_stays_drained_when_the_controller_starts_anew) {
  speak(2);
  must(use(hub, {a.id(), true, {}}));
  hub.restart();
  speak(12);
  auto host = fleet_of(hub).hosts.at(a.id());
  BOOST_TEST(host.recorded.is_drained);
  BOOST_TEST((host.standing == HostStanding::live));
  BOOST_TEST(host.report.has_value());
}

BOOST_AUTO_TEST_CASE(another_controller_learns_it_all_and_the_last_forgets) {
  speak(12);
  move_controller_to(a);
  speak(12);
  BOOST_TEST(!fleet_of(hub).is_controller);
  BOOST_TEST(fleet_of(hub).hosts.empty());
  auto status = fleet_of(a);
  BOOST_TEST(status.is_controller);
  for (const auto& [node, host] : status.hosts) {
    BOOST_TEST((host.standing == HostStanding::live), host.name);
    BOOST_TEST(host.report.has_value(), host.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
