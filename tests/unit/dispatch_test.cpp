// Guests that the controller places: from the operator's commit to the host's
// own ledger, and what of it is done again when something is lost.
#include "actors/dispatch.hpp"

#include <algorithm>

#include "actors/dispatch_document.hpp"
#include "actors/scheduler.hpp"
#include "events/dispatch.hpp"
#include "store/hash.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using schema::RequestOutcome;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t host_mb = 16'384;

/// Three hosts with room; the founder is the controller.
struct Dispatches : ThreeNodes {
  Dispatches() : ThreeNodes(host_mb) { speak(12); }

  void speak(int times, const std::vector<const TestNode*>& deaf = {}) {
    for (int i = 0; i < times; ++i) {
      pass(seconds{5}, deaf);
      carry(deaf);
    }
  }

  static events::PlaceGuest guest(const std::string& name,
                                  std::uint32_t memory_mb = 1024) {
    events::PlaceGuest wish;
    wish.name = name;
    wish.spec.memory_mb = memory_mb;
    wish.spec.floor_mb = events::floor_usual(memory_mb);
    wish.spec.disks = {{"root", schema::DiskFormat::qcow2, 1024}};
    return wish;
  }

  events::PlaceGuest guest_on(const TestNode& node, const std::string& name,
                              std::uint32_t memory_mb = 1024) {
    auto wish = guest(name, memory_mb);
    wish.spec.node = node.id();
    return wish;
  }

  store::Result<std::uint64_t> commit(const actors::Change& change) {
    auto proposal = hub.propose(change);
    if (!proposal) return proposal.error();
    return hub.commit(*proposal);
  }

  /// The newest.
  const events::FleetRequest& request() {
    const auto& requests = hub.state().fleet.requests;
    BOOST_REQUIRE(!requests.empty());
    return std::max_element(requests.begin(), requests.end(),
                            [](const auto& one, const auto& other) {
                              return one.second.sequence <
                                     other.second.sequence;
                            })
        ->second;
  }

  Id request_id() {
    for (const auto& [id, known] : hub.state().fleet.requests)
      if (known == request()) return id;
    return {};
  }

  store::Result<Id> order(const TestNode& host, const Id& vm,
                          schema::GuestVerb verb) {
    auto wish = std::make_shared<events::OrderGuest>();
    wish->node = host.id();
    wish->vm = vm;
    wish->name = "web";
    wish->order.verb = verb;
    return stage.ask<Id>(hub.kept<actors::SchedulerActor>("scheduler"),
                         actors::order_atom::value, actors::OrderGuestPtr{wish},
                         store::Principal{});
  }

  actors::EntryProof proof(TestNode& node, std::uint64_t sequence) {
    return *must(stage.ask<actors::EntryProofPtr>(
        node.ledger(), actors::prove_atom::value, sequence));
  }

  /// That member shows a host a document, as if it were one of a dispatch.
  void show(TestNode& host, const TestNode& sender, const Id& request,
            const Bytes& document) {
    auto bytes = std::make_shared<const Bytes>(document);
    auto dispatch = std::make_shared<const actors::Dispatch>(
        actors::Dispatch{request, store::sha256(document),
                         static_cast<std::uint32_t>(document.size())});
    caf::anon_send(host.kept<actors::DispatchActor>("dispatch"),
                   actors::dispatch_atom::value, sender.id(),
                   actors::DispatchPtr{dispatch}, actors::BytesPtr{bytes});
    stage.settle();
  }

