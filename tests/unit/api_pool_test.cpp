// The memory of a host in the control API: what the document tells of it.
#include "runtime/api_pool.hpp"

#include "tests/unit/api_service.hpp"

namespace ppn::tests {

using events::BalloonReason;
using schema::Json;
using schema::VmOutcome;

namespace {

const auto web = id_of(0x71);
const auto db = id_of(0x70);
const auto spare = id_of(0x72);
/// What is reserved for the QEMU of one with so many vCPUs.
constexpr std::uint64_t qemu_1 = 100;
constexpr std::uint64_t qemu_2 = 104;

/// Beside the guest of all samples one that runs, and one that never did.
actors::PoolStatus three_guests() {
  auto status = sample_pool();
  auto vm = sample_vm();
  vm.spec.vcpus = 1;
  vm.spec.memory_mb = 1024;
  vm.name = "db";
  vm.spec.cpu_weight = 250;
  status.pool.vms[db] = vm;
  status.vms[db].sight = sample_sight();
  status.vms[db].sight.cpu_weight = 100;
  vm.name = "spare";
  vm.outcome = VmOutcome::defined;
  vm.start = 0;
  status.pool.vms[spare] = vm;
  return status;
}

actors::BalloonStatus balloons_of_three() {
  auto status = sample_balloons();
  status.look->vms[db] = {3, 0, 900, 700};
  status.vms[db] = {status.look->vms[db], 900, BalloonReason::says_nothing};
  return status;
}

Json document() {
  return runtime::pool_document(three_guests(), balloons_of_three());
}

/// The only one of a host.
Json guest_of(const events::Vm& vm, const actors::BalloonStatus& balloons) {
  auto status = sample_pool();
  status.pool.vms[web] = vm;
  return runtime::pool_document(status, balloons)["vms"].at(0);
}

void check_null(const Json& guest, std::initializer_list<const char*> fields) {
  for (const auto* field : fields) BOOST_TEST(guest.at(field).is_null(), field);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_pool)

// -- the host ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_memory_of_a_host_is_told_whole) {
  const auto expected = Json::parse(R"({
    "schema": "ppn.pool.v1", "total_mb": 5120, "available_mb": 400,
    "reserve_mb": 1024, "guests_mb": 4096, "overhead_mb": 104,
    "guaranteed_mb": 3480, "reclaimable_mb": 256, "host_is_short": true,
    "problem": null, "vcpus": 2, "vcpus_max": 16, "guests": 1,
    "guests_max": 8,
    "vms": [{"id": ")" + web.hex() + R"(", "name": "web", "phase": "running",
      "memory_mb": 512, "floor_mb": 256, "target_mb": 461, "actual_mb": 512,
      "available_mb": 300, "resident_mb": 610, "said_ago_s": 4,
      "overhead_mb": 104,
      "reason": "has memory to spare, and the host runs short",
      "cpu_weight": 100, "cpu_weight_applied": null}]})");
  BOOST_TEST(runtime::pool_document(sample_pool(), sample_balloons()) ==
             expected);
}

BOOST_AUTO_TEST_CASE(every_megabyte_of_a_host_is_told_once) {
  auto told = document();
  auto number = [&](const char* field) {
    return told.at(field).get<std::uint64_t>();
  };
  std::uint64_t memory = 0;
  std::uint64_t overhead = 0;
  for (const auto& guest : told["vms"]) {
    memory += guest["memory_mb"].get<std::uint64_t>();
    overhead += guest["overhead_mb"].get<std::uint64_t>();
  }
  BOOST_TEST(memory == 512U + 1024 + 1024);
  BOOST_TEST(overhead == qemu_2 + qemu_1 + qemu_1);
  BOOST_TEST(number("overhead_mb") == overhead);
  BOOST_TEST(number("reserve_mb") + number("guests_mb") == number("total_mb"));
  BOOST_TEST(memory + overhead + number("guaranteed_mb") ==
             number("guests_mb"));
  BOOST_TEST(number("guests") == 3U);
  BOOST_TEST(number("vcpus") == 4U);
}

BOOST_AUTO_TEST_CASE(what_can_be_taken_back_is_above_the_floors_of_who_runs) {
  auto reclaimable = [](const actors::PoolStatus& status,
                        const actors::BalloonStatus& balloons) {
    return runtime::pool_document(status, balloons)["reclaimable_mb"];
  };
  auto status = three_guests();
  auto balloons = balloons_of_three();
  constexpr std::uint64_t of_web = 512 - 256;
  constexpr std::uint64_t of_db = 900 - 256;
  BOOST_TEST(reclaimable(status, balloons) == of_web + of_db);
  status.pool.vms[db].spec.floor_mb = 1000;
  BOOST_TEST(reclaimable(status, balloons) == of_web);
  status.pool.vms[web].outcome = VmOutcome::paused;
  BOOST_TEST(reclaimable(status, balloons) == 0U);
}

