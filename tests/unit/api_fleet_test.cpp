// The fleet in the control API: what its documents tell, and what it is asked.
#include "runtime/api_fleet.hpp"

#include "runtime/api_change.hpp"
#include "tests/unit/api_samples.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::PlacementWish;
using runtime::Problem;
using schema::Json;

namespace {

Json fleet() { return must_be(runtime::fleet_document(sample_fleet())); }

Json placed(const PlacementWish& wish) {
  return must_be(runtime::placement_document(sample_fleet(), wish));
}

/// One that might be, with a small disk.

/// Two hosts that can have guests.
actors::FleetStatus two_hosts() {
  auto status = sample_fleet();
  auto& laptop = status.hosts[node_of(2)];
  laptop.standing = events::HostStanding::live;
  laptop.report = status.hosts[node_of(1)].report;
  laptop.report->accelerator = "tcg";
  return status;
}

std::string problem_of(std::string_view body) {
  auto read = runtime::read_placement(body);
  const auto* problem = std::get_if<Problem>(&read);
  return problem == nullptr ? "" : problem->detail;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_fleet)

// -- documents ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_has_what_it_said) {
  auto node = fleet()["nodes"][0];
  BOOST_TEST(node["name"] == "cloud");
  BOOST_TEST(node["standing"] == "live");
  BOOST_TEST(node["heard_ago_s"] == 3);
  BOOST_TEST(node["reserved"] == true);
  BOOST_TEST(node["drained"] == false);
  BOOST_TEST(node["memory_left_mb"] == 2048);
  BOOST_TEST(node["accelerator"] == "kvm");
}

BOOST_AUTO_TEST_CASE(what_a_node_did_not_say_yet_is_null) {
  auto node = fleet()["nodes"][1];
  BOOST_TEST(node["name"] == "laptop-a");
  for (const auto* field :
       {"heard_ago_s", "memory_mb", "available_mb", "guaranteed_mb",
        "reclaimable_mb", "memory_left_mb", "disk_left_mb", "cores",
        "load_permille", "vcpus_left", "guests", "guests_left", "accelerator"})
    BOOST_TEST(node.at(field).is_null(), field);
}

BOOST_AUTO_TEST_CASE(a_guest_is_told_with_its_node_and_how_old_that_is) {
  auto guests = fleet()["guests"];
  BOOST_TEST(guests.size() == 1U);
  BOOST_TEST(guests[0]["name"] == "web");
  BOOST_TEST(guests[0]["node_name"] == "cloud");
  BOOST_TEST(guests[0]["outcome"] == "running");
  BOOST_TEST(guests[0]["responds"] == false);
  BOOST_TEST(guests[0]["heard_ago_s"] == 3);
}

BOOST_AUTO_TEST_CASE(who_is_waited_for_is_told) {
  BOOST_TEST(fleet()["waits_for"].is_null());
  auto status = sample_fleet();
  status.waits_for = "laptop-a";
  BOOST_TEST(must_be(runtime::fleet_document(status))["waits_for"] ==
             "laptop-a");
}

Json fleet_with_placed() {
  return must_be(runtime::fleet_document(sample_placed()));
}

BOOST_AUTO_TEST_CASE(what_is_promised_is_not_left) {
  auto node = fleet_with_placed()["nodes"][0];
  BOOST_TEST(node["promised_mb"] == 1124);
  BOOST_TEST(node["memory_left_mb"] == 2048 - 1124);
  BOOST_TEST(fleet()["nodes"][0]["promised_mb"] == 0);
  BOOST_TEST(fleet()["nodes"][1]["promised_mb"] == 0);
}

BOOST_AUTO_TEST_CASE(a_guest_of_the_fleet_has_an_owner_and_labels) {
  auto web = fleet_with_placed()["guests"][1];
  BOOST_TEST(web["name"] == "web");
  BOOST_TEST(web["outcome"] == "running");
  BOOST_TEST(web["owner"] == "shop");
  BOOST_TEST(web["labels"] == Json::array({"front", "public"}));
  BOOST_TEST(web["request"] == id_of(0xd1).hex());
  auto own = fleet()["guests"][0];
  BOOST_TEST(own["owner"].is_null());
  BOOST_TEST(own["labels"] == Json::array());
  BOOST_TEST(own["request"].is_null());
}