  std::size_t taken(TestNode& host, const Id& request) {
    return host.stream(events::dispatch_stream(request)).size();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(dispatch, Dispatches)

BOOST_AUTO_TEST_CASE(a_guest_comes_to_its_host_and_is_recorded_at_both_ends) {
  must(commit(guest_on(a, "web")));
  BOOST_TEST((request().outcome == RequestOutcome::unknown));
  speak(2);
  BOOST_TEST((request().outcome == RequestOutcome::done));
  BOOST_TEST(a.state().vms.size() == 1U);
  BOOST_TEST((a.state().vms.contains(request().vm)));
  auto taken = a.stream(events::dispatch_stream(request_id()));
  BOOST_TEST_REQUIRE(taken.size() == 1U);
  const auto* entry = schema::GetEntry(taken.front().data());
  const auto* said = entry->payload_as_DispatchTaken();
  BOOST_TEST((NodeId{*said->controller()} == hub.id()));
  BOOST_TEST(said->sequence() == request().sequence);
  BOOST_TEST((said->refused() == nullptr));
}

BOOST_AUTO_TEST_CASE(it_may_be_the_controller_s_own_host) {
  must(commit(guest_on(hub, "web")));
  stage.settle();
  BOOST_TEST((request().outcome == RequestOutcome::done));
  BOOST_TEST(hub.state().vms.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_lost_on_the_way_is_told_again_and_done_once) {
  must(commit(guest_on(a, "web")));
  speak(3, {&a});
  BOOST_TEST(a.state().vms.empty());
  // Its answers get lost.
  speak(3, {&hub});
  BOOST_TEST(a.state().vms.size() == 1U);
  BOOST_TEST((request().outcome == RequestOutcome::unknown));
  speak(3);
  BOOST_TEST((request().outcome == RequestOutcome::done));
  BOOST_TEST(taken(a, request_id()) == 1U);
}

BOOST_AUTO_TEST_CASE(a_controller_that_died_goes_on) {
  must(commit(guest_on(a, "web")));
  forget_sent();
  hub.restart();
  speak(6);
  BOOST_TEST((request().outcome == RequestOutcome::done));
  BOOST_TEST(taken(a, request_id()) == 1U);
}

BOOST_AUTO_TEST_CASE(a_host_that_died_takes_it_later) {
  must(commit(guest_on(a, "web")));
  forget_sent();
  a.restart();
  speak(6);
  BOOST_TEST((request().outcome == RequestOutcome::done));
}

BOOST_AUTO_TEST_CASE(a_host_without_room_refuses_and_gets_none_promised) {
  must(commit(guest_on(a, "web")));
  speak(4);
  // Its own operator was faster, and the controller does not know yet.
  events::DefineVm own;
  own.name = "own";
  own.spec = guest("own", host_mb - 3000).spec;
  must(a.commit(must(a.propose(own))));
  must(commit(guest_on(a, "late", 4096)));
  speak(2);
  BOOST_TEST((request().outcome == RequestOutcome::refused));
  BOOST_TEST(request().reason.find("memory") != std::string::npos,
             request().reason);
  BOOST_TEST(taken(a, request_id()) == 1U);
  BOOST_TEST(hub.state().fleet.guests.size() == 1U);
}

BOOST_AUTO_TEST_CASE(two_that_fit_one_by_one_do_not_get_the_same_room) {
  must(commit(guest_on(a, "one", host_mb / 2)));
  auto second = commit(guest_on(a, "two", host_mb / 2));
  BOOST_TEST(!second.ok());
  BOOST_TEST(second.error().message.find("no host can take it") !=
             std::string::npos);
  // Nor after the controller forgot all but its ledger.
  hub.restart();
  speak(1, {&a});
  BOOST_TEST(!commit(guest_on(a, "two", host_mb / 2)).ok());
}

BOOST_AUTO_TEST_CASE(no_two_guests_get_one_name) {
  const std::string taken = "node-2 has a guest of that name already";
  must(commit(guest_on(a, "web")));
  BOOST_TEST(commit(guest_on(b, "web")).error().message == taken);
  events::DefineVm own;
  own.name = "own";
  own.spec = guest("own").spec;
  must(a.commit(must(a.propose(own))));
  speak(6);
  BOOST_TEST(commit(guest("own")).error().message == taken);
}

BOOST_AUTO_TEST_CASE(an_image_comes_from_whoever_has_it) {
  auto wish = guest_on(a, "web");
  events::ImageOfGuest image{store::sha256(Bytes{7}), "debian", 4096,
                             schema::DiskFormat::raw};
  wish.spec.kernel = image.digest;
  wish.images = {image};
  stage.shelves.of(3).images = {image.digest};
  must(commit(wish));
  speak(3);
  BOOST_TEST((request().outcome == RequestOutcome::done));
  BOOST_TEST(a.state().images.at(image.digest).name == "debian");
}

BOOST_AUTO_TEST_CASE(an_image_that_nobody_has_is_a_refusal) {
  auto wish = guest_on(a, "web");
  events::ImageOfGuest image{store::sha256(Bytes{7}), "debian", 4096,
                             schema::DiskFormat::raw};
  wish.spec.kernel = image.digest;
  wish.images = {image};
  must(commit(wish));
  speak(3);
  BOOST_TEST((request().outcome == RequestOutcome::refused));
  BOOST_TEST(a.state().vms.empty());
}

BOOST_AUTO_TEST_CASE(a_guest_does_what_it_is_told_from_afar_once) {
  must(commit(guest_on(a, "web")));
  speak(2);
  auto vm = request().vm;
  auto ordered = must(order(a, vm, schema::GuestVerb::start));
  speak(2);
  BOOST_TEST(
      (hub.state().fleet.requests.at(ordered).outcome == RequestOutcome::done));
  BOOST_TEST((a.state().vms.at(vm).wish == schema::VmWish::running));
  // There is nothing to start any more.
  ordered = must(order(a, vm, schema::GuestVerb::start));
  speak(2);
  BOOST_TEST((hub.state().fleet.requests.at(ordered).outcome ==
              RequestOutcome::refused));
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_not_there_can_be_told_nothing) {
  auto ordered = must(order(a, Id{}, schema::GuestVerb::start));
  speak(2);
  const auto& ended = hub.state().fleet.requests.at(ordered);
  BOOST_TEST((ended.outcome == RequestOutcome::refused));
  BOOST_TEST(ended.reason == "there is no such guest");
}

BOOST_AUTO_TEST_CASE(orders_to_one_guest_are_done_in_their_order) {
  must(commit(guest_on(a, "web")));
  speak(2);
  auto vm = request().vm;
  auto start = must(order(a, vm, schema::GuestVerb::start));
  auto stop = must(order(a, vm, schema::GuestVerb::stop));
  speak(3, {&a});
  speak(8);
  const auto& requests = hub.state().fleet.requests;
  BOOST_TEST((requests.at(start).outcome == RequestOutcome::done));
  BOOST_TEST((requests.at(stop).outcome == RequestOutcome::done));
  BOOST_TEST((a.state().vms.at(vm).wish == schema::VmWish::off));
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_at_the_host_is_told) {
  stage.shelves.of(1).is_cut_off = true;
  must(commit(guest_on(a, "web")));
  speak(2);
  auto trouble = [&] {
    return must(stage.ask<actors::FleetStatusPtr>(
                    hub.kept<actors::SchedulerActor>("scheduler"),
                    actors::status_atom::value))
        ->requests.at(request_id())
        .trouble;
  };
  BOOST_TEST(trouble() == "nobody gives anything at 10.8.0.1");
  stage.shelves.of(1).is_cut_off = false;
  speak(3);
  BOOST_TEST((request().outcome == RequestOutcome::done));
}

BOOST_AUTO_TEST_CASE(after_ten_minutes_the_room_is_free_for_others) {
  must(commit(guest_on(a, "one", host_mb / 2)));
  speak(1, {&a});
  BOOST_TEST(!commit(guest_on(a, "two", host_mb / 2)).ok());
  speak(124, {&a});
  BOOST_TEST(request().is_lapsed);
  BOOST_TEST((request().outcome == RequestOutcome::unknown));
  BOOST_TEST(commit(guest_on(a, "two", host_mb / 2)).ok());
  // Its host takes what comes first, and has no room for the other.
  speak(6);
  std::size_t done = 0;
  for (const auto& [id, known] : hub.state().fleet.requests)
    done += known.outcome == RequestOutcome::done ? 1U : 0U;
  BOOST_TEST(done == 1U);
  BOOST_TEST(a.state().vms.size() == 1U);
}

// -- who may ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_no_controller_recorded_is_not_done) {
  must(commit(guest_on(a, "web")));
  forget_sent();
  auto id = request_id();
  auto good = proof(hub, request().sequence);
  auto foreign = good;
  foreign.record.back() ^= 1U;
  show(a, hub, id, actors::build_document(foreign));
  // An entry of somebody else, whose ledger really has it.
  show(a, hub, id, actors::build_document(proof(b, 0)));
  // One that is in no tree.
  auto unproved = good;
  unproved.inclusion.push_back({});
  show(a, hub, id, actors::build_document(unproved));
  // One of another request.
  show(a, hub, Id{}, actors::build_document(good));
  show(a, hub, id, Bytes(300, 0));
  BOOST_TEST(a.state().vms.empty());
  BOOST_TEST(taken(a, id) == 0U);
  show(a, hub, id, actors::build_document(good));
  BOOST_TEST(a.state().vms.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_for_another_host_is_not_done) {
  must(commit(guest_on(a, "web")));
  forget_sent();
  show(b, hub, request_id(),
       actors::build_document(proof(hub, request().sequence)));
  BOOST_TEST(b.state().vms.empty());
}

BOOST_AUTO_TEST_CASE(nobody_but_the_controller_is_listened_to) {
  must(commit(guest_on(a, "web")));
  forget_sent();
  show(a, b, request_id(),
       actors::build_document(proof(hub, request().sequence)));
  BOOST_TEST(a.state().vms.empty());
}

BOOST_AUTO_TEST_CASE(an_old_controller_is_not_listened_to_any_more) {
  must(commit(guest_on(a, "web")));
  forget_sent();
  auto id = request_id();
  auto document = actors::build_document(proof(hub, request().sequence));
  hub.change(events::MoveRole{schema::Role::controller, b.id()});
  speak(6);
  show(a, hub, id, document);
  BOOST_TEST(a.state().vms.empty());
  // It gave up by itself.
  BOOST_TEST(
      (hub.state().fleet.requests.at(id).outcome == RequestOutcome::dropped));
  BOOST_TEST(hub.state().fleet.guests.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
