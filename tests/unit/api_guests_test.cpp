// Guests and images as a client of the control API meets them: a real node
// behind a real socket, on a host that can run no guest.
#include <fmt/format.h>
#include <unistd.h>

#include "store/base64.hpp"
#include "tests/unit/api_service.hpp"

namespace ppn::tests {

using schema::Json;

namespace {

const std::string user_data = "#cloud-config\npassword: secret-of-the-guest\n";

/// A guest with an empty disk.
Json creation() {
  return {{"kind", "vm-create"},
          {"name", "web"},
          {"spec",
           {{"memory_mb", 512},
            {"disks", Json::array({{{"name", "root"}, {"size_mb", 16}}})}}}};
}

std::string detail_of(const HttpAnswer& answer) {
  return Json::parse(answer.body).at("detail").get<std::string>();
}

class GuestService : public Service {
 public:
  [[nodiscard]] HttpAnswer propose(const Json& change) const {
    return connect().ask(
        post("/v1/proposals", Json{{"change", change}}.dump()));
  }

  [[nodiscard]] HttpAnswer command(const std::string& path) const {
    return connect().ask(request("POST", path));
  }

  /// Answers the sequence of its last entry.
  std::uint64_t commit(const Json& change) const {
    auto proposed = propose(change);
    BOOST_REQUIRE_MESSAGE(proposed.status == 201U, proposed.body);
    auto id = Json::parse(proposed.body)["id"].get<std::string>();
    auto committed = command("/v1/proposals/" + id + "/commit");
    BOOST_REQUIRE_MESSAGE(committed.status == 200U, committed.body);
    return Json::parse(committed.body)["sequence"].get<std::uint64_t>();
  }

  /// The path of one that is made.
  [[nodiscard]] std::string guest() const {
    commit(creation());
    auto vms = Json::parse(get("/v1/vms").body)["vms"];
    return "/v1/vms/" + vms.at(0)["id"].get<std::string>();
  }

