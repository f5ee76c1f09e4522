// The scheduler: what the controller knows of the hosts of its fleet, from what
// real nodes tell it.
#include "actors/scheduler.hpp"

#include "actors/inheritance_document.hpp"
#include "store/hash.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using events::HostStanding;
using schema::Event;
using std::chrono::seconds;

namespace {

/// As the next controller has them, who decided nothing.
std::map<std::string, events::Quota> inherited(
    std::map<std::string, events::Quota> quotas) {
  for (auto& [owner, quota] : quotas) quota.is_decided = false;
  return quotas;
}

/// Three members; the founder is the controller.
struct Fleet : ThreeNodes {
  using ThreeNodes::ThreeNodes;

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

  /// What it tells whoever asks once that is committed, before anything else
  /// is done.
  actors::FleetStatus fleet_as_soon_as(TestNode& node, const Id& proposal) {
    auto gate = node.kept<actors::OperatorGate>("operator_gate");
    auto scheduler = node.kept<actors::SchedulerActor>("scheduler");
    store::Principal owner{schema::PrincipalKind::operator_, "uid/1000"};
    auto asker = stage.system().spawn([=](caf::event_based_actor* self) {
      return caf::behavior{[=](actors::status_atom) {
        auto promise = self->make_response_promise<actors::FleetStatusPtr>();
        self->request(gate, caf::infinite, actors::commit_atom::value, proposal,
                      owner)
            .then([=](std::uint64_t) {
              self->request(scheduler, caf::infinite,
                            actors::status_atom::value)
                  .then([=](const actors::FleetStatusPtr& status) mutable {
                    promise.deliver(status);
                  });
            });
        return promise;
      }};
    });
    return *must(
        stage.ask<actors::FleetStatusPtr>(asker, actors::status_atom::value));
  }

  std::string standing(const TestNode& other) {
    return std::string{
        events::name_of(fleet_of(hub).hosts.at(other.id()).standing)};
  }

  std::vector<Event> recorded() { return recorded(hub); }
  static std::vector<Event> recorded(TestNode& node) {
    return kinds_of(node.stream(events::fleet_stream));
  }

  static store::Result<std::uint64_t> commit(TestNode& by,
                                             const actors::Change& change) {
    auto proposal = by.propose(change);
    if (!proposal) return proposal.error();
    return by.commit(*proposal);
  }

  static store::Result<std::uint64_t> use(TestNode& by,
                                          const events::UseHost& wish) {
    return commit(by, wish);
  }

  void move_controller_to(TestNode& node) {
    hub.change(events::MoveRole{schema::Role::controller, node.id()});
    speak(6);
  }
};

/// The same, and each has room for guests.
struct FleetOfGuests : Fleet {
  FleetOfGuests() : Fleet(16'384) { speak(12); }

  void place(TestNode& by, const TestNode& host, const std::string& name) {
    events::PlaceGuest wish;
    wish.name = name;
    wish.owner = "acme";
    wish.labels = {"db"};
    wish.spec.node = host.id();
    wish.spec.memory_mb = 1024;
    wish.spec.floor_mb = 256;
    wish.spec.disks = {{"root", schema::DiskFormat::qcow2, 1024}};
    must(commit(by, wish));
    speak(2);
  }

  static void allow(TestNode& by, const std::string& owner,
                    std::uint32_t guests) {
    must(commit(by, events::SetQuota{owner, events::Quota{guests}}));
  }

  /// Whoever was the controller before can give nothing.
  void cut_off_hub(bool is_cut_off = true) {
    stage.shelves.of(1).is_cut_off = is_cut_off;
  }

  /// A document that any member might give.
  static Bytes some_inheritance() {
    events::Fleet fleet;
    fleet.quotas["mallory"].guests = 1000;
    return actors::build_inheritance(fleet, 9);
  }

  /// The node of that number has it, and another one is told so in its name.
  void give(TestNode& to, const TestNode& from, std::uint8_t number,
            const Bytes& document) {
    auto hash = store::sha256(document);
    stage.shelves.of(number).documents[hash] =
        std::make_shared<const Bytes>(document);
    auto told = std::make_shared<const actors::Inheritance>(
        actors::Inheritance{hash, static_cast<std::uint32_t>(document.size())});
    caf::anon_send(to.kept<actors::SchedulerActor>("scheduler"),
                   actors::inherit_atom::value, from.id(),
                   actors::InheritancePtr{told});
    stage.settle();
  }

  void ask(TestNode& whom, const TestNode& asker) {
    caf::anon_send(whom.kept<actors::SchedulerActor>("scheduler"),
                   actors::inherit_atom::value, asker.id());
    stage.settle();
  }
};

const std::vector begun{Event::FleetTermBegun};
const std::vector begun_and_taken{Event::FleetTermBegun, Event::FleetTaken};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scheduler, Fleet)

BOOST_AUTO_TEST_CASE(the_controller_learns_what_each_host_has) {
  speak(12);
  auto status = fleet_of(hub);
  BOOST_TEST(status.refusal == "");
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
  BOOST_TEST(status.refusal ==
             "this node is not the controller of a mesh: that is node-1");
  BOOST_TEST(status.hosts.empty());
}

BOOST_AUTO_TEST_CASE(hosts_fall_silent_and_are_heard_again) {
  speak(12);
  BOOST_TEST((recorded() == begun));
  speak(8, {&hub});
  BOOST_TEST(standing(a) == "silent");
  BOOST_TEST(standing(b) == "silent");
  BOOST_TEST(standing(hub) == "live");
  auto due = begun;
  due.resize(3, Event::HostFellSilent);
  BOOST_TEST((recorded() == due));
  speak(6);
  BOOST_TEST(standing(b) == "live");
  due.resize(5, Event::HostHeardAgain);
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
  BOOST_TEST(hub.state().fleet.hosts.at(a.id()).is_drained);
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
  BOOST_TEST(fleet_of(hub).refusal != "");
  BOOST_TEST(fleet_of(hub).hosts.empty());
  auto status = fleet_of(a);
  BOOST_TEST(status.refusal == "");
  for (const auto& [node, host] : status.hosts) {
    BOOST_TEST((host.standing == HostStanding::live), host.name);
    BOOST_TEST(host.report.has_value(), host.name);
  }
}

// -- the role moves -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(its_term_begins_once_and_nobody_is_waited_for) {
  speak(2);
  BOOST_TEST((recorded() == begun));
  BOOST_TEST((hub.state().fleet.term == events::term_of(hub.mesh())));
  BOOST_TEST(fleet_of(hub).waits_for == "");
  hub.restart();
  speak(4);
  BOOST_TEST((recorded() == begun));
  BOOST_TEST(fleet_of(hub).refusal == "");
  BOOST_TEST(recorded(a).empty());
}

