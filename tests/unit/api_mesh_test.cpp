// The mesh in the control API: what a proposal names is looked up in what is
// true, and the documents tell all that there is.
#include "runtime/api_mesh.hpp"

#include "actors/mesh_file.hpp"
#include "tests/unit/answers.hpp"
#include "tests/unit/api_samples.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using actors::ImportRoster;
using events::MeshCommand;
using runtime::Problem;
using runtime::ProblemType;
using runtime::to_change;
using schema::Json;
using schema::Role;

namespace {

/// Number 1 in the sample's mesh.
events::State sample_state() {
  events::State state;
  state.node.id = node_of(1);
  state.node.name = "node-1";
  state.node.keys = {{0, signing_key_of(1)}};
  state.device.key = tunnel_key_of(1);
  state.mesh = sample_roster().mesh;
  return state;
}

template <class Command>
Command command_of(const runtime::ChangeWish& wish,
                   const events::State& state = sample_state()) {
  return std::get<Command>(std::get<MeshCommand>(must(to_change(wish, state))));
}

/// Why what is asked for can not be.
std::string refused(const runtime::ChangeWish& wish,
                    const events::State& state = sample_state()) {
  auto change = to_change(wish, state);
  BOOST_REQUIRE(is_problem(change, ProblemType::refused));
  return std::get<Problem>(change).detail;
}

const std::string nobody =
    "no member is called nobody; `ppnctl mesh show` lists them";

/// What a node with real keys gives to others.
struct Introduced : OneNode {
  std::string file() { return actors::write_mesh_file(node.exported()); }
};

/// The first of the others.
Json peer_in(const actors::Roster& roster, const actors::DeviceStatus& status,
             std::uint32_t self = 1) {
  return runtime::peers_document(roster, node_of(self), status, "ppn0")["peers"]
      .at(0);
}

Json peer_of(const actors::DeviceStatus& status, std::uint32_t self = 1) {
  return peer_in(sample_roster(), status, self);
}

Json change_json(const MeshCommand& command) {
  return runtime::mesh_change_json(command);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_mesh)

// -- wishes ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_mesh_is_founded_by_this_node) {
  auto state = sample_state();
  state.node.keys.push_back({9, signing_key_of(8)});
  auto wish = runtime::FoundWish{"home",
                                 range("10.8.0.0/24"),
                                 range("fd00:8::/64"),
                                 signing_key_of(5),
                                 {endpoint("192.0.2.1:1")}};
  auto made = command_of<events::FoundMesh>(wish, state);
  BOOST_TEST(made.name == "home");
  BOOST_TEST((made.range == range("10.8.0.0/24")));
  BOOST_TEST((made.range6 == range("fd00:8::/64")));
  BOOST_TEST(made.recovery_key == signing_key_of(5));
  BOOST_TEST(made.founder.node == node_of(1));
  BOOST_TEST(made.founder.name == "node-1");
  BOOST_TEST(made.founder.key == signing_key_of(8));
  BOOST_TEST(made.founder.tunnel_key == tunnel_key_of(1));
  BOOST_TEST((made.founder.endpoints == std::vector{endpoint("192.0.2.1:1")}));
}

BOOST_AUTO_TEST_CASE(without_a_tunnel_key_no_mesh_is_founded) {
  auto state = sample_state();
  state.device.key.reset();
  BOOST_TEST(refused(runtime::FoundWish{}, state) ==
             "the tunnels of this node have no key yet; try again");
}

BOOST_FIXTURE_TEST_CASE(an_introduction_adds_a_member, Introduced) {
  auto made = command_of<events::AddMember>(
      runtime::ImportWish{file(), {endpoint("192.0.2.1:1")}, ""});
  BOOST_TEST(made.newcomer.node == node.id());
  BOOST_TEST((made.newcomer.endpoints == std::vector{endpoint("192.0.2.1:1")}));
}

