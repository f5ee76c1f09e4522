// What was asked of the fleet, as the control API tells it.
#include "runtime/api_fleet_request.hpp"

#include "tests/unit/answers.hpp"
#include "tests/unit/api_samples.hpp"

namespace ppn::tests {

using runtime::ProblemType;
using schema::Json;

namespace {

Json requests_of(const actors::FleetStatus& status) {
  return must_be(runtime::fleet_requests_document(status))["requests"];
}

/// That of the guest that is on its way.
Json placement_in(const actors::FleetStatus& status) {
  return must_be(
      runtime::fleet_request_document(status, id_of(0xd3), sample_placement()));
}

/// How the request of that guest stands if it is so.
std::string state_of(const actors::FleetRequestStatus& request) {
  auto status = sample_placed();
  status.requests = {{id_of(0xd3), request}};
  return requests_of(status)[0]["state"].get<std::string>();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_fleet_request)

// -- all of them -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_newest_request_is_first) {
  auto requests = requests_of(sample_placed());
  BOOST_TEST_REQUIRE(requests.size() == 3U);
  BOOST_TEST(requests[0]["request"] == id_of(0xd3).hex());
  BOOST_TEST(requests[1]["request"] == id_of(0xd2).hex());
  BOOST_TEST(requests[2]["request"] == id_of(0xd1).hex());
  BOOST_TEST(requests_of(sample_fleet()) == Json::array());
}

BOOST_AUTO_TEST_CASE(a_request_says_what_it_is_and_how_far) {
  auto requests = requests_of(sample_placed());
  BOOST_TEST((requests[0] == Json{{"request", id_of(0xd3).hex()},
                                  {"kind", "placement"},
                                  {"node", node_of(1).hex()},
                                  {"node_name", "cloud"},
                                  {"vm", id_of(0x73).hex()},
                                  {"vm_name", "db"},
                                  {"state", "fetching"},
                                  {"reason", nullptr},
                                  {"fetched", 100},
                                  {"to_fetch", 300},
                                  {"trouble", "the member does not answer"},
                                  {"sequence", 9}}));
  BOOST_TEST(requests[1]["kind"] == "order");
  BOOST_TEST(requests[1]["state"] == "refused");
  BOOST_TEST(requests[1]["reason"] == "it is off already");
  BOOST_TEST(requests[1]["trouble"].is_null());
  BOOST_TEST(requests[2]["state"] == "done");
}

BOOST_AUTO_TEST_CASE(an_open_request_may_wait_fetch_or_be_lapsed) {
  actors::FleetRequestStatus request;
  request.request = {node_of(1), id_of(0x73), true};
  BOOST_TEST(state_of(request) == "open");
  request.to_fetch = 7;
  BOOST_TEST(state_of(request) == "fetching");
  request.request.is_lapsed = true;
  BOOST_TEST(state_of(request) == "lapsed");
  request.request.outcome = schema::RequestOutcome::dropped;
  BOOST_TEST(state_of(request) == "dropped");
}

BOOST_AUTO_TEST_CASE(a_guest_has_a_name_as_long_as_it_is_known) {
  auto status = sample_placed();
  auto name_of = [&] { return requests_of(status)[1]["vm_name"]; };
  BOOST_TEST(name_of() == "web");
  // One that its host made itself.
  status.guests.clear();
  BOOST_TEST(name_of() == "web");
  status.hosts[node_of(1)].guests.clear();
  BOOST_TEST(name_of().is_null());
}

BOOST_AUTO_TEST_CASE(who_left_has_no_name) {
  auto status = sample_placed();
  status.hosts.erase(node_of(1));
  BOOST_TEST(requests_of(status)[0]["node"] == node_of(1).hex());
  BOOST_TEST(requests_of(status)[0]["node_name"].is_null());
}

// -- one of them -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_placement_says_what_and_why_there) {
  auto document = placement_in(sample_placed());
  BOOST_TEST(document["request"] == id_of(0xd3).hex());
  BOOST_TEST(document["name"] == "db");
  BOOST_TEST(document["owner"] == "shop");
  BOOST_TEST(document["labels"] == Json::array({"back"}));
  BOOST_TEST(document["memory_mb"] == 1024);
  BOOST_TEST(document["vcpus"] == 1);
  BOOST_TEST(document["start"] == true);
  BOOST_TEST(
      (document["images"] == Json::array({Json{{"digest", hash_of(0xa1).hex()},
                                               {"name", "debian-12.qcow2"},
                                               {"size", 300},
                                               {"format", "qcow2"}}})));
  BOOST_TEST(document["margin_mb"] == 512);
  BOOST_TEST(document["more_hosts"] == 2);
}

