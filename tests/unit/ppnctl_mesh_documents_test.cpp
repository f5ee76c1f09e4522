// The documents of the mesh, and how a person reads them.
#include <boost/test/unit_test.hpp>

#include "tests/unit/expect.hpp"
#include "tools/ppnctl/mesh_documents.hpp"
#include "tools/ppnctl/mesh_rotate_key.hpp"
#include "tools/ppnctl/mesh_show.hpp"
#include "tools/ppnctl/peers.hpp"
#include "tools/ppnctl/plan.hpp"

namespace ppn::tests {

using namespace ctl;
using schema::Json;

namespace {

/// 2026-11-23T10:01:00Z
constexpr std::int64_t now_ns = 1'795'428'060'000'000'000;

Json mesh_document() {
  return Json::parse(R"({"schema": "ppn.mesh.v1", "mesh": {
    "id": "ab", "name": "home", "range": "10.8.0.0/24", "range6": null,
    "recovery_key": "cd", "version": 12, "hash": "ef", "epoch": 1,
    "next_epoch": 2, "restating": null, "member": true,
    "members": [
      {"node": "1", "name": "nas", "roles": ["hub"], "address": "10.8.0.2",
       "address6": "fd00::2", "endpoints": ["192.0.2.1:5", "192.0.2.2:5"],
       "key": "k", "tunnel_key": "t", "self": false,
       "heard": {"boot": 1, "roster_version": 11, "roster_epoch": 1,
                 "time": "2026-11-23T10:00:30.000Z"}, "clash": "twice"},
      {"node": "2", "name": "cloud", "roles": ["authority", "controller"],
       "address": "10.8.0.1", "address6": null, "endpoints": [], "key": "k",
       "tunnel_key": "t", "self": true, "heard": null, "clash": null},
      {"node": "3", "name": "phone", "roles": [], "address": "10.8.0.3",
       "address6": null, "endpoints": [], "key": "k", "tunnel_key": "t",
       "self": false, "heard": null, "clash": null}],
    "former": [
      {"node": "4", "name": "old", "address": "10.8.0.4",
       "removed": "2026-11-22T10:01:00.000Z", "replaced": false},
      {"node": "5", "name": "nas", "address": "10.8.0.2", "removed": null,
       "replaced": true}]},
    "frames": {"sent": 4, "taken": 5, "dropped": {"replayed": 7}}})");
}

Json peers_document() {
  return Json::parse(R"({"schema": "ppn.peers.v1", "interface": "ppn0",
    "implementation": "wireguard-go", "problem": null, "public_key": "own=",
    "rotation": {"public_key": "next=", "forced": false, "announced": true,
      "in_use": false, "waits_for": ["phone", "nas"]},
    "listen_port": 51820, "addresses": ["10.8.0.1/24", "fd00::1/64"],
    "time": "2026-11-23T10:00:58.000Z", "peers": [
      {"node": "3", "name": "phone", "address": "10.8.0.3",
       "public_key": "p=", "path": "via laptop-b",
       "path_why": "who had passed packets on could not be reached",
       "path_since": "2026-11-23T09:59:57.000Z",
       "called_at": "203.0.113.3:7", "tried": [
         {"kind": "local", "endpoint": "192.168.1.3:51820"},
         {"kind": "observed", "endpoint": "203.0.113.3:7"}], "up": false,
       "why": "no endpoint", "endpoint": null, "latest_handshake": null,
       "received_bytes": 0, "sent_bytes": 0, "keepalive_seconds": 0,
       "allowed": [], "since": null},
      {"node": "1", "name": "nas", "address": "10.8.0.2",
       "public_key": "n=", "path": "direct", "path_why": null, "path_since": null,
       "called_at": null, "tried": [], "up": true, "why": null,
       "endpoint": "192.0.2.1:5",
       "latest_handshake": "2026-11-23T09:59:57.000Z",
       "received_bytes": 1536, "sent_bytes": 10, "keepalive_seconds": 25,
       "allowed": ["10.8.0.0/24", "fd00::/64"],
       "since": "2026-11-23T09:01:00.000Z"}]})");
}

using Pointer = Json::json_pointer;

/// That field once absent, and once of another kind.
template <class Read>
void expect_needed(const Json& document, const std::string& path, Read read) {
  BOOST_TEST(bool{read(document)});
  Pointer pointer{path};
  auto without = document;
  without.at(pointer.parent_pointer()).erase(pointer.back());
  BOOST_TEST(!read(without), "without " + path);
  // Arrays and objects hold nothing that a text is made of.
  for (const auto& strange : {Json(7.5), Json::array({1, nullptr})}) {
    auto other = document;
    other.at(pointer) = strange;
    auto result = read(other);
    BOOST_TEST(!result, "with another kind of " + path);
    if (!result)
      BOOST_TEST(result.error().what.starts_with("cannot understand"));
  }
}

Peers one_peer(const std::string& path, bool is_up) {
  Peers peers{};
  peers.interface = "ppn0";
  peers.peers.resize(1);
  auto& peer = peers.peers.front();
  peer.name = "nas\x1b";
  peer.path = path;
  peer.is_up = is_up;
  if (!is_up) peer.why = "it is off";
  return peers;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_mesh_documents)