BOOST_AUTO_TEST_CASE(a_guest_that_its_host_does_not_show_is_promised) {
  auto guests = fleet_with_placed()["guests"];
  BOOST_TEST_REQUIRE(guests.size() == 2U);
  auto db = guests[0];
  BOOST_TEST(db["name"] == "db");
  BOOST_TEST(db["node_name"] == "cloud");
  BOOST_TEST(db["outcome"] == "promised");
  BOOST_TEST(db["responds"] == true);
  // Without QEMU's own, like the others.
  BOOST_TEST(db["memory_mb"] == 1024);
  BOOST_TEST(db["vcpus"] == 1);
  BOOST_TEST(db["request"] == id_of(0xd3).hex());
  auto status = sample_placed();
  status.requests.clear();
  db = must_be(runtime::fleet_document(status))["guests"][0];
  BOOST_TEST(db["request"].is_null());
}

BOOST_AUTO_TEST_CASE(an_owner_is_told_what_is_allowed_and_used) {
  auto status = sample_placed();
  status.guests[id_of(0x74)] = {node_of(2), "x", "guest", {}, {200, 1, 0}, {}};
  auto quotas = must_be(runtime::fleet_document(status))["quotas"];
  auto quota = [](const char* owner, const Json& guests, const Json& memory_mb,
                  const Json& vcpus, int used, int used_mb, int used_vcpus) {
    return Json{{"owner", owner},          {"guests", guests},
                {"memory_mb", memory_mb},  {"vcpus", vcpus},
                {"used_guests", used},     {"used_memory_mb", used_mb},
                {"used_vcpus", used_vcpus}};
  };
  BOOST_TEST((quotas ==
              Json::array({quota("guest", nullptr, nullptr, nullptr, 1, 200, 1),
                           quota("idle", nullptr, 4096, nullptr, 0, 0, 0),
                           quota("shop", 3, nullptr, 8, 2, 1224 + 1124, 3)})));
  BOOST_TEST(fleet()["quotas"] == Json::array());
}

BOOST_AUTO_TEST_CASE(nobody_but_the_controller_answers) {
  actors::FleetStatus status;
  status.refusal = "somebody else is";
  auto answer = runtime::fleet_document(status);
  const auto& problem = std::get<Problem>(answer);
  BOOST_TEST((problem.type == runtime::ProblemType::refused));
  BOOST_TEST(problem.detail == "somebody else is");
  BOOST_TEST(std::holds_alternative<Problem>(
      runtime::placement_document(status, {"", 512})));
}

// -- placements ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_placement_says_who_and_why_not_the_others) {
  auto document = placed({"", 512});
  BOOST_TEST(document["chosen"] == "cloud");
  // QEMU's own is needed, too.
  BOOST_TEST(document["memory_mb"] == 612);
  BOOST_TEST(document["nodes"][0]["reason"] == "chosen");
  BOOST_TEST(document["nodes"][1]["reason"] == "unheard");
  BOOST_TEST(document["nodes"][1]["memory_left_mb"].is_null());
}

BOOST_AUTO_TEST_CASE(a_placement_says_how_many_fit) {
  auto document = placed({"", 512});
  // (2048 - 512) / 612
  BOOST_TEST(document["nodes"][0]["fits"] == 2);
  BOOST_TEST(document["nodes"][1]["fits"] == 0);
  BOOST_TEST(document["fits"] == 2);
}