BOOST_FIXTURE_TEST_CASE(an_introduction_replaces_who_is_named, Introduced) {
  auto made = command_of<events::ReplaceMember>(
      runtime::ImportWish{file(), {}, "node-3"});
  BOOST_TEST(made.old == node_of(3));
  BOOST_TEST(made.newcomer.node == node.id());
  BOOST_TEST(refused(runtime::ImportWish{file(), {}, "nobody"}) == nobody);
}

BOOST_FIXTURE_TEST_CASE(a_bad_introduction_is_refused, Introduced) {
  auto records = node.exported();
  records.pop_back();
  BOOST_TEST(mentions(
      refused(runtime::ImportWish{actors::write_mesh_file(records), {}, ""}),
      "lacks its identity or the key"));
}

BOOST_FIXTURE_TEST_CASE(a_roster_is_imported_as_it_is, Introduced) {
  node.found();
  auto change = must(to_change(runtime::ImportWish{file(), {}, ""}, {}));
  BOOST_TEST((std::get<ImportRoster>(change).records == node.exported()));
}

BOOST_FIXTURE_TEST_CASE(nobody_is_replaced_by_a_roster, Introduced) {
  node.found();
  for (const auto& wish :
       {runtime::ImportWish{file(), {endpoint("192.0.2.1:1")}, ""},
        runtime::ImportWish{file(), {}, "node-3"}})
    BOOST_TEST(mentions(refusal(to_change(wish, sample_state())),
                        "the file is a roster"));
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_a_bad_request) {
  auto wish = runtime::ImportWish{"ppn-mesh-v1\nx\n", {}, ""};
  BOOST_TEST(refusal(to_change(wish, {})) ==
             "line 2: this is no record in base64");
}