// -- mesh --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_mesh_needs_its_fields) {
  for (const char* path : {"/schema",
                           "/mesh",
                           "/frames",
                           "/frames/dropped",
                           "/mesh/name",
                           "/mesh/range",
                           "/mesh/range6",
                           "/mesh/version",
                           "/mesh/epoch",
                           "/mesh/restating",
                           "/mesh/member",
                           "/mesh/members",
                           "/mesh/members/0/name",
                           "/mesh/members/0/roles",
                           "/mesh/members/0/address",
                           "/mesh/members/0/address6",
                           "/mesh/members/0/endpoints",
                           "/mesh/members/0/self",
                           "/mesh/members/0/heard",
                           "/mesh/members/0/heard/roster_version",
                           "/mesh/members/0/heard/roster_epoch",
                           "/mesh/members/0/heard/time",
                           "/mesh/members/0/clash",
                           "/mesh/former",
                           "/mesh/former/0/name",
                           "/mesh/former/0/address",
                           "/mesh/former/0/removed",
                           "/mesh/former/0/replaced"})
    expect_needed(mesh_document(), path, read_mesh);
  auto strange = mesh_document();
  strange["frames"]["dropped"]["replayed"] = "7";
  BOOST_TEST(!read_mesh(strange));
  strange = mesh_document();
  strange["mesh"]["members"][0]["heard"]["time"] = "yesterday";
  BOOST_TEST(!read_mesh(strange));
  BOOST_TEST(!read_mesh(Json{}));
  BOOST_TEST(!read_mesh(Json(7)));
}

BOOST_AUTO_TEST_CASE(a_mesh_is_a_table) {
  auto mesh = read_mesh(mesh_document());
  BOOST_REQUIRE(mesh);
  BOOST_TEST(
      mesh_text(*mesh, true, now_ns) ==
      "mesh       home\n"
      "range      10.8.0.0/24\n"
      "version    12\n"
      "epoch      1\n"
      "authority  cloud\n"
      "\n"
      "member  address           roles                 roster  heard         "
      "  endpoints\n"
      "cloud   10.8.0.1          authority,controller  12      this node     "
      "  -\n"
      "nas     10.8.0.2,fd00::2  hub                   11      30 seconds ago"
      "  192.0.2.1:5,192.0.2.2:5\n"
      "phone   10.8.0.3          -                     -       -             "
      "  -\n"
      "\n"
      "nas: twice\n"
      "\n"
      "former member  address   left       how\n"
      "nas            10.8.0.2  -          replaced\n"
      "old            10.8.0.4  1 day ago  removed\n");
  BOOST_TEST(!mentions(mesh_text(*mesh, false, now_ns), "former"));
}

BOOST_AUTO_TEST_CASE(a_mesh_in_the_midst_of_a_recovery_says_so) {
  auto document = mesh_document();
  document["mesh"]["epoch"] = 2U;
  document["mesh"]["restating"] = Json::parse(R"({"left": 1})");
  auto mesh = read_mesh(document);
  BOOST_REQUIRE(mesh);
  auto text = mesh_text(*mesh, false, now_ns);
  BOOST_TEST(
      mentions(text, "\nto come    1 entry of the roster of that epoch\n"));
  BOOST_TEST(mentions(text, " 11 of epoch 1 "));
}

BOOST_AUTO_TEST_CASE(who_was_removed_is_told) {
  auto document = mesh_document();
  document["mesh"]["member"] = false;
  auto mesh = read_mesh(document);
  BOOST_REQUIRE(mesh);
  BOOST_TEST(mentions(mesh_text(*mesh, false, now_ns),
                      "this node  is no member of it any more\n"));
}

BOOST_AUTO_TEST_CASE(a_node_without_a_mesh_is_told_how_to_begin) {
  auto mesh = read_mesh({{"schema", "ppn.mesh.v1"}, {"mesh", nullptr}});
  BOOST_REQUIRE(mesh);
  BOOST_TEST(!*mesh);
  auto text = mesh_text(*mesh, true, now_ns);
  BOOST_TEST(text.starts_with("this node is in no mesh\n"));
  BOOST_TEST(mentions(text, "ppnctl mesh init\n"));
}

// -- peers -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(peers_need_their_fields) {
  for (const char* path : {"/schema",
                           "/interface",
                           "/implementation",
                           "/problem",
                           "/public_key",
                           "/listen_port",
                           "/addresses",
                           "/time",
                           "/rotation",
                           "/rotation/public_key",
                           "/rotation/forced",
                           "/rotation/announced",
                           "/rotation/in_use",
                           "/rotation/waits_for",
                           "/peers",
                           "/peers/1/name",
                           "/peers/1/address",
                           "/peers/1/public_key",
                           "/peers/1/path",
                           "/peers/1/up",
                           "/peers/1/why",
                           "/peers/1/endpoint",
                           "/peers/1/latest_handshake",
                           "/peers/1/received_bytes",
                           "/peers/1/sent_bytes",
                           "/peers/1/keepalive_seconds",
                           "/peers/1/allowed",
                           "/peers/1/since"})
    expect_needed(peers_document(), path, read_peers);
  BOOST_TEST(!read_peers(Json{}));
}