  [[nodiscard]] Json entry(std::uint64_t sequence) const {
    auto page =
        get(fmt::format("/v1/ledger/entries?from={}&limit=1", sequence));
    return Json::parse(page.body)["entries"].at(0);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api_guests, GuestService)

// -- proposals ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_that_is_committed_is_there) {
  auto sequence = commit(creation());
  auto vms = Json::parse(get("/v1/vms").body);
  BOOST_REQUIRE(vms["vms"].size() == 1U);
  BOOST_TEST(vms["vms"][0]["name"] == "web");
  BOOST_TEST(vms["vms"][0]["phase"] == "defined");
  BOOST_TEST(vms["pool"]["guests"] == 1U);
  auto id = vms["vms"][0]["id"].get<std::string>();
  auto one = get("/v1/vms/" + id);
  BOOST_TEST(one.status == 200U);
  BOOST_TEST(Json::parse(one.body)["stream"] == "vm/" + id);
  BOOST_TEST(entry(sequence)["principal"]["id"] ==
             fmt::format("uid/{}", ::geteuid()));
}

BOOST_AUTO_TEST_CASE(guests_are_counted_in_the_status_and_the_metrics) {
  BOOST_TEST(Json::parse(get("/v1/status").body)["guests"] == 0U);
  commit(creation());
  BOOST_TEST(Json::parse(get("/v1/status").body)["guests"] == 1U);
  BOOST_TEST(
      mentions(get("/metrics").body, "\nppn_guests{phase=\"defined\"} 1\n"));
}

BOOST_AUTO_TEST_CASE(a_change_keeps_what_it_does_not_name) {
  auto id = guest().substr(std::string{"/v1/vms/"}.size());
  auto answer =
      propose({{"kind", "vm-set"}, {"vm", id}, {"spec", {{"vcpus", 2}}}});
  BOOST_REQUIRE(answer.status == 201U);
  auto spec = Json::parse(answer.body)["change"]["spec"];
  BOOST_TEST(spec["vcpus"] == 2U);
  BOOST_TEST(spec["memory_mb"] == 512U);
  BOOST_TEST(spec["disks"][0]["size_mb"] == 16U);
}

BOOST_AUTO_TEST_CASE(what_can_not_be_of_guests_is_refused) {
  auto no_disk = creation();
  no_disk["spec"].erase("disks");
  auto zeros = Id{}.hex();
  for (const Json& change :
       {no_disk,
        Json{{"kind", "vm-set"}, {"vm", zeros}, {"spec", {{"vcpus", 2}}}},
        Json{{"kind", "vm-delete"}, {"vm", zeros}},
        Json{{"kind", "image-remove"}, {"digest", Hash{}.hex()}}})
    BOOST_TEST(propose(change).status == 409U, change.dump());
}

// -- user data ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(user_data_is_kept_and_its_hash_recorded) {
  auto change = creation();
  change["user_data"] = user_data;
  auto sequence = commit(change);
  BOOST_TEST(kept_user_data() == std::vector{user_data},
             boost::test_tools::per_element());
  auto recorded = entry(sequence).dump();
  BOOST_TEST(mentions(recorded, kept_as.hex()));
  BOOST_TEST(!mentions(recorded, "secret-of-the-guest"));
  BOOST_TEST(!mentions(get("/v1/proposals").body, "secret-of-the-guest"));
}

BOOST_AUTO_TEST_CASE(user_data_of_a_guest_that_can_not_be_is_not_kept) {
  auto change = creation();
  change["user_data"] = user_data;
  change["spec"]["memory_mb"] = 1'000'000;
  auto answer = propose(change);
  BOOST_TEST(answer.status == 409U);
  BOOST_TEST(mentions(detail_of(answer), "there is no room"));
  BOOST_TEST(kept_user_data().empty());
}

BOOST_AUTO_TEST_CASE(user_data_of_a_guest_that_can_go_nowhere_is_not_kept) {
  auto change = creation();
  change["kind"] = "fleet-vm-create";
  change["user_data"] = user_data;
  auto answer = propose(change);
  BOOST_TEST(answer.status == 409U);
  BOOST_TEST(mentions(detail_of(answer), "is not the controller of a mesh"));
  BOOST_TEST(kept_user_data().empty());
}

// -- commands ----------------------------------------------------------------

/// Nothing runs it here; what is wanted is recorded all the same.
BOOST_AUTO_TEST_CASE(a_command_is_recorded_in_the_peers_name) {
  auto vm = guest();
  auto answer = command(vm + "/start");
  BOOST_REQUIRE_MESSAGE(answer.status == 200U, answer.body);
  auto document = Json::parse(answer.body);
  BOOST_TEST(document["name"] == "web");
  BOOST_TEST("/v1/vms/" + document["id"].get<std::string>() == vm);
  auto recorded = entry(document["sequence"].get<std::uint64_t>());
  BOOST_TEST(recorded["payload_type"] == "VmStartRequested");
  BOOST_TEST(recorded["principal"]["id"] == fmt::format("uid/{}", ::geteuid()));
}

BOOST_AUTO_TEST_CASE(a_command_that_has_nothing_to_do_is_refused) {
  auto vm = guest();
  for (const auto* verb : {"/stop", "/pause", "/resume", "/reset"}) {
    auto answer = command(vm + verb);
    BOOST_TEST(answer.status == 409U, verb);
    BOOST_TEST(mentions(detail_of(answer), "the guest web is defined"));
  }
  auto client = connect();
  BOOST_TEST(client.ask(post(vm + "/stop", R"({"force":true})")).status ==
             409U);
  BOOST_TEST(client.ask(post(vm + "/stop", R"({"force":1})")).status == 400U);
  BOOST_TEST(client.ask(post(vm + "/start", "{}")).status == 400U);
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_not_there_is_not_found) {
  auto vm = "/v1/vms/" + Id{}.hex();
  BOOST_TEST(get(vm).status == 404U);
  BOOST_TEST(get(vm + "/console-log").status == 404U);
  for (const auto* verb : {"/start", "/stop", "/pause", "/resume", "/reset"})
    BOOST_TEST(command(vm + verb).status == 404U, verb);
}

BOOST_AUTO_TEST_CASE(what_a_guest_said_is_read_in_parts) {
  auto vm = guest();
  auto document = Json::parse(get(vm + "/console-log?from=100&limit=3").body);
  BOOST_TEST(document["bytes"] == store::to_base64(Bytes(3, 'x')));
  BOOST_TEST(document["next"] == 103U);
  BOOST_TEST(document["size"] == 5000U);
  BOOST_TEST(get(vm + "/console-log?limit=0").status == 400U);
}

/// This one is not, and has no mesh at all.
BOOST_AUTO_TEST_CASE(the_controller_alone_asks_for_what_others_guests_say) {
  const std::string guest = "/v1/fleet/guests/laptop/web";
  auto refused = get(guest + "/console-log");
  BOOST_TEST(refused.status == 409U);
  BOOST_TEST(mentions(detail_of(refused), "not the controller"));
  BOOST_TEST(get(guest + "/console-log?limit=0").status == 400U);
  BOOST_TEST(get(guest + "/console").status == 400U);
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: ppn-console\r\n";
  auto client = connect();
  BOOST_TEST(client.ask(request("GET", guest + "/console", upgrade)).status ==
             409U);
  // It is a connection as before.
  BOOST_TEST(client.ask(request("GET", "/healthz")).status == 200U);
}

BOOST_AUTO_TEST_CASE(a_guest_that_does_not_run_has_no_console) {
  auto answer =
      connect().ask(request("GET", guest() + "/console",
                            "Connection: Upgrade\r\nUpgrade: ppn-console\r\n"));
  BOOST_TEST(answer.status == 409U);
  BOOST_TEST(detail_of(answer) == "the guest does not run");
}

// -- images ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_image_that_is_added_is_told_of_from_the_beginning) {
  auto path = (scratch_ / "disk.img").string();
  auto answer = connect().ask(post("/v1/images", Json{{"path", path}}.dump()));
  BOOST_REQUIRE_MESSAGE(answer.status == 202U, answer.body);
  auto adding = Json::parse(get("/v1/images").body)["adding"];
  BOOST_REQUIRE(adding.size() == 1U);
  BOOST_TEST(adding[0]["id"] == Json::parse(answer.body)["id"]);
  BOOST_TEST(adding[0]["name"] == "disk.img");
}

BOOST_AUTO_TEST_CASE(an_image_is_a_file_from_the_root_on) {
  auto answer = connect().ask(post("/v1/images", R"({"path":"disk.img"})"));
  BOOST_TEST(answer.status == 400U);
  BOOST_TEST(mentions(detail_of(answer), "from / on"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