BOOST_AUTO_TEST_CASE(a_member_is_found_by_its_name_and_by_its_id) {
  for (const auto& name : {std::string{"node-3"}, node_of(3).hex()}) {
    auto removal =
        command_of<events::RemoveMember>(runtime::RemoveWish{name, "x", true});
    BOOST_TEST(removal.node == node_of(3));
    BOOST_TEST(removal.reason == "x");
    BOOST_TEST(removal.force);
    auto move =
        command_of<events::MoveRole>(runtime::MoveRoleWish{Role::hub, name});
    BOOST_TEST((move.role == Role::hub));
    BOOST_TEST(move.to == node_of(3));
    auto endpoints = command_of<events::ChangeEndpoints>(
        runtime::EndpointsWish{name, {endpoint("192.0.2.1:1")}});
    BOOST_TEST(endpoints.node == node_of(3));
    BOOST_TEST(endpoints.endpoints.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(who_is_no_member_is_not_found) {
  BOOST_TEST(refused(runtime::RemoveWish{"nobody", "x", true}) == nobody);
  BOOST_TEST(refused(runtime::MoveRoleWish{Role::hub, "nobody"}) == nobody);
  BOOST_TEST(refused(runtime::EndpointsWish{"nobody", {}}) == nobody);
  // It was one.
  for (const auto& gone : {std::string{"node-2"}, node_of(2).hex()})
    BOOST_TEST(mentions(refused(runtime::RemoveWish{gone, "x", true}),
                        "no member is called " + gone));
}

BOOST_AUTO_TEST_CASE(what_is_none_of_the_mesh_stays_as_it_is) {
  auto revoke = must(to_change(actors::RevokeWish{id_of(2), "enough"}, {}));
  BOOST_TEST((std::get<actors::RevokeWish>(revoke).grant == id_of(2)));
  events::GrantWish wish;
  wish.subject = "node/2";
  auto grant = must(to_change(runtime::GrantWishFor{wish, 60}, {}));
  BOOST_TEST(std::get<events::GrantWish>(grant).subject == "node/2");
}

// -- the mesh ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_in_no_mesh_says_so) {
  Json expected{{"schema", "ppn.mesh.v1"}, {"mesh", nullptr}};
  BOOST_TEST(runtime::mesh_document({}, node_of(1), {}, {}) == expected);
}

BOOST_AUTO_TEST_CASE(a_mesh_is_told_with_all_that_it_has) {
  auto roster = sample_roster();
  auto mesh = runtime::mesh_document(roster, node_of(1), sample_member_status(),
                                     {})["mesh"];
  BOOST_TEST(mesh["id"] == roster.mesh.id.hex());
  BOOST_TEST(mesh["name"] == "home");
  BOOST_TEST(mesh["range"] == "10.8.0.0/24");
  BOOST_TEST(mesh["range6"] == "fd00:8::/64");
  BOOST_TEST(mesh["recovery_key"] == roster.mesh.recovery_key.hex());
  BOOST_TEST(mesh["version"] == 4U);
  BOOST_TEST(mesh["hash"] == roster.head.hex());
  BOOST_TEST(mesh["epoch"] == roster.mesh.epoch);
  BOOST_TEST(mesh["member"] == true);
  BOOST_TEST(mesh["members"].size() == 2U);
  BOOST_TEST(mesh["former"].size() == 1U);
  auto other =
      runtime::mesh_document(roster, node_of(2), sample_member_status(), {});
  BOOST_TEST(other["mesh"]["member"] == false);
}

BOOST_AUTO_TEST_CASE(a_member_is_told_with_what_was_heard_of_it) {
  auto members = runtime::mesh_document(sample_roster(), node_of(1),
                                        sample_member_status(),
                                        {})["mesh"]["members"];
  const auto expected =
      Json::parse(R"({
    "node": ")" + node_of(3).hex() +
                  R"(", "name": "node-3", "roles": [],
    "address": "10.8.0.3", "address6": "fd00:8::3",
    "endpoints": ["192.0.2.3:51820"], "key": ")" +
                  signing_key_of(3).hex() + R"(", "tunnel_key": ")" +
                  store::to_base64(tunnel_key_of(3).view()) +
                  R"(", "self": false,
    "heard": {"boot": 7, "roster_version": 4, "roster_epoch": 2,
              "ledger_size": 99,
              "time": "2026-01-01T00:00:00.000Z"},
    "clash": null})");
  BOOST_TEST(members.at(1) == expected);
  BOOST_TEST(members.at(0)["self"] == true);
  BOOST_TEST(members.at(0)["heard"].is_null());
  BOOST_TEST((members.at(0)["roles"] ==
              Json::array({"authority", "hub", "controller"})));
}

BOOST_AUTO_TEST_CASE(a_member_whose_key_was_used_twice_is_told_with_how) {
  auto members =
      runtime::mesh_document(sample_roster(), node_of(1), {},
                             sample_witness_status())["mesh"]["members"];
  BOOST_TEST(
      members.at(1)["clash"] ==
      "it signed two histories of its ledger: one of them was rewritten");
  BOOST_TEST(members.at(0)["clash"].is_null());
}

BOOST_AUTO_TEST_CASE(a_former_member_is_told_with_when_it_went) {
  auto mesh =
      runtime::mesh_document(sample_roster(), node_of(1), {}, {})["mesh"];
  Json expected{{"node", node_of(2).hex()},
                {"name", "node-2"},
                {"address", "10.8.0.2"},
                {"removed", "2026-01-01T00:00:00.000Z"},
                {"replaced", false}};
  BOOST_TEST(mesh["former"][0] == expected);
}

BOOST_AUTO_TEST_CASE(frames_are_told_by_what_was_wrong_with_them) {
  auto frames = runtime::mesh_document(sample_roster(), node_of(1),
                                       sample_member_status(), {})["frames"];
  Json expected{{"sent", 5}, {"taken", 6}, {"dropped", {{"replayed", 4}}}};
  BOOST_TEST(frames == expected);
}

// -- peers -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_device_is_told_as_it_was_seen) {
  auto document = runtime::peers_document(sample_roster(), node_of(1),
                                          sample_device_status(), "ppn0");
  document.erase("peers");
  Json expected{{"schema", "ppn.peers.v1"},
                {"interface", "ppn0"},
                {"implementation", "kernel"},
                {"problem", nullptr},
                {"public_key", store::to_base64(tunnel_key_of(1).view())},
                {"rotation",
                 {{"public_key", store::to_base64(tunnel_key_of(11).view())},
                  {"forced", false},
                  {"announced", true},
                  {"in_use", false},
                  {"waits_for", {"node-3"}}}},
                {"listen_port", 51'820},
                {"addresses", {"10.8.0.1/24"}},
                {"time", "2026-01-01T00:00:00.000Z"}};
  BOOST_TEST(document == expected);
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_up_is_told_with_all_that_passes) {
  const auto expected = Json::parse(R"({
    "node": ")" + node_of(3).hex() +
                                    R"(", "name": "node-3",
    "address": "10.8.0.3", "public_key": ")" +
                                    store::to_base64(tunnel_key_of(3).view()) +
                                    R"(", "path": "direct", "path_why": null,
    "path_since": null, "called_at": null, "tried": [], "up": true,
    "why": null, "endpoint": "192.0.2.3:51820",
    "latest_handshake": "2025-12-31T23:59:59.000Z", "received_bytes": 10,
    "sent_bytes": 20, "keepalive_seconds": 25, "allowed": ["10.8.0.3/32"],
    "since": "2026-01-01T00:00:00.000Z"})");
  BOOST_TEST(peer_of(sample_device_status()) == expected);
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_down_is_told_with_why) {
  auto status = sample_device_status();
  status.observed.peers.clear();
  status.tunnels.clear();
  auto peer = peer_of(status);
  BOOST_TEST(peer["up"] == false);
  BOOST_TEST(peer["why"] == "the device does not have it yet");
  BOOST_TEST(peer["endpoint"].is_null());
  BOOST_TEST(peer["latest_handshake"].is_null());
  BOOST_TEST(peer["received_bytes"] == 0);
  BOOST_TEST(peer["allowed"] == Json::array());
  BOOST_TEST(peer["since"].is_null());
}