BOOST_AUTO_TEST_CASE(each_peer_is_a_block) {
  auto peers = read_peers(peers_document());
  BOOST_REQUIRE(peers);
  BOOST_TEST(peers_text(*peers, now_ns) ==
             "interface: ppn0\n"
             "  public key: own=\n"
             "  next key: next= is announced; not acknowledged by phone, nas "
             "(--force: do not wait)\n"
             "  listening port: 51820\n"
             "  implementation: wireguard-go\n"
             "  addresses: 10.8.0.1/24, fd00::1/64\n"
             "  seen: 2 seconds ago\n"
             "\n"
             "peer: nas\n"
             "  state: up for 1 hour\n"
             "  address: 10.8.0.2\n"
             "  public key: n=\n"
             "  path: direct\n"
             "  endpoint: 192.0.2.1:5\n"
             "  allowed: 10.8.0.0/24, fd00::/64\n"
             "  latest handshake: 1 minute, 3 seconds ago\n"
             "  transfer: 1.5 KiB received, 10 bytes sent\n"
             "  keepalive: every 25 seconds\n"
             "\n"
             "peer: phone\n"
             "  state: no direct tunnel\n"
             "  why: no endpoint\n"
             "  address: 10.8.0.3\n"
             "  public key: p=\n"
             "  path: via laptop-b for 1 minute, 3 seconds: who had "
             "passed packets on could not be reached\n"
             "  trying: 203.0.113.3:7\n"
             "  tried: local 192.168.1.3:51820, observed 203.0.113.3:7\n");
}

BOOST_AUTO_TEST_CASE(how_far_a_rotation_is_is_told_in_words) {
  Rotation rotation{"k", false, false, false, {}};
  BOOST_TEST(rotation_words(rotation) ==
             "k waits for the authority to announce it");
  rotation.is_announced = true;
  BOOST_TEST(rotation_words(rotation) ==
             "k is announced, and about to be used");
  rotation.waits_for = {"nas\x1b"};
  BOOST_TEST(rotation_words(rotation) ==
             "k is announced; not acknowledged by nas? (--force: do not "
             "wait)");
  rotation.is_forced = true;
  BOOST_TEST(rotation_words(rotation) ==
             "k is announced, and about to be used");
  rotation.is_in_use = true;
  BOOST_TEST(rotation_words(rotation) ==
             "k is in use; the authority is still to record it");
}

BOOST_AUTO_TEST_CASE(the_most_recent_handshake_comes_first) {
  Peers peers{};
  peers.peers.resize(4);
  peers.peers[0].name = "never-b";
  peers.peers[1].name = "never-a";
  peers.peers[2].name = "older";
  peers.peers[2].handshake_ns = 1;
  peers.peers[3].name = "newer";
  peers.peers[3].handshake_ns = 2;
  auto text = peers_text(peers, now_ns);
  std::size_t at = 0;
  for (const char* name : {"newer", "older", "never-a", "never-b"}) {
    auto next = text.find(name);
    BOOST_TEST(next > at, name);
    at = next;
  }
}

BOOST_AUTO_TEST_CASE(without_a_device_there_are_words) {
  Peers peers{};
  peers.interface = "ppn0";
  peers.problem = "no such module";
  BOOST_TEST(peers_text(peers, now_ns) ==
             "interface: ppn0\n"
             "  public key: (none yet)\n"
             "  implementation: (none yet)\n"
             "  problem: no such module\n"
             "  seen: (not yet)\n"
             "\n"
             "no peers: see ppnctl mesh show\n");
  BOOST_TEST(peers_check_text(peers) == "ppn0: no such module\n");
}

BOOST_AUTO_TEST_CASE(a_peer_that_should_be_up_is_down) {
  auto down = one_peer("direct", false);
  BOOST_TEST(mentions(peers_text(down, now_ns),
                      "peer: nas?\n  state: down\n  why: it is off\n"));
  BOOST_TEST(peers_check_text(down) == "nas? is down: it is off\n");
  down.peers.front().since_ns = now_ns - 60'000'000'000;
  BOOST_TEST(
      mentions(peers_text(down, now_ns), "  state: down for 1 minute\n"));
  for (const auto& other :
       {one_peer("direct", true), one_peer("via hub", false),
        one_peer("via nas", false), one_peer("none", false)})
    BOOST_TEST(peers_check_text(other).empty());
  BOOST_TEST(mentions(peers_text(one_peer("none", false), now_ns),
                      "  state: unreachable\n"));
}

// -- plan --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_plan_may_be_empty) {
  Json document{{"schema", "ppn.device-plan.v1"}, {"changes", {"add\x1b"}}};
  expect_needed(document, "/changes", read_device_plan);
  auto changes = read_device_plan(document);
  BOOST_REQUIRE(changes);
  BOOST_TEST(device_plan_text(*changes) == "the next apply will:\n  add?\n");
  BOOST_TEST(device_plan_text({}) == "nothing\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
