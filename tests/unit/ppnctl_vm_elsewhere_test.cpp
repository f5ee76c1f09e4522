// Guests of other hosts: what ppnctl asks of them, and how it waits for that.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>

#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_fleet_samples.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tools/ppnctl/vm_elsewhere.hpp"

namespace ppn::tests {

using namespace ctl;
using namespace fleet_samples;
using schema::Json;

namespace {

const std::string here = status_of("cloud");
const std::string look = answer_of(fleet_with("running"));

std::string told(const Json& document) { return answer_of(document); }

/// That the guest is what it is to be is not known yet, or is it, or is not
/// going to be.
enum class Judged { open, done, failed };

Judged judged(FleetGoal goal, const char* outcome, const char* before = "") {
  FleetAwaited awaited;
  awaited.goal = goal;
  awaited.outcome_before = before;
  FleetGuest guest;
  guest.outcome = outcome == nullptr ? "" : outcome;
  auto verdict = judge_guest(awaited, outcome == nullptr ? nullptr : &guest);
  if (!verdict) return Judged::open;
  return verdict->empty() ? Judged::done : Judged::failed;
}

FleetGuest sample_guest() {
  auto fleet = read_fleet(fleet_with("running"));
  BOOST_REQUIRE(fleet);
  return fleet->guests.front();
}

/// Signals that are for the program reach this thread alone.
class HeldBack {
 public:
  HeldBack() {
    sigset_t all{};
    ::sigemptyset(&all);
    ::sigaddset(&all, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~HeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldBack(const HeldBack&) = delete;
  HeldBack& operator=(const HeldBack&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_vm_elsewhere)

// -- waiting -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_only_has_to_be_taken_is_done_then) {
  for (const auto* outcome : {"running", "crashed", "promised"})
    BOOST_TEST((judged(FleetGoal::taken, outcome) == Judged::done));
  BOOST_TEST((judged(FleetGoal::taken, nullptr) == Judged::done));
}

BOOST_AUTO_TEST_CASE(a_guest_is_to_run) {
  BOOST_TEST((judged(FleetGoal::runs, nullptr) == Judged::open));
  BOOST_TEST((judged(FleetGoal::runs, "promised") == Judged::open));
  BOOST_TEST((judged(FleetGoal::runs, "starting") == Judged::open));
  BOOST_TEST((judged(FleetGoal::runs, "running") == Judged::done));
  BOOST_TEST((judged(FleetGoal::runs, "crashed") == Judged::failed));
  BOOST_TEST((judged(FleetGoal::runs, "stopped") == Judged::failed));
  // As it was: its host did not say more yet.
  BOOST_TEST((judged(FleetGoal::runs, "stopped", "stopped") == Judged::open));
  BOOST_TEST((judged(FleetGoal::runs, "crashed", "stopped") == Judged::failed));
}

BOOST_AUTO_TEST_CASE(a_guest_is_to_be_paused_off_or_gone) {
  BOOST_TEST((judged(FleetGoal::paused, "running") == Judged::open));
  BOOST_TEST((judged(FleetGoal::paused, "paused") == Judged::done));
  BOOST_TEST((judged(FleetGoal::paused, "crashed") == Judged::failed));
  BOOST_TEST((judged(FleetGoal::off, "running") == Judged::open));
  BOOST_TEST((judged(FleetGoal::off, "stopped") == Judged::done));
  BOOST_TEST((judged(FleetGoal::off, "crashed") == Judged::done));
  BOOST_TEST((judged(FleetGoal::gone, "stopped") == Judged::open));
  BOOST_TEST((judged(FleetGoal::gone, nullptr) == Judged::done));
}

// -- what is proposed --------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_for_the_fleet_is_proposed_as_it_is_written) {
  VmCreateOptions options;
  options.name = "web";
  options.fleet.is_meant = true;
  BOOST_TEST(place_change(options, {})->dump() ==
             R"({"kind":"fleet-vm-create","name":"web","vm_kind":"plain",)"
             R"("spec":{},"start":true})");
  options.settings.memory = "2G";
  options.node = "nas";
  options.fleet.owner = "shop";
  options.fleet.labels = {"front", "public"};
  options.fleet.near = {"db"};
  options.fleet.apart = {"web"};
  options.fleet.prefers_accelerator = true;
  options.no_start = true;
  BOOST_TEST(place_change(options, {})->dump() ==
             R"({"kind":"fleet-vm-create","name":"web","vm_kind":"plain",)"
             R"("spec":{"memory_mb":2048},"node":"nas","owner":"shop",)"
             R"("labels":["front","public"],"near":["db"],"apart":["web"],)"
             R"("prefers_accelerator":true})");
}

BOOST_AUTO_TEST_CASE(a_change_elsewhere_is_of_the_machine_alone) {
  VmSetOptions options;
  options.settings.vcpus = 4;
  options.settings.memory = "2G";
  options.settings.floor = "1G";
  options.settings.weight = 200;
  BOOST_TEST(set_change_elsewhere(sample_guest(), options)->dump() ==
             R"({"kind":"fleet-vm-order","node":"laptop","vm":")" + web_id +
                 R"(","verb":"change","vcpus":4,"memory_mb":2048,)"
                 R"("floor_mb":1024,"cpu_weight":200})");
  options.settings.no_forwards = true;
  auto failure = set_change_elsewhere(sample_guest(), options).error();
  BOOST_TEST(failure.code == exit_usage);
  BOOST_TEST(failure.advice == "the rest on laptop: ppnctl vm set web");
  BOOST_TEST(set_change_elsewhere(sample_guest(), {}).error().code ==
             exit_usage);
}

BOOST_AUTO_TEST_CASE(a_deletion_is_forced_only_if_that_is_said) {
  auto change = delete_change_elsewhere(sample_guest(), {});
  BOOST_TEST(change.dump() ==
             R"({"kind":"fleet-vm-order","node":"laptop","vm":")" + web_id +
                 R"(","verb":"remove"})");
  VmDeleteOptions forced;
  forced.force = true;
  BOOST_TEST(delete_change_elsewhere(sample_guest(), forced).at("force") ==
             true);
}