BOOST_AUTO_TEST_CASE(no_peer_is_up_before_the_device_was_seen) {
  auto peer = peer_of({});
  BOOST_TEST(peer["up"] == false);
  BOOST_TEST(peer["why"] == "the tunnels are not made yet");
}

BOOST_AUTO_TEST_CASE(the_path_of_a_peer_is_told) {
  auto roster = sample_roster();
  roster.mesh.members[node_of(9)].name = "nas";
  roster.mesh.hub = node_of(9);
  auto status = sample_device_status();
  BOOST_TEST(peer_in(roster, status)["path"] == "via hub");
  BOOST_TEST(peer_in(roster, {})["path"] == "none");
  roster.mesh.hub = node_of(1);
  events::TakenPath taken{{node_of(9)}, schema::PathReason::relay_lost};
  status.choices.paths[node_of(3)] = taken;
  status.tunnels[node_of(3)].path.emplace(
      events::RecordedPath{taken, 1'767'225'600'000'000'000});
  auto peer = peer_in(roster, status);
  BOOST_TEST(peer["path"] == "via nas");
  BOOST_TEST(peer["path_why"] ==
             "who had passed packets on could not be reached");
  BOOST_TEST(peer["path_since"] == "2026-01-01T00:00:00.000Z");
  // What is recorded is another one yet.
  status.choices.paths[node_of(3)].path = events::direct_path;
  BOOST_TEST(peer_in(roster, status)["path_since"].is_null());
}

BOOST_AUTO_TEST_CASE(where_a_peer_is_tried_is_told) {
  auto status = sample_device_status();
  status.choices.calls[node_of(3)] = {
      endpoint("203.0.113.3:7"),
      false,
      {{events::CandidateKind::local, endpoint("192.168.1.3:1")},
       {events::CandidateKind::observed, endpoint("203.0.113.3:7")}}};
  auto peer = peer_of(status);
  BOOST_TEST(peer["called_at"] == "203.0.113.3:7");
  BOOST_TEST(peer["tried"] ==
             Json::parse(R"([{"kind": "local", "endpoint": "192.168.1.3:1"},
               {"kind": "observed", "endpoint": "203.0.113.3:7"}])"));
}

