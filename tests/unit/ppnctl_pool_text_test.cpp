// The memory of a host: how its document reads, and ppnctl pool.
#include <boost/test/unit_test.hpp>

#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tools/ppnctl/pool_documents.hpp"
#include "tools/ppnctl/pool_text.hpp"

namespace ppn::tests {

using namespace ctl;
using schema::Json;

namespace {

/// One that runs.
Json guest_json(const char* name) {
  return {{"id", std::string(32, 'a')},
          {"name", name},
          {"phase", "running"},
          {"memory_mb", 2048},
          {"floor_mb", 512},
          {"target_mb", 1843},
          {"actual_mb", 1843},
          {"available_mb", 700},
          {"resident_mb", 1900},
          {"said_ago_s", 2},
          {"overhead_mb", 104},
          {"reason", "has not followed yet"},
          {"cpu_weight", 250},
          {"cpu_weight_applied", 250}};
}

Json stopped_json(const char* name) {
  auto guest = guest_json(name);
  guest["phase"] = "stopped";
  for (const auto* field :
       {"target_mb", "actual_mb", "available_mb", "resident_mb", "said_ago_s",
        "reason", "cpu_weight_applied"})
    guest[field] = nullptr;
  return guest;
}

/// As it comes: numbers without a sign are such.
Json pool_json(const Json& vms) {
  return Json::parse(Json{
      {"schema", "ppn.pool.v1"},
      {"total_mb", 16384},
      {"available_mb", 9000},
      {"reserve_mb", 2048},
      {"guests_mb", 14336},
      {"overhead_mb", 104 * vms.size()},
      {"guaranteed_mb", 14336 - 2152 * vms.size()},
      {"reclaimable_mb", 1331},
      {"host_is_short", false},
      {"problem", nullptr},
      {"vcpus", 2 * vms.size()},
      {"vcpus_max", 256},
      {"guests", vms.size()},
      {"guests_max", 128},
      {"vms", vms}}.dump());
}

Json with(Json document, const char* field, const Json& value) {
  document[field] = value;
  return document;
}

Json two_guests() {
  return pool_json(Json::array({guest_json("web"), stopped_json("db")}));
}

std::string text_of_pool(const Json& document) {
  auto pool = read_pool(document);
  BOOST_REQUIRE(pool);
  return pool_text(*pool);
}

/// The words for the weight of a guest.
std::string weight_of(const char* phase, const Json& applied) {
  auto guest = guest_json("web");
  guest["phase"] = phase;
  guest["cpu_weight_applied"] = applied;
  auto text = text_of_pool(pool_json(Json::array({guest})));
  auto begin = text.find("1900 MB  ") + 9;
  return text.substr(begin, text.find("  ", begin) - begin);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_pool_text)

// -- the document ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_pool_needs_its_fields) {
  auto document = two_guests();
  BOOST_TEST(bool{read_pool(document)});
  for (const char* path : {"/schema",
                           "/total_mb",
                           "/available_mb",
                           "/reserve_mb",
                           "/overhead_mb",
                           "/guaranteed_mb",
                           "/reclaimable_mb",
                           "/host_is_short",
                           "/problem",
                           "/vcpus",
                           "/vcpus_max",
                           "/guests",
                           "/guests_max",
                           "/vms",
                           "/vms/0/name",
                           "/vms/0/phase",
                           "/vms/0/memory_mb",
                           "/vms/0/floor_mb",
                           "/vms/0/target_mb",
                           "/vms/0/available_mb",
                           "/vms/0/resident_mb",
                           "/vms/0/reason",
                           "/vms/0/cpu_weight",
                           "/vms/0/cpu_weight_applied",
                           "/vms/1/reason"}) {
    Json::json_pointer pointer{path};
    auto without = document;
    without.at(pointer.parent_pointer()).erase(pointer.back());
    BOOST_TEST(!read_pool(without), "without " << path);
    auto other = document;
    other.at(pointer) = 7.5;
    BOOST_TEST(!read_pool(other), "with another kind of " << path);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_pool_is_not_understood) {
  BOOST_TEST(!read_pool(with(two_guests(), "schema", "ppn.vms.v1")));
  BOOST_TEST(!read_pool(with(two_guests(), "vms", Json::array({7}))));
  BOOST_TEST(!read_pool(with(two_guests(), "guaranteed_mb", -1)));
  BOOST_TEST(!read_pool(Json::array()));
}

BOOST_AUTO_TEST_CASE(what_is_null_is_not_known) {
  auto pool = read_pool(two_guests());
  BOOST_REQUIRE(pool);
  BOOST_REQUIRE(pool->vms.size() == 2U);
  const auto& db = pool->vms[0];
  BOOST_TEST(db.name == "db");
  BOOST_TEST(!db.target_mb);
  BOOST_TEST(!db.available_mb);
  BOOST_TEST(!db.resident_mb);
  BOOST_TEST(!db.reason);
  BOOST_TEST(!db.cpu_weight_applied);
  BOOST_TEST(db.memory_mb == 2048U);
  const auto& web = pool->vms[1];
  BOOST_TEST(*web.target_mb == 1843U);
  BOOST_TEST(*web.available_mb == 700U);
  BOOST_TEST(*web.resident_mb == 1900U);
  BOOST_TEST(web.floor_mb == 512U);
}

// -- text --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_pool_is_some_lines_and_a_table) {
  BOOST_TEST(
      text_of_pool(two_guests()) ==
      "memory               16 GB, 9000 MB of it free\n"
      "kept for the host    2 GB\n"
      "QEMU's own           208 MB\n"
      "guests' memory       4 GB\n"
      "left for another     10032 MB, QEMU's own included\n"
      "could be taken back  1331 MB\n"
      "runs short           no\n"
      "guests               2 of 128, 4 of 256 vCPUs\n"
      "\n"
      "guest  phase    memory  target   floor   free    host     weight  "
      "reason\n"
      "db     stopped  2 GB    -        512 MB  -       -        250     -\n"
      "web    running  2 GB    1843 MB  512 MB  700 MB  1900 MB  250     "
      "has not followed yet\n");
}

BOOST_AUTO_TEST_CASE(a_host_without_guests_says_so) {
  BOOST_TEST(text_of_pool(pool_json(Json::array())) ==
             "memory               16 GB, 9000 MB of it free\n"
             "kept for the host    2 GB\n"
             "QEMU's own           0 MB\n"
             "guests' memory       0 MB\n"
             "left for another     14 GB, QEMU's own included\n"
             "could be taken back  1331 MB\n"
             "runs short           no\n"
             "guests               0 of 128, 0 of 256 vCPUs\n"
             "\n"
             "no guests: to make one, ppnctl vm create NAME --help\n");
}

BOOST_AUTO_TEST_CASE(a_host_that_was_not_looked_at_says_so) {
  auto document = two_guests();
  for (const auto* field : {"total_mb", "available_mb", "reserve_mb"})
    document[field] = nullptr;
  BOOST_TEST(text_of_pool(document).starts_with(
      "memory               not looked at yet\n"
      "kept for the host    not known yet\n"));
}

BOOST_AUTO_TEST_CASE(a_host_that_runs_short_or_decides_nothing_says_so) {
  auto document = with(two_guests(), "host_is_short", true);
  document["problem"] = "no answer\x1b";
  auto text = text_of_pool(document);
  BOOST_TEST(mentions(text, "\nruns short           yes\n"));
  BOOST_TEST(mentions(text, "\nproblem              no answer?\n\nguest "));
}

BOOST_AUTO_TEST_CASE(a_weight_that_is_not_applied_is_told_as_such) {
  BOOST_TEST(weight_of("running", 250) == "250");
  BOOST_TEST(weight_of("running", 100) == "250 (now 100)");
  for (const char* phase : {"running", "paused", "stopping"})
    BOOST_TEST(weight_of(phase, nullptr) == "250 (not applied)", phase);
  for (const char* phase : {"starting", "stopped", "crashed", "defined"})
    BOOST_TEST(weight_of(phase, nullptr) == "250", phase);
}

BOOST_AUTO_TEST_CASE(what_is_said_of_a_guest_does_no_harm) {
  auto guest = guest_json("we\x1b[2J");
  guest["reason"] = "so\nit is";
  auto text = text_of_pool(pool_json(Json::array({guest})));
  BOOST_TEST(mentions(text, "\nwe?[2J  running  "));
  BOOST_TEST(text.ends_with("  so?it is\n"));
}

// -- the command -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_pool_is_one_document_or_a_text) {
  auto answer = json_answer(two_guests().dump());
  FakeDaemon daemon{{{answer}, {answer}}};
  auto ran = run(daemon, {"pool"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == text_of_pool(two_guests()));
  BOOST_TEST(daemon.requests().at(0).starts_with("GET /v1/pool "));
  ran = run(daemon, {"pool", "--json"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(Json::parse(ran.out) == two_guests());
}

BOOST_AUTO_TEST_CASE(a_pool_in_which_guests_may_suffer_is_degraded) {
  auto code_of = [](const Json& document) {
    FakeDaemon daemon{{{json_answer(document.dump())}}};
    return run(daemon, {"pool"}).code;
  };
  auto nobody = pool_json(Json::array());
  BOOST_TEST(code_of(with(two_guests(), "host_is_short", true)) ==
             exit_degraded);
  BOOST_TEST(code_of(with(two_guests(), "problem", "x")) == exit_degraded);
  BOOST_TEST(code_of(with(nobody, "problem", "x")) == exit_ok);
  BOOST_TEST(code_of(with(nobody, "host_is_short", true)) == exit_ok);
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_a_failure) {
  auto document = two_guests();
  document.erase("vms");
  FakeDaemon daemon{{{json_answer(document.dump())}}};
  auto ran = run(daemon, {"pool"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(ran.out.empty());
  BOOST_TEST(mentions(ran.err, "vms"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