BOOST_AUTO_TEST_CASE(a_verdict_has_its_numbers_and_words) {
  auto nodes = placement_in(sample_placed())["nodes"];
  BOOST_TEST(
      (nodes ==
       Json::array(
           {Json{{"node", node_of(1).hex()},
                 {"name", "cloud"},
                 {"reason", "chosen"},
                 {"words", events::in_words({events::PlacementReason::chosen,
                                             1636, 2048, 300})},
                 {"needs", 1636},
                 {"has", 2048},
                 {"to_fetch", 300}},
            Json{{"node", node_of(9).hex()},
                 {"name", nullptr},
                 {"reason", "memory"},
                 {"words",
                  "has 900 MB of memory left, and 1636 are "
                  "needed"},
                 {"needs", 1636},
                 {"has", 900},
                 {"to_fetch", 0}}})));
}

BOOST_AUTO_TEST_CASE(every_reason_that_is_recorded_has_its_words) {
  for (auto reason : schema::EnumValuesPlacementReason()) {
    schema::GuestPlacedT placed;
    placed.request = stored_bytes(id_of(0xd3));
    placed.node = stored_bytes(node_of(1));
    placed.vm = stored_bytes(id_of(0x73));
    placed.name = "db";
    placed.spec =
        std::make_unique<schema::VmSpecT>(events::stored(events::VmSpec{}));
    placed.verdicts.push_back(stored_verdict(node_of(1), reason, 1, 0, 0));
    auto entry = fleet_entry(std::move(placed));
    auto verdict = must_be(runtime::fleet_request_document(
        sample_placed(), id_of(0xd3), entry))["nodes"]
                       .at(0);
    BOOST_TEST(verdict["reason"] == schema::EnumNamePlacementReason(reason));
    BOOST_TEST(!verdict["words"].get<std::string>().empty());
  }
}

BOOST_AUTO_TEST_CASE(an_order_says_what_is_to_be_done) {
  auto document = must_be(runtime::fleet_request_document(
      sample_placed(), id_of(0xd2), sample_order()));
  BOOST_TEST(document["kind"] == "order");
  BOOST_TEST(document["name"] == "web");
  BOOST_TEST(document["verb"] == "stop");
  BOOST_TEST(document["force"] == true);
  BOOST_TEST(document["memory_mb"].is_null());
  BOOST_TEST(!document.contains("nodes"));
}

BOOST_AUTO_TEST_CASE(a_request_that_there_is_not_is_not_found) {
  auto answer = runtime::fleet_request_document(sample_placed(), id_of(0xee),
                                                sample_placement());
  BOOST_TEST(is_problem(answer, ProblemType::not_found));
  BOOST_TEST(mentions(std::get<runtime::Problem>(answer).detail,
                      "`ppnctl fleet requests`"));
}

BOOST_AUTO_TEST_CASE(another_entry_is_no_request) {
  schema::HostFellSilentT silent;
  silent.node = stored_bytes(node_of(1));
  BOOST_TEST(is_problem(
      runtime::fleet_request_document(sample_placed(), id_of(0xd3),
                                      fleet_entry(std::move(silent))),
      ProblemType::failed));
}

BOOST_AUTO_TEST_CASE(nobody_but_the_controller_knows_requests) {
  actors::FleetStatus status;
  status.refusal = "somebody else is";
  BOOST_TEST(is_problem(runtime::fleet_requests_document(status),
                        ProblemType::refused));
  BOOST_TEST(is_problem(
      runtime::fleet_request_document(status, id_of(0xd3), sample_placement()),
      ProblemType::refused));
}

BOOST_AUTO_TEST_CASE(who_was_the_controller_tells_what_became_of_it) {
  auto status = sample_placed();
  status.refusal = "somebody else is";
  status.hosts.clear();
  status.requests.at(id_of(0xd3)).request.outcome =
      schema::RequestOutcome::dropped;
  BOOST_TEST(requests_of(status)[0]["state"] == "dropped");
  BOOST_TEST(placement_in(status)["state"] == "dropped");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