BOOST_AUTO_TEST_CASE(before_the_first_look_nothing_of_a_host_is_known) {
  actors::BalloonStatus balloons;
  balloons.problem = "the port did not answer";
  auto told = runtime::pool_document(sample_pool(), balloons);
  check_null(told, {"total_mb", "available_mb", "reserve_mb"});
  check_null(told["vms"][0],
             {"target_mb", "actual_mb", "available_mb", "resident_mb",
              "said_ago_s", "reason", "cpu_weight_applied"});
  BOOST_TEST(told["reclaimable_mb"] == 0U);
  BOOST_TEST(told["host_is_short"] == false);
  BOOST_TEST(told["problem"] == "the port did not answer");
  BOOST_TEST(told["guests_mb"] == 4096U);
}

/// Its limits are what it had when the node was started, or were lowered since.
BOOST_AUTO_TEST_CASE(what_is_left_is_never_less_than_nothing) {
  auto status = sample_pool();
  status.pool.limits.memory_mb = 600;
  auto told = runtime::pool_document(status, sample_balloons());
  BOOST_TEST(told["guaranteed_mb"] == 0U);
  status.pool.limits.memory_mb = 6000;
  told = runtime::pool_document(status, sample_balloons());
  BOOST_TEST(told["reserve_mb"] == 0U);
}

// -- guests ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(guests_are_told_by_their_names) {
  auto vms = document()["vms"];
  BOOST_REQUIRE(vms.size() == 3U);
  BOOST_TEST(vms[0]["name"] == "db");
  BOOST_TEST(vms[1]["name"] == "spare");
  BOOST_TEST(vms[2]["name"] == "web");
  BOOST_TEST(vms[0]["id"] == db.hex());
}

BOOST_AUTO_TEST_CASE(a_guest_that_says_nothing_is_told_as_it_is_seen) {
  auto guest = document()["vms"][0];
  check_null(guest, {"available_mb", "said_ago_s"});
  BOOST_TEST(guest["actual_mb"] == 900U);
  BOOST_TEST(guest["resident_mb"] == 700U);
  BOOST_TEST(guest["target_mb"] == 900U);
  BOOST_TEST(guest["reason"] == "never said what it uses");
}

BOOST_AUTO_TEST_CASE(a_weight_is_told_as_it_is_wanted_and_as_it_is) {
  auto vms = document()["vms"];
  BOOST_TEST(vms[0]["cpu_weight"] == 250U);
  BOOST_TEST(vms[0]["cpu_weight_applied"] == 100U);
  BOOST_TEST(vms[2]["cpu_weight"] == 100U);
  check_null(vms[2], {"cpu_weight_applied"});
}

BOOST_AUTO_TEST_CASE(what_was_of_another_start_is_not_told) {
  const auto of_a_start = {"target_mb",   "actual_mb",  "available_mb",
                           "resident_mb", "said_ago_s", "reason"};
  auto vm = sample_vm();
  vm.start = 4;
  check_null(guest_of(vm, sample_balloons()), of_a_start);
  vm = sample_vm();
  vm.outcome = VmOutcome::stopped;
  auto guest = guest_of(vm, sample_balloons());
  check_null(guest, of_a_start);
  BOOST_TEST(guest["memory_mb"] == 512U);
  BOOST_TEST(guest["floor_mb"] == 256U);
  BOOST_TEST(guest["overhead_mb"] == qemu_2);
}

/// The process of one that is paused has its memory all the same.
BOOST_AUTO_TEST_CASE(a_guest_that_is_paused_is_told_with_its_memory) {
  auto vm = sample_vm();
  vm.outcome = VmOutcome::paused;
  BOOST_TEST(guest_of(vm, sample_balloons())["resident_mb"] == 610U);
}

// -- a request ---------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(the_pool_of_a_node_is_answered, Service) {
  auto answer = get("/v1/pool");
  BOOST_REQUIRE_MESSAGE(answer.status == 200U, answer.body);
  auto told = Json::parse(answer.body);
  BOOST_TEST(told["schema"] == "ppn.pool.v1");
  BOOST_TEST(told["guests_mb"] == 4096U);
  BOOST_TEST(told["guaranteed_mb"] == 4096U);
  BOOST_TEST(told["vms"] == Json::array());
  BOOST_TEST(connect().ask(request("POST", "/v1/pool")).status == 405U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