// -- vm create --fleet -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_placed_and_followed_until_it_runs) {
  auto fetching = with(placement_told("fetching"),
                       as_read({{"fetched", 1}, {"to_fetch", 4}}));
  FakeDaemon daemon{{{proposed},
                     {committed},
                     {told(placement_told("open"))},
                     {told(fetching)},
                     {told(placement_told("done"))},
                     {answer_of(fleet_with("promised"))},
                     {answer_of(fleet_with("running"))}}};
  auto ran = run(daemon, {"vm", "create", "web", "--fleet", "--owner", "shop",
                          "--label", "front", "--near", "db", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "committed, up to entry 5\nweb runs on laptop\n");
  BOOST_TEST(ran.err ==
             "a commit will:\n  web goes to laptop\nwaiting for laptop\n");
  auto requests = daemon.requests();
  auto change = body_of(requests.at(0)).at("change");
  BOOST_TEST(change.at("kind") == "fleet-vm-create");
  BOOST_TEST(change.at("owner") == "shop");
  BOOST_TEST(change.at("labels") == Json::array({"front"}));
  BOOST_TEST(change.at("near") == Json::array({"db"}));
  BOOST_TEST(line_of(requests.at(2)) == "GET /v1/fleet/requests/" + request_id);
  BOOST_TEST(line_of(requests.at(5)) == "GET /v1/fleet");
}

