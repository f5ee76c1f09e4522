// The commands of ppnctl that are about guests.
#include <boost/test/unit_test.hpp>

#include <csignal>

#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tests/unit/ppnctl_vm_samples.hpp"
#include "tools/ppnctl/vm_watch.hpp"

namespace ppn::tests {

using namespace ctl;
using namespace guest_samples;
using schema::Json;

namespace {

const std::string commanded = json_answer(Json{
    {"schema", "ppn.vm-command.v1"},
    {"id", web_id},
    {"name", "web"},
    {"sequence", 9}}.dump());
const std::string committed =
    json_answer(R"({"schema":"ppn.commit.v1","proposal":"a","sequence":5})");
const std::string rejected =
    json_answer(R"({"schema":"ppn.reject.v1","proposal":"a"})");
const std::string proposed = http_answer(
    "201 Created", "application/json",
    R"({"schema":"ppn.proposal.v1","id":")" + std::string(32, 'e') +
        R"(","change":{"kind":"vm"},"plan":["create it","6 GB are left"]})");

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

BOOST_AUTO_TEST_SUITE(ppnctl_vm)

// -- waiting -----------------------------------------------------------------

namespace {

enum class Judged { open, done, failed };

Judged judged(VmGoal goal, const Json& json) {
  auto vm = vm_of(json);
  auto verdict = judge({web_id, "web", goal, 2}, &vm);
  if (!verdict) return Judged::open;
  return verdict->failure ? Judged::failed : Judged::done;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_start_is_done_when_the_guest_runs) {
  auto judge_start = [](const Json& vm) { return judged(VmGoal::runs, vm); };
  BOOST_CHECK(judge_start(vm_json("running", "running", 3)) == Judged::done);
  // Those of the start before say nothing of this one.
  BOOST_CHECK(judge_start(vm_json("stopped", "running", 2)) == Judged::open);
  BOOST_CHECK(judge_start(crashed(2)) == Judged::open);
  BOOST_CHECK(judge_start(vm_json("starting", "running", 3)) == Judged::open);
  BOOST_CHECK(judge_start(crashed(3)) == Judged::failed);
  BOOST_CHECK(judge_start(vm_json("stopped", "running", 3)) == Judged::failed);
  BOOST_CHECK(judge_start(vm_json("stopped", "off", 3)) == Judged::failed);
  BOOST_CHECK(judge_start(vm_json("paused", "running", 3)) == Judged::failed);
  BOOST_CHECK(judge_start(vm_json("paused", "paused", 3)) == Judged::failed);
  BOOST_CHECK(judge_start(vm_json("stopping", "off", 3)) == Judged::failed);
  auto gave_up = crashed(2);
  gave_up["gave_up"] = true;
  BOOST_CHECK(judge_start(gave_up) == Judged::failed);
}

/// It is held as before until it goes on, and may be held anew.
BOOST_AUTO_TEST_CASE(a_guest_that_is_resumed_is_paused_for_a_moment) {
  auto vm = vm_of(vm_json("paused", "running", 3));
  VmAwaited awaited{web_id, "web", VmGoal::runs, 2, vm.since_ns};
  BOOST_TEST(!judge(awaited, &vm));
  vm.cause = "its disk is full";
  *vm.since_ns += 1;
  auto verdict = judge(awaited, &vm);
  BOOST_REQUIRE(verdict);
  BOOST_TEST(verdict->failure->what == "web is held: its disk is full");
}

BOOST_AUTO_TEST_CASE(a_stop_is_done_when_the_process_is_gone) {
  auto judge_stop = [](const Json& vm) { return judged(VmGoal::off, vm); };
  BOOST_CHECK(judge_stop(vm_json("stopping", "off", 3)) == Judged::open);
  BOOST_CHECK(judge_stop(vm_json("stopped", "off", 3)) == Judged::done);
  BOOST_CHECK(judge_stop(vm_json("crashed", "off", 3)) == Judged::done);
  BOOST_CHECK(judge_stop(vm_json("running", "running", 3)) == Judged::failed);
}

BOOST_AUTO_TEST_CASE(a_pause_is_done_when_the_guest_is_held) {
  auto judge_pause = [](const Json& vm) { return judged(VmGoal::paused, vm); };
  BOOST_CHECK(judge_pause(vm_json("running", "paused", 3)) == Judged::open);
  BOOST_CHECK(judge_pause(vm_json("paused", "paused", 3)) == Judged::done);
  BOOST_CHECK(judge_pause(vm_json("stopped", "paused", 3)) == Judged::failed);
  BOOST_CHECK(judge_pause(vm_json("running", "running", 3)) == Judged::failed);
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_gone_is_deleted_or_missed) {
  BOOST_CHECK(judged(VmGoal::gone, vm_json("deleting", "off", 3)) ==
              Judged::open);
  BOOST_TEST(!judge({web_id, "web", VmGoal::gone, 0}, nullptr)->failure);
  BOOST_TEST(judge({web_id, "web", VmGoal::off, 0}, nullptr)->failure->what ==
             "the guest web was deleted");
}

// -- start, stop, pause, resume and reset ------------------------------------

BOOST_AUTO_TEST_CASE(a_start_waits_until_the_guest_runs) {
  FakeDaemon daemon{{{only(vm_json("stopped", "off", 2))},
                     {commanded},
                     {only(vm_json("stopped", "running", 2))},
                     {problem("busy")},
                     {only(vm_json("starting", "running", 3))},
                     {only(vm_json("running", "running", 3))}}};
  auto ran = run(daemon, {"vm", "start", "web"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "web runs by kvm\n");
  BOOST_TEST(ran.err == "web: stopped\n");
  auto requests = daemon.requests();
  BOOST_TEST(line_of(requests.at(1)) == "POST /v1/vms/" + web_id + "/start");
  BOOST_TEST(line_of(requests.at(2)) == "GET /v1/vms");
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_says_why_and_what_to_do) {
  FakeDaemon daemon{
      {{only(vm_json("stopped", "off", 2))}, {commanded}, {only(crashed(3))}}};
  auto ran = run(daemon, {"vm", "start", "web"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(ran.out.empty());
  BOOST_TEST(ran.err ==
             "ppnctl: web has crashed: QEMU ended with a failure: exit code 1 "
             "(it is tried again by itself)\n"
             "  all of it: ppnctl vm show web; what it said: ppnctl vm logs "
             "web\n");
}

BOOST_AUTO_TEST_CASE(an_interrupt_leaves_what_was_asked_for) {
  HeldBack held_back;
  FakeDaemon daemon{{{only(vm_json("running", "running", 3))},
                     {commanded},
                     {only(vm_json("stopping", "off", 3))}}};
  ::raise(SIGINT);
  auto ran = run(daemon, {"vm", "stop", "web"});
  BOOST_TEST(ran.code == exit_interrupted);
  BOOST_TEST(mentions(ran.err,
                      "interrupted; what was asked for stands: web\n"
                      "  how far it is: ppnctl vm list\n"));
  BOOST_TEST(daemon.requests().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_stop_may_be_forced_and_not_waited_for) {
  FakeDaemon daemon{{{only(vm_json("running", "running", 3))}, {commanded}}};
  auto ran = run(daemon, {"vm", "stop", "web", "--force", "--no-wait"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "web: a stop is requested\n");
  BOOST_TEST(body_of(daemon.requests().at(1)) == (Json{{"force", true}}));
}

/// One that can not be does not keep the others from it.
BOOST_AUTO_TEST_CASE(several_guests_are_commanded_at_once) {
  auto db = vm_json("running", "running", 5);
  db["id"] = db_id;
  db["name"] = "db";
  auto is_now = [](Json vm, const char* phase) {
    vm["phase"] = phase;
    vm["wish"] = "off";
    return vm;
  };
  auto web = vm_json("running", "running", 3);
  auto both = [](const Json& one, const Json& other) {
    return json_answer(vms_document({one, other}).dump());
  };
  FakeDaemon daemon{{{both(web, db)},
                     {problem("refused")},
                     {commanded},
                     {both(web, is_now(db, "stopping"))},
                     {both(web, is_now(db, "stopped"))}}};
  auto ran = run(daemon, {"vm", "stop", "nas", "web", "db"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(ran.out == "db is off\n");
  BOOST_TEST(ran.err ==
             "ppnctl: no guest is called nas\n"
             "  those that there are: ppnctl vm list\n"
             "ppnctl: the cause\n"
             "db: stopping\n");
}

BOOST_AUTO_TEST_CASE(what_somebody_else_wants_ends_the_waiting) {
  FakeDaemon daemon{{{only(vm_json("running", "running", 3))},
                     {commanded},
                     {only(vm_json("running", "running", 4))}}};
  auto ran = run(daemon, {"vm", "stop", "web"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(mentions(ran.err,
                      "web is to be running: somebody else said so "
                      "meanwhile\n"));
}

BOOST_AUTO_TEST_CASE(a_pause_and_a_resume_are_waited_for_and_a_reset_is_not) {
  FakeDaemon daemon{{{only(vm_json("running", "running", 3))},
                     {commanded},
                     {only(vm_json("paused", "paused", 3))},
                     {only(vm_json("paused", "paused", 3))},
                     {commanded},
                     {only(vm_json("paused", "running", 3))},
                     {only(vm_json("running", "running", 3))},
                     {only(vm_json("running", "running", 3))},
                     {commanded}}};
  BOOST_TEST(run(daemon, {"vm", "pause", "web"}).out == "web is paused\n");
  BOOST_TEST(run(daemon, {"vm", "resume", "web"}).out == "web runs by kvm\n");
  BOOST_TEST(run(daemon, {"vm", "reset", "web"}).out ==
             "web: a reset is requested\n");
  auto requests = daemon.requests();
  BOOST_TEST(line_of(requests.at(1)) == "POST /v1/vms/" + web_id + "/pause");
  BOOST_TEST(line_of(requests.at(4)) == "POST /v1/vms/" + web_id + "/resume");
  BOOST_TEST(line_of(requests.at(8)) == "POST /v1/vms/" + web_id + "/reset");
}

/// It has no other start that could be waited for.
BOOST_AUTO_TEST_CASE(a_guest_that_ends_when_it_is_resumed_is_not_waited_for) {
  FakeDaemon daemon{{{only(vm_json("paused", "paused", 3))},
                     {commanded},
                     {only(crashed(3))}}};
  BOOST_TEST(run(daemon, {"vm", "resume", "web"}).code == exit_failed);
}

BOOST_AUTO_TEST_CASE(a_program_gets_the_guest_as_it_is_then) {
  FakeDaemon daemon{{{only(vm_json("stopped", "off", 2))},
                     {commanded},
                     {only(vm_json("running", "running", 3))}}};
  auto ran = run(daemon, {"vm", "start", "web", "--json"});
  auto line = Json::parse(ran.out);
  BOOST_TEST(line.at("schema") == "ppn.vm.v1");
  BOOST_TEST(line.at("start") == 3);
}

// -- create, set and delete --------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_created_and_followed_until_it_runs) {
  FakeDaemon daemon{{{proposed},
                     {committed},
                     {only(vm_json("defined", "running", 0))},
                     {only(vm_json("defined", "running", 0))},
                     {only(vm_json("running", "running", 1))}}};
  auto ran = run(daemon, {"vm", "create", "web", "--disk", "root,size=20G",
                          "--disk", "data,size=5G", "--forward", "8080:80",
                          "--vcpus", "2", "--memory", "1G", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "committed, up to entry 5\nweb runs by kvm\n");
  BOOST_TEST(ran.err ==
             "a commit will:\n  create it\n  6 GB are left\nweb: defined\n");
  auto change = body_of(daemon.requests().at(0)).at("change");
  BOOST_TEST(change.at("spec").at("disks").size() == 2U);
  BOOST_TEST(change.at("spec").at("memory_mb") == 1024);
}

BOOST_AUTO_TEST_CASE(a_guest_that_does_not_start_is_a_failure) {
  FakeDaemon daemon{
      {{proposed}, {committed}, {only(crashed(1))}, {only(crashed(1))}}};
  auto ran = run(daemon, {"vm", "create", "web", "--yes"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(mentions(ran.err, "ppnctl vm logs web\n"));
}

BOOST_AUTO_TEST_CASE(a_creation_need_not_start_or_be_waited_for) {
  FakeDaemon daemon{{{proposed}, {committed}, {proposed}, {committed}}};
  BOOST_TEST(run(daemon, {"vm", "create", "web", "--yes", "--no-start"}).code ==
             exit_ok);
  BOOST_TEST(run(daemon, {"vm", "create", "web", "--yes", "--no-wait"}).code ==
             exit_ok);
  auto requests = daemon.requests();
  BOOST_TEST(!body_of(requests.at(0)).at("change").contains("start"));
  BOOST_TEST(body_of(requests.at(2)).at("change").at("start") == true);
}

BOOST_AUTO_TEST_CASE(a_dry_run_shows_the_plan_and_commits_nothing) {
  FakeDaemon daemon{{{proposed}, {rejected}}};
  auto ran = run(daemon, {"vm", "create", "web", "--dry-run"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "a commit will:\n  create it\n  6 GB are left\n");
  BOOST_TEST(line_of(daemon.requests().at(1)) ==
             "POST /v1/proposals/" + std::string(32, 'e') + "/reject");
}

BOOST_AUTO_TEST_CASE(nobody_is_taken_to_have_agreed) {
  FakeDaemon daemon{{}};
  BOOST_TEST(run(daemon, {"vm", "create", "web"}).code == exit_usage);
  BOOST_TEST(daemon.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_node_is_named_as_people_do) {
  auto id = std::string(32, '3');
  auto status = json_answer(
      R"({"schema":"ppn.status.v1","version":"1","node":{"id":")" +
      std::string(32, '2') +
      R"(","name":"cloud"},"boot":1,"mode":"running","uptime_seconds":1,
      "mesh":null,"ledger":{"size":1,"root":"r"},"state_dir":"/s",
      "actors":{},"proposals":0,"warnings":[]})");
  auto mesh = json_answer(
      R"({"schema":"ppn.mesh.v1","mesh":{"members":[{"name":"nas","node":")" +
      id + R"("}]}})");
  FakeDaemon daemon{{{status},
                     {problem("refused")},
                     {status},
                     {mesh},
                     {problem("refused")},
                     {problem("refused")},
                     {status},
                     {mesh}}};
  auto create = [&](const char* node) {
    return run(daemon, {"vm", "create", "web", "--yes", "--node", node});
  };
  BOOST_TEST(create("cloud").code == exit_refused);
  BOOST_TEST(create("nas").code == exit_refused);
  BOOST_TEST(create(id.c_str()).code == exit_refused);
  auto unknown = create("moon");
  BOOST_TEST(unknown.code == exit_failed);
  BOOST_TEST(mentions(unknown.err, "no node is called moon\n"));
  auto node_in = [requests = daemon.requests()](std::size_t i) {
    return body_of(requests.at(i)).at("change").at("spec").at("node");
  };
  BOOST_TEST(node_in(1) == std::string(32, '2'));
  BOOST_TEST(node_in(4) == id);
  BOOST_TEST(node_in(5) == id);
}

BOOST_AUTO_TEST_CASE(a_guest_is_changed_by_its_id) {
  FakeDaemon daemon{
      {{only(vm_json("running", "running", 3))}, {proposed}, {committed}}};
  auto ran = run(
      daemon, {"vm", "set", "web", "--floor", "256M", "--autostart", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(body_of(daemon.requests().at(1)).at("change") ==
             (Json{{"kind", "vm-set"},
                   {"spec", {{"floor_mb", 256}, {"autostart", true}}},
                   {"vm", web_id}}));
}

BOOST_AUTO_TEST_CASE(a_deletion_is_followed_until_the_guest_is_gone) {
  FakeDaemon daemon{{{only(vm_json("stopped", "off", 3))},
                     {proposed},
                     {committed},
                     {only(vm_json("deleting", "off", 3))},
                     {nobody}}};
  auto ran = run(daemon, {"vm", "delete", "web", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out.ends_with("web is deleted\n"));
}

BOOST_AUTO_TEST_CASE(mistakes_are_found_before_anybody_is_asked) {
  FakeDaemon daemon{{}};
  const std::vector<std::vector<const char*>> mistakes{
      {"vm"},
      {"vm", "create", "--yes"},
      {"vm", "create", "web", "--kind", "server", "--yes"},
      {"vm", "create", "web", "--memory", "2", "--yes"},
      {"vm", "create", "web", "--disk", "size=1G", "--yes"},
      {"vm", "create", "web", "--forward", "80", "--yes"},
      {"vm", "create", "web", "--vcpus", "0", "--yes"},
      {"vm", "create", "web", "--weight", "10001", "--yes"},
      {"vm", "create", "web", "--restart", "maybe", "--yes"},
      {"vm", "create", "web", "--yes", "--dry-run"},
      {"vm", "create", "web", "--propose", "--dry-run"},
      {"vm", "create", "web", "--autostart", "--no-autostart", "--yes"},
      {"vm", "create", "web", "--forward", "1:2", "--no-forwards", "--yes"},
      {"vm", "set", "web", "--yes"},
      {"vm", "start"},
      {"vm", "start", "web", "--force"},
      {"vm", "start", "web", "--watch"},
      {"vm", "reset", "web", "--no-wait"},
      {"vm", "show"},
      {"vm", "show", "web", "db"},
      {"vm", "logs", "web", "-n", "0"},
      {"vm", "console"}};
  for (const auto& arguments : mistakes)
    BOOST_TEST(run(daemon, arguments).code == exit_usage, arguments.back());
  BOOST_TEST(daemon.requests().empty());
}

// -- list and show -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_list_is_one_document_or_a_table) {
  FakeDaemon daemon{{{only(vm_json("running", "running", 3))},
                     {only(vm_json("running", "running", 3))},
                     {nobody}}};
  auto table = run(daemon, {"vm", "list"});
  BOOST_TEST(table.code == exit_ok);
  BOOST_TEST(table.out.starts_with("guest  kind "));
  auto document = run(daemon, {"vm", "list", "--json"});
  BOOST_TEST(Json::parse(document.out).at("vms").at(0).at("name") == "web");
  auto none = run(daemon, {"vm", "list"});
  BOOST_TEST(none.code == exit_ok);
  BOOST_TEST(mentions(none.out, "ppnctl vm create"));
}

BOOST_AUTO_TEST_CASE(a_list_with_an_ailing_guest_is_degraded) {
  FakeDaemon daemon{{{only(crashed(3))}}};
  BOOST_TEST(run(daemon, {"vm", "list"}).code == exit_degraded);
}

BOOST_AUTO_TEST_CASE(one_guest_is_shown) {
  FakeDaemon daemon{{{only(crashed(3))}, {only(crashed(3))}, {nobody}}};
  auto text = run(daemon, {"vm", "show", "web"});
  BOOST_TEST(text.code == exit_ok);
  BOOST_TEST(mentions(text.out,
                      "\ncause         QEMU ended with a failure\n"
                      "detail        exit code 1\n"));
  auto document = run(daemon, {"vm", "show", "aaaa", "--json"});
  BOOST_TEST(Json::parse(document.out).at("schema") == "ppn.vm.v1");
  BOOST_TEST(run(daemon, {"vm", "show", "web"}).code == exit_failed);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