/// Nobody speaks with it any more.
BOOST_AUTO_TEST_CASE(a_node_that_was_removed_has_no_path) {
  BOOST_TEST(peer_of({}, 2)["path"] == "none");
  BOOST_TEST(peer_of({}, 2)["why"] == "this node is not in the mesh any more");
}

BOOST_AUTO_TEST_CASE(a_problem_of_the_device_is_told) {
  auto status = sample_device_status();
  status.problem = "it is stuck";
  BOOST_TEST(runtime::peers_document(sample_roster(), node_of(1), status,
                                     "ppn0")["problem"] == "it is stuck");
}

BOOST_AUTO_TEST_CASE(no_rotation_is_told_as_none) {
  auto document = runtime::peers_document(sample_roster(), node_of(1), {}, "a");
  BOOST_TEST(document["rotation"].is_null());
}

BOOST_AUTO_TEST_CASE(a_device_that_was_never_seen_has_no_time) {
  auto document = runtime::peers_document({}, node_of(1), {}, "ppn0");
  BOOST_TEST(document["time"].is_null());
  BOOST_TEST(document["public_key"].is_null());
  BOOST_TEST(document["peers"] == Json::array());
}

BOOST_AUTO_TEST_CASE(a_plan_is_told_a_line_each) {
  Json expected{{"schema", "ppn.device-plan.v1"}, {"changes", {"a", "b"}}};
  BOOST_TEST(runtime::device_plan_document({"a", "b"}) == expected);
  BOOST_TEST(runtime::device_plan_document({})["changes"] == Json::array());
}

// -- changes in a proposal ---------------------------------------------------

BOOST_AUTO_TEST_CASE(each_change_is_told_by_its_kind) {
  auto three = newcomer(3, {endpoint("192.0.2.3:1")});
  Json places = Json::array({"192.0.2.3:1"});
  auto id = node_of(3).hex();
  auto init = founding();
  init.founder.endpoints = three.endpoints;
  BOOST_TEST(
      (change_json(init) == Json{{"kind", "mesh-init"},
                                 {"name", "home"},
                                 {"range", "10.8.0.0/24"},
                                 {"range6", nullptr},
                                 {"recovery_key", init.recovery_key.hex()},
                                 {"endpoints", places}}));
  BOOST_TEST(
      (change_json(events::AddMember{three}) == Json{{"kind", "mesh-add"},
                                                     {"node", id},
                                                     {"name", "node-3"},
                                                     {"endpoints", places}}));
  BOOST_TEST((change_json(events::ReplaceMember{node_of(2), three}) ==
              Json{{"kind", "mesh-replace"},
                   {"old", node_of(2).hex()},
                   {"node", id},
                   {"endpoints", places}}));
  BOOST_TEST((change_json(events::RemoveMember{node_of(3), "lost", true}) ==
              Json{{"kind", "mesh-remove"},
                   {"node", id},
                   {"reason", "lost"},
                   {"force", true}}));
  BOOST_TEST((change_json(events::MoveRole{Role::hub, node_of(3)}) ==
              Json{{"kind", "mesh-move-role"}, {"role", "hub"}, {"to", id}}));
  BOOST_TEST(
      (change_json(events::ChangeEndpoints{node_of(3), three.endpoints}) ==
       Json{{"kind", "mesh-endpoints"}, {"node", id}, {"endpoints", places}}));
}

BOOST_AUTO_TEST_CASE(a_rotation_is_told_by_its_kind) {
  actors::Proposal proposal{id_of(1), actors::RotateTunnelKey{true}, {}};
  Json expected{{"kind", "mesh-rotate-key"}, {"force", true}};
  BOOST_TEST(runtime::proposal_document(proposal)["change"] == expected);
}

BOOST_AUTO_TEST_CASE(an_import_tells_how_many_records_it_has) {
  actors::Proposal proposal{id_of(1), ImportRoster{{{1}, {2}}}, {}};
  Json expected{{"kind", "mesh-import"}, {"records", 2}};
  BOOST_TEST(runtime::proposal_document(proposal)["change"] == expected);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