BOOST_AUTO_TEST_CASE(nobody_is_null_and_says_what_lacks) {
  auto document = placed({"", 100'000});
  BOOST_TEST(document["chosen"].is_null());
  BOOST_TEST(document["nodes"][0]["reason"] == "memory");
  BOOST_TEST(document["nodes"][0]["words"] ==
             "has 2048 MB of memory left, and 100612 are needed");
}

BOOST_AUTO_TEST_CASE(what_is_preferred_and_named_counts) {
  auto chosen = [](const PlacementWish& wish) {
    return must_be(runtime::placement_document(two_hosts(), wish))["chosen"];
  };
  BOOST_TEST(chosen({"", 512}) == "laptop-a");
  BOOST_TEST(chosen({"cloud", 512}) == "cloud");
  BOOST_TEST(chosen({node_of(1).hex(), 512}) == "cloud");
  BOOST_TEST(chosen({"", 512, 17}).is_null());
  BOOST_TEST(chosen({"", 512, 1, 50'001}).is_null());
}

BOOST_AUTO_TEST_CASE(what_is_promised_is_not_placed_again) {
  auto node = must_be(
      runtime::placement_document(sample_placed(), {"", 512}))["nodes"][0];
  BOOST_TEST(node["memory_left_mb"] == 2048 - 1124);
  BOOST_TEST(node["vcpus_left"] == 15);
  BOOST_TEST(node["disk_left_mb"] == 50'000 - 2048);
  // 924 MB are fewer than 612 and 512 beside them.
  BOOST_TEST(node["reason"] == "memory");
  BOOST_TEST(node["fits"] == 0);
}

BOOST_AUTO_TEST_CASE(a_placement_is_near_and_apart) {
  auto reason_of = [](const PlacementWish& wish) {
    auto document = must_be(runtime::placement_document(sample_placed(), wish));
    return document["nodes"][0]["reason"];
  };
  PlacementWish wish{"", 64};
  BOOST_TEST(reason_of(wish) == "chosen");
  wish.near = {"front"};
  BOOST_TEST(reason_of(wish) == "chosen");
  wish.apart = {"public"};
  BOOST_TEST(reason_of(wish) == "apart");
}

BOOST_AUTO_TEST_CASE(a_node_that_there_is_not_is_a_problem) {
  auto answer = runtime::placement_document(sample_fleet(), {"moon", 512});
  BOOST_TEST(std::get<Problem>(answer).detail ==
             "no member is called moon; `ppnctl fleet nodes` lists them");
}

// -- what it is asked ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_wish_has_memory_and_what_else_is_wanted) {
  auto read = runtime::read_placement(
      R"({"memory_mb":512,"vcpus":2,"disk_mb":3,"node":"cloud",)"
      R"("prefers_accelerator":true,"near":["db"],"apart":["web","a"]})");
  const auto& wish = std::get<PlacementWish>(read);
  BOOST_TEST((wish.near == std::vector<std::string>{"db"}));
  BOOST_TEST((wish.apart == std::vector<std::string>{"a", "web"}));
  BOOST_TEST(wish.memory_mb == 512U);
  BOOST_TEST(wish.vcpus == 2U);
  BOOST_TEST(wish.disk_mb == 3U);
  BOOST_TEST(wish.node == "cloud");
  BOOST_TEST(wish.prefers_accelerator);
}

BOOST_AUTO_TEST_CASE(what_is_no_wish_is_refused) {
  BOOST_TEST(problem_of(R"({"memory_mb":512})") == "");
  BOOST_TEST(problem_of("{}") == "'memory_mb' must be given");
  BOOST_TEST(problem_of("[]") == "the body is no JSON object");
  BOOST_TEST(problem_of(R"({"memory_mb":0})") != "");
  BOOST_TEST(problem_of(R"({"memory_mb":512,"vcpus":0})") != "");
  BOOST_TEST(problem_of(R"({"memory_mb":512,"cpus":1})") != "");
  BOOST_TEST(problem_of(R"({"memory_mb":512,"near":["no label"]})") != "");
  BOOST_TEST(problem_of("{") != "");
}

BOOST_AUTO_TEST_CASE(a_use_has_a_node_and_what_changes) {
  auto wish_of = [](const char* body) {
    auto read = runtime::read_change(body);
    return std::get<runtime::FleetUseWish>(
        std::get<runtime::ChangeWish>(std::get<runtime::ProposalWish>(read)));
  };
  auto wish = wish_of(
      R"({"change":{"kind":"fleet-use","node":"cloud","drained":true}})");
  BOOST_TEST(wish.node == "cloud");
  BOOST_TEST(wish.drained.value_or(false));
  BOOST_TEST(!wish.reserved.has_value());
  auto nothing =
      runtime::read_change(R"({"change":{"kind":"fleet-use","node":"cloud"}})");
  BOOST_TEST(std::get<Problem>(nothing).detail ==
             "'drained' or 'reserved' must be given");
}

BOOST_AUTO_TEST_CASE(a_use_is_told_as_it_was_asked) {
  BOOST_TEST((runtime::fleet_change_json({node_of(1), true, {}}) ==
              Json{{"kind", "fleet-use"},
                   {"node", node_of(1).hex()},
                   {"drained", true},
                   {"reserved", nullptr}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