BOOST_AUTO_TEST_CASE(who_asks_as_soon_as_the_role_moved_is_told_of_the_fleet) {
  move_controller_to(a);
  auto back =
      must(hub.propose(events::MoveRole{schema::Role::controller, hub.id()}));
  BOOST_TEST(fleet_as_soon_as(hub, back).refusal == "");
}

BOOST_FIXTURE_TEST_CASE(the_next_controller_knows_what_the_last_recorded,
                        FleetOfGuests) {
  place(hub, b, "web");
  allow(hub, "acme", 3);
  must(use(hub, {b.id(), true, {}}));
  auto before = hub.state().fleet;
  BOOST_TEST(before.guests.size() == 1U);
  move_controller_to(a);
  auto status = fleet_of(a);
  BOOST_TEST(status.refusal == "");
  BOOST_TEST(status.waits_for == "");
  BOOST_TEST(status.hosts.at(b.id()).recorded.is_drained);
  BOOST_TEST((status.guests == before.guests));
  BOOST_TEST((status.quotas == inherited(before.quotas)));
  BOOST_TEST((recorded(a) == begun_and_taken));
  auto entries = a.stream(events::fleet_stream);
  const auto* taken = schema::GetEntry(entries.back().data());
  BOOST_TEST((NodeId{*taken->payload_as_FleetTaken()->from()} == hub.id()));
  BOOST_TEST((NodeId{*taken->causation()->node()} == hub.id()));
  // Its host shows the guest, so it is not given up.
  speak(20);
  BOOST_TEST((a.state().fleet.guests == before.guests));
  BOOST_TEST((recorded(a) == begun_and_taken));
}

BOOST_FIXTURE_TEST_CASE(what_it_decided_before_it_heard_stays, FleetOfGuests) {
  allow(hub, "acme", 3);
  allow(hub, "other", 4);
  must(use(hub, {b.id(), true, {}}));
  must(use(hub, {hub.id(), true, {}}));
  cut_off_hub();
  move_controller_to(a);
  auto status = fleet_of(a);
  BOOST_TEST(status.refusal == "");
  BOOST_TEST(status.waits_for == "node-1");
  BOOST_TEST(!status.hosts.at(b.id()).recorded.is_drained);
  BOOST_TEST(status.quotas.empty());
  must(use(a, {b.id(), {}, true}));
  allow(a, "acme", 7);
  cut_off_hub(false);
  speak(2);
  status = fleet_of(a);
  BOOST_TEST(status.waits_for == "");
  BOOST_TEST(!status.hosts.at(b.id()).recorded.is_drained);
  BOOST_TEST(status.hosts.at(b.id()).recorded.is_reserved);
  BOOST_TEST(status.hosts.at(hub.id()).recorded.is_drained);
  BOOST_TEST((status.quotas.at("acme") == events::Quota{7, {}, {}, true}));
  BOOST_TEST((status.quotas.at("other") == events::Quota{4}));
}