BOOST_AUTO_TEST_CASE(user_data_goes_with_a_guest_for_the_fleet) {
  ScratchDirectory scratch;
  auto path = (scratch / "web.yaml").string();
  std::ofstream{path} << "#cloud-config\n";
  FakeDaemon daemon{{{proposed}, {committed}}};
  auto ran = run(daemon, {"vm", "create", "web", "--fleet", "--user-data",
                          path.c_str(), "--no-wait", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  auto change = body_of(daemon.requests().at(0)).at("change");
  BOOST_TEST(change.at("kind") == "fleet-vm-create");
  BOOST_TEST(change.at("user_data") == "#cloud-config\n");
}

BOOST_AUTO_TEST_CASE(one_that_is_not_to_start_is_there_once_it_is_taken) {
  FakeDaemon daemon{{{proposed}, {committed}, {told(placement_told("done"))}}};
  auto ran =
      run(daemon, {"vm", "create", "web", "--fleet", "--no-start", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "committed, up to entry 5\nweb is on laptop\n");
}

BOOST_AUTO_TEST_CASE(a_refusal_says_why_and_how_to_see_more) {
  auto refused = with(placement_told("refused"),
                      {{"reason", "its memory is promised to others"}});
  FakeDaemon daemon{{{proposed}, {committed}, {told(refused)}}};
  auto ran = run(daemon, {"vm", "create", "web", "--fleet", "--yes"});
  BOOST_TEST(ran.code == exit_refused);
  BOOST_TEST(
      mentions(ran.err,
               "ppnctl: laptop refused it: its memory is promised to others\n"
               "  how it came there: ppnctl fleet explain " +
                   request_id + "\n"));
}

BOOST_AUTO_TEST_CASE(what_nobody_does_any_more_is_a_failure) {
  auto dropped =
      with(placement_told("dropped"), {{"reason", "laptop left the mesh"}});
  FakeDaemon daemon{{{proposed}, {committed}, {told(dropped)}}};
  auto ran = run(daemon, {"vm", "create", "web", "--fleet", "--yes"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(mentions(ran.err, "laptop left the mesh"));
}

BOOST_AUTO_TEST_CASE(a_guest_that_does_not_start_elsewhere_is_a_failure) {
  FakeDaemon daemon{{{proposed},
                     {committed},
                     {told(placement_told("done"))},
                     {answer_of(fleet_with("crashed"))}}};
  auto ran = run(daemon, {"vm", "create", "web", "--fleet", "--yes"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(mentions(ran.err,
                      "ppnctl: web has crashed on laptop\n"
                      "  what it said: ppnctl vm logs laptop/web\n"));
}

BOOST_AUTO_TEST_CASE(a_placement_need_not_be_waited_for) {
  FakeDaemon daemon{{{proposed},
                     {committed},
                     {proposed},
                     {committed},
                     {told(placement_told("open"))}}};
  std::vector<const char*> arguments{"vm",      "create",    "web",
                                     "--fleet", "--no-wait", "--yes"};
  auto ran = run(daemon, arguments);
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out ==
             "committed, up to entry 5\nrequest " + request_id + "\n");
  arguments.push_back("--json");
  ran = run(daemon, arguments);
  BOOST_TEST(ran.code == exit_ok);
  auto last_line = ran.out.substr(ran.out.find('\n') + 1);
  BOOST_TEST(Json::parse(last_line) == placement_told("open"));
}

BOOST_AUTO_TEST_CASE(a_program_gets_the_request_as_it_ended) {
  auto refused = with(placement_told("refused"), {{"reason", "no"}});
  FakeDaemon daemon{{{proposed}, {committed}, {told(refused)}}};
  auto ran = run(daemon, {"vm", "create", "web", "--fleet", "--yes", "--json"});
  BOOST_TEST(ran.code == exit_refused);
  auto last_line = ran.out.substr(ran.out.find('\n') + 1);
  BOOST_TEST(Json::parse(last_line) == as_read(refused));
}

BOOST_AUTO_TEST_CASE(an_interrupt_leaves_what_was_asked_of_the_fleet) {
  HeldBack held_back;
  FakeDaemon daemon{{{proposed}, {committed}, {told(placement_told("open"))}}};
  ::raise(SIGINT);
  auto ran = run(daemon, {"vm", "create", "web", "--fleet", "--yes"});
  BOOST_TEST(ran.code == exit_interrupted);
  BOOST_TEST(mentions(ran.err,
                      "interrupted; what was asked for goes on by itself\n"
                      "  how far it is: ppnctl fleet explain " +
                          request_id + "\n"));
  BOOST_TEST(daemon.requests().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_dry_run_of_a_placement_commits_nothing) {
  auto rejected = json_answer(R"({"schema":"ppn.reject.v1","proposal":"a"})");
  FakeDaemon daemon{{{proposed}, {rejected}}};
  auto ran = run(daemon, {"vm", "create", "web", "--fleet", "--dry-run"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "a commit will:\n  web goes to laptop\n");
  BOOST_TEST(daemon.requests().size() == 2U);
}

// -- NODE/NAME ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_of_another_host_is_told_over_the_controller) {
  FakeDaemon daemon{{{here},
                     {look},
                     {ordered},
                     {told(order_told("stop", "open"))},
                     {told(order_told("stop", "done"))},
                     {look},
                     {answer_of(fleet_with("stopped"))}}};
  auto ran = run(daemon, {"vm", "stop", "laptop/web", "--force"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "web is off on laptop\n");
  auto requests = daemon.requests();
  BOOST_TEST(line_of(requests.at(2)) == "POST /v1/fleet/orders");
  BOOST_TEST(body_of(requests.at(2)).dump() ==
             R"({"node":"laptop","vm":")" + web_id +
                 R"(","verb":"stop","force":true})");
}

BOOST_AUTO_TEST_CASE(a_reset_is_done_once_its_host_took_it) {
  FakeDaemon daemon{
      {{here}, {look}, {ordered}, {told(order_told("reset", "done"))}}};
  auto ran = run(daemon, {"vm", "reset", "laptop/web"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "web begins anew on laptop\n");
}

BOOST_AUTO_TEST_CASE(an_order_need_not_be_waited_for) {
  FakeDaemon daemon{{{here}, {look}, {ordered}}};
  auto ran = run(daemon, {"vm", "pause", "laptop/web", "--no-wait"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "request " + request_id + "\n");
}

/// What this node is called is asked for once.
BOOST_AUTO_TEST_CASE(several_guests_of_several_hosts_are_told) {
  FakeDaemon daemon{
      {{here}, {look}, {look}, {ordered}, {told(order_told("reset", "done"))}}};
  auto ran = run(daemon, {"vm", "reset", "laptop/moon", "laptop/web"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(ran.out == "web begins anew on laptop\n");
  BOOST_TEST(mentions(ran.err, "laptop has no guest moon"));
  BOOST_TEST(daemon.requests().size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_guest_of_this_node_is_told_here) {
  for (const auto& name :
       {std::string{"cloud/web"}, std::string(32, '2') + "/web"}) {
    FakeDaemon daemon{{{here}, {here}}};
    auto ran = run(daemon, {"vm", "stop", name.c_str()});
    BOOST_TEST(line_of(daemon.requests().at(1)) == "GET /v1/vms");
  }
}

BOOST_AUTO_TEST_CASE(a_guest_elsewhere_is_changed_and_deleted_with_consent) {
  FakeDaemon daemon{
      {{here},
       {look},
       {proposed},
       {committed},
       {told(order_told("change", "done"))},
       {here},
       {look},
       {proposed},
       {committed},
       {told(order_told("remove", "done"))},
       {look},
       {answer_of(fleet_json(Json::array({laptop_json()}), Json::array()))}}};
  auto ran =
      run(daemon, {"vm", "set", "laptop/web", "--memory", "4G", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "committed, up to entry 5\nweb is changed on laptop\n");
  BOOST_TEST(body_of(daemon.requests().at(2)).at("change").at("memory_mb") ==
             4096);
  ran = run(daemon, {"vm", "delete", "laptop/web", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "committed, up to entry 5\nweb is deleted on laptop\n");
  BOOST_TEST(body_of(daemon.requests().at(7)).at("change").at("verb") ==
             "remove");
}

BOOST_AUTO_TEST_CASE(what_is_known_of_a_guest_elsewhere_is_shown) {
  auto placed = with(guest_json("web", "laptop", "running", 0),
                     {{"owner", "shop"}, {"request", request_id}});
  placed["labels"] = Json::array({"front", "public"});
  auto fleet = fleet_json(Json::array({laptop_json()}), Json::array({placed}));
  FakeDaemon daemon{{{here}, {answer_of(fleet)}, {here}, {answer_of(fleet)}}};
  auto ran = run(daemon, {"vm", "show", "laptop/web"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out ==
             "guest    web\n"
             "id       " +
                 web_id +
                 "\n"
                 "node     laptop\n"
                 "outcome  running\n"
                 "heard    now\n"
                 "memory   2 GB\n"
                 "vcpus    2\n"
                 "owner    shop\n"
                 "labels   front, public\n"
                 "request  " +
                 request_id + "\n");
  auto document =
      Json::parse(run(daemon, {"vm", "show", "laptop/web", "--json"}).out);
  BOOST_TEST(document.at("schema") == "ppnctl.fleet-guest.v1");
  document.erase("schema");
  BOOST_TEST(document == fleet.at("guests").at(0));
}

BOOST_AUTO_TEST_CASE(what_a_guest_elsewhere_said_is_printed) {
  auto log = [](const char* bytes, int from, int next) {
    return answer_of({{"schema", "ppn.console-log.v1"},
                      {"bytes", bytes},
                      {"from", from},
                      {"next", next},
                      {"size", next}});
  };
  FakeDaemon daemon{{{here},
                     {look},
                     {log("", 4, 4)},
                     {log("b25lCg==", 0, 4)},
                     {log("b25lCg==", 0, 4)}}};
  BOOST_TEST(run(daemon, {"vm", "logs", "laptop/web", "-n", "1"}).out ==
             "one\n");
  const auto path = "GET /v1/fleet/guests/laptop/" + web_id + "/console-log?";
  auto requests = daemon.requests();
  BOOST_TEST(line_of(requests.at(2)) ==
             path + "from=18446744073709551615&limit=1");
  BOOST_TEST(line_of(requests.at(3)) == path + "from=0&limit=4");
  BOOST_TEST(line_of(requests.at(4)) == path + "from=0&limit=65536");
}

BOOST_AUTO_TEST_CASE(a_console_elsewhere_is_asked_for_there) {
  const std::string taken =
      http_answer("409 Conflict", "application/problem+json",
                  R"({"type":"urn:ppn:problem:refused","detail":"taken"})");
  FakeDaemon daemon{{{here}, {look}, {taken}}};
  auto ran = run(daemon, {"vm", "console", "laptop/web"});
  BOOST_TEST(ran.code == exit_refused);
  BOOST_TEST(line_of(daemon.requests().at(2)) ==
             "GET /v1/fleet/guests/laptop/" + web_id + "/console");
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_not_there_says_nothing) {
  for (const auto* command : {"logs", "console"}) {
    FakeDaemon daemon{{{here}, {look}}};
    auto ran = run(daemon, {"vm", command, "laptop/mail"});
    BOOST_TEST(ran.code == exit_failed);
    BOOST_TEST(mentions(ran.err, "laptop has no guest mail"));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_guest_is_a_mistake) {
  FakeDaemon daemon{{}};
  const std::vector<std::vector<const char*>> mistakes{
      {"vm", "stop", "/web"},
      {"vm", "stop", "laptop/"},
      {"vm", "show", "laptop/web/x"},
      {"vm", "create", "web", "--owner", "shop", "--yes"},
      {"vm", "create", "web", "--label", "front", "--yes"},
      {"vm", "create", "web", "--near", "db", "--yes"},
      {"vm", "create", "web", "--apart", "db", "--yes"},
      {"vm", "create", "web", "--prefer-accelerator", "--yes"}};
  for (const auto& arguments : mistakes)
    BOOST_TEST(run(daemon, arguments).code == exit_usage);
  BOOST_TEST(daemon.requests().empty());
}

BOOST_AUTO_TEST_CASE(of_two_guests_of_one_name_the_id_says_which) {
  auto other = with(guest_json("web", "laptop", "stopped", 0),
                    {{"id", "cccc" + std::string(28, '0')}});
  auto fleet = read_fleet(fleet_json(
      Json::array({laptop_json()}),
      Json::array({guest_json("web", "laptop", "running", 0), other})));
  BOOST_REQUIRE(fleet);
  BOOST_TEST(find_guest(*fleet, "laptop", "web").error().code == exit_usage);
  BOOST_TEST(find_guest(*fleet, "laptop", "cccc")->outcome == "stopped");
  BOOST_TEST(find_guest(*fleet, std::string(32, 'a'), "cccc")->outcome ==
             "stopped");
  BOOST_TEST(find_guest(*fleet, "moon", "web").error().what ==
             "no member is called moon");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