BOOST_FIXTURE_TEST_CASE(who_is_away_is_asked_until_it_is_back, FleetOfGuests) {
  allow(hub, "acme", 3);
  cut_off_hub();
  move_controller_to(a);
  auto fetches = stage.shelves.fetches();
  speak(4);
  BOOST_TEST(stage.shelves.fetches() >= fetches + 4);
  speak(12, {&hub});
  a.restart();
  speak(4, {&hub});
  BOOST_TEST(fleet_of(a).waits_for == "node-1");
  cut_off_hub(false);
  speak(6);
  BOOST_TEST(fleet_of(a).waits_for == "");
  BOOST_TEST((fleet_of(a).quotas.at("acme") == events::Quota{3}));
  // And then no more.
  fetches = stage.shelves.fetches();
  speak(4);
  BOOST_TEST(stage.shelves.fetches() == fetches);
}

BOOST_FIXTURE_TEST_CASE(nobody_else_is_believed, FleetOfGuests) {
  cut_off_hub();
  move_controller_to(a);
  auto fetches = stage.shelves.fetches();
  give(a, b, 3, some_inheritance());
  BOOST_TEST(stage.shelves.fetches() == fetches);
  BOOST_TEST(fleet_of(a).quotas.empty());
  BOOST_TEST(fleet_of(a).waits_for == "node-1");
  // The same of the right one is.
  cut_off_hub(false);
  give(a, hub, 1, some_inheritance());
  BOOST_TEST(fleet_of(a).quotas.contains("mallory"));
  // But once only.
  fetches = stage.shelves.fetches();
  give(a, hub, 1, some_inheritance());
  BOOST_TEST(stage.shelves.fetches() == fetches);
}

BOOST_FIXTURE_TEST_CASE(what_is_damaged_is_not_taken, FleetOfGuests) {
  allow(hub, "acme", 3);
  cut_off_hub();
  move_controller_to(a);
  cut_off_hub(false);
  give(a, hub, 1, Bytes(100, 7));
  BOOST_TEST(fleet_of(a).waits_for == "node-1");
  speak(2);
  BOOST_TEST(fleet_of(a).waits_for == "");
  BOOST_TEST((fleet_of(a).quotas.at("acme") == events::Quota{3}));
}

BOOST_FIXTURE_TEST_CASE(only_the_next_controller_is_told, FleetOfGuests) {
  allow(hub, "acme", 3);
  const auto& given = stage.shelves.of(1).documents;
  ask(hub, a);
  BOOST_TEST(given.empty());
  move_controller_to(a);
  BOOST_TEST(!given.empty());
  stage.shelves.of(1).documents.clear();
  ask(hub, b);
  BOOST_TEST(given.empty());
  ask(hub, a);
  BOOST_TEST(!given.empty());
}

BOOST_FIXTURE_TEST_CASE(back_and_forth_nothing_is_lost, FleetOfGuests) {
  place(hub, b, "web");
  allow(hub, "acme", 3);
  must(use(hub, {b.id(), true, {}}));
  move_controller_to(a);
  place(a, hub, "mail");
  allow(a, "other", 4);
  must(use(a, {a.id(), {}, true}));
  must(use(a, {b.id(), false, {}}));
  auto before = a.state().fleet;
  BOOST_TEST(before.guests.size() == 2U);
  move_controller_to(hub);
  auto status = fleet_of(hub);
  BOOST_TEST(status.refusal == "");
  BOOST_TEST(status.waits_for == "");
  BOOST_TEST((status.guests == before.guests));
  BOOST_TEST((status.quotas == inherited(before.quotas)));
  BOOST_TEST(status.hosts.at(a.id()).recorded.is_reserved);
  BOOST_TEST(!status.hosts.at(b.id()).recorded.is_drained);
  BOOST_TEST((hub.state().fleet.taken_from == a.id()));
  BOOST_TEST(fleet_of(a).refusal != "");
}

BOOST_FIXTURE_TEST_CASE(who_was_removed_is_not_waited_for, FleetOfGuests) {
  move_controller_to(a);
  hub.change(events::RemoveMember{a.id(), "lost", true});
  hub.change(events::MoveRole{schema::Role::controller, b.id()});
  speak(6);
  BOOST_TEST(fleet_of(b).refusal == "");
  BOOST_TEST(fleet_of(b).waits_for == "");
  BOOST_TEST((recorded(b) == begun));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
