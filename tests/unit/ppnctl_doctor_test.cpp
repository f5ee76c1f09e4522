// What ppnctl doctor makes of what it saw.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>

#include "actors/frame_guard.hpp"
#include "tests/unit/expect.hpp"
#include "tools/ppnctl/doctor.hpp"

namespace ppn::tests {

using namespace ctl;

namespace {

constexpr std::int64_t november_ns = 1'795'428'000'000'000'000;
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint64_t mebibyte = 1 << 20U;

Status good_status() {
  Status status{};
  status.mode = "running";
  status.state_dir = "/state";
  return status;
}

Peer good_peer() {
  Peer peer{};
  peer.name = "nas";
  peer.path = "direct";
  peer.is_up = true;
  return peer;
}

Mesh good_mesh() {
  Mesh mesh{};
  mesh.name = "home";
  mesh.is_member = true;
  mesh.members.resize(2);
  mesh.dropped = {{"bad_signature", 0}, {"replayed", 7}};
  return mesh;
}

Peers good_peers() {
  Peers peers{};
  peers.interface = "ppn0";
  peers.implementation = "kernel";
  peers.peers = {good_peer()};
  return peers;
}

Vms good_guests() {
  Vms guests{};
  guests.acceleration.accelerator = "kvm";
  guests.acceleration.cpu_model = "host";
  guests.acceleration.tried = {{"kvm", true, "a guest ran"}};
  guests.pool.memory_mb_left = 2048;
  guests.vms.resize(1);
  auto& vm = guests.vms.front();
  vm.name = "web";
  vm.phase = "running";
  vm.wish = "running";
  return guests;
}

/// All is well.
Seen good() {
  return {
      .socket = "/socket",
      .socket_exists = true,
      .group = "ppn",
      .user = "alice",
      .daemon = 7,
      .connecting = {},
      .status = good_status(),
      .newest =
          Entry{
              .sequence = 1, .utc_ns = november_ns, .line = {}, .document = {}},
      .mesh = std::optional{good_mesh()},
      .peers = good_peers(),
      .guests = good_guests(),
      .state_dir = {.is_directory = true, .owner = 7, .mode = 0700},
      .disk = {.bytes_free = 2048 * mebibyte,
               .inodes = 10'000,
               .inodes_free = 5'000},
      .synchronised = true,
      .now_ns = november_ns};
}

Seen without_daemon(ExitCode code) {
  auto seen = good();
  Failure failure{code, "no connection"};
  seen.connecting = failure;
  seen.daemon = {};
  seen.status = failure;
  seen.newest = failure;
  seen.mesh = failure;
  seen.peers = failure;
  seen.guests = failure;
  return seen;
}

Seen without_status(ExitCode code) {
  auto seen = good();
  Failure failure{code, "the cause"};
  seen.status = failure;
  seen.newest = failure;
  seen.mesh = failure;
  seen.peers = failure;
  seen.guests = failure;
  return seen;
}

Finding finding(const Seen& seen, const std::string& name) {
  auto findings = draw_findings(seen);
  auto found = std::find_if(
      findings.begin(), findings.end(),
      [&](const Finding& candidate) { return candidate.name == name; });
  BOOST_REQUIRE_MESSAGE(found != findings.end(), name);
  return *found;
}

/// What is not well says what to do, and only that.
void expect(const Seen& seen, const std::string& name, Health health) {
  auto found = finding(seen, name);
  BOOST_TEST((found.health == health), name + ": " + found.detail);
  bool is_bad = health == Health::warn || health == Health::fail;
  BOOST_TEST(found.advice.empty() != is_bad, name);
}

ExitCode code_of(const Seen& seen) {
  return exit_code_of(seen, draw_findings(seen));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_doctor)

BOOST_AUTO_TEST_CASE(all_is_well) {
  for (const auto& found : draw_findings(good()))
    BOOST_TEST((found.health == Health::ok), found.name);
  BOOST_TEST(code_of(good()) == exit_ok);
}

BOOST_AUTO_TEST_CASE(a_daemon_that_is_not_running_is_found) {
  auto seen = without_daemon(exit_not_running);
  expect(seen, "socket", Health::fail);
  BOOST_TEST(finding(seen, "socket").detail ==
             "/socket is there, but nobody "
             "listens");
  seen.socket_exists = false;
  expect(seen, "socket", Health::fail);
  BOOST_TEST(finding(seen, "socket").detail ==
             "there is no /socket: ppnd is not running");
  for (const char* name : {"privileges", "mode", "warnings", "state-dir",
                           "disk", "newest-entry", "mesh", "guests"})
    expect(seen, name, Health::skip);
  expect(seen, "clock", Health::ok);
  BOOST_TEST(code_of(seen) == exit_not_running);
}

BOOST_AUTO_TEST_CASE(a_closed_socket_names_the_group) {
  auto seen = without_daemon(exit_permission);
  expect(seen, "socket", Health::fail);
  BOOST_TEST(finding(seen, "socket").advice ==
             "usermod -aG ppn alice, as root, and log in again");
  seen.group = {};
  BOOST_TEST(finding(seen, "socket").advice.starts_with("let others enter"));
  BOOST_TEST(code_of(seen) == exit_failed);
}

BOOST_AUTO_TEST_CASE(who_may_not_ask_is_told) {
  auto seen = without_status(exit_permission);
  expect(seen, "socket", Health::ok);
  expect(seen, "privileges", Health::fail);
  BOOST_TEST(finding(seen, "privileges").detail == "the cause");
  expect(seen, "mode", Health::skip);
}

BOOST_AUTO_TEST_CASE(a_daemon_that_makes_no_sense_is_found) {
  auto seen = without_status(exit_failed);
  expect(seen, "privileges", Health::skip);
  expect(seen, "mode", Health::fail);
}

BOOST_AUTO_TEST_CASE(the_mode_of_the_node_counts) {
  auto seen = good();
  seen.status->mode = "starting";
  expect(seen, "mode", Health::warn);
  BOOST_TEST(code_of(seen) == exit_degraded);
  seen.status->mode = "read_only";
  expect(seen, "mode", Health::fail);
  BOOST_TEST(code_of(seen) == exit_failed);
}

BOOST_AUTO_TEST_CASE(each_warning_is_a_finding) {
  auto seen = good();
  seen.status->warnings = {{"a", "first"}, {"b", "second"}};
  auto findings = draw_findings(seen);
  auto warned = std::count_if(
      findings.begin(), findings.end(),
      [](const Finding& found) { return found.health == Health::warn; });
  BOOST_TEST(warned == 2);
  BOOST_TEST(finding(seen, "warnings").detail == "a: first");
}

BOOST_AUTO_TEST_CASE(the_state_directory_belongs_to_the_daemon_alone) {
  auto seen = good();
  seen.state_dir.mode = 0750;
  expect(seen, "state-dir", Health::warn);
  seen.state_dir.owner = 8;
  expect(seen, "state-dir", Health::fail);
  seen = good();
  seen.state_dir.is_directory = false;
  expect(seen, "state-dir", Health::fail);
  seen.state_dir = {.error = ENOENT};
  expect(seen, "state-dir", Health::fail);
}

BOOST_AUTO_TEST_CASE(what_may_not_be_looked_at_is_said) {
  auto seen = good();
  seen.state_dir = {.error = EACCES};
  seen.disk = {.error = EACCES};
  expect(seen, "state-dir", Health::skip);
  expect(seen, "disk", Health::skip);
  BOOST_TEST(code_of(seen) == exit_ok);
}

BOOST_AUTO_TEST_CASE(a_disk_runs_out_of_room_and_of_files) {
  auto seen = good();
  seen.disk.bytes_free = 1024 * mebibyte - 1;
  expect(seen, "disk", Health::warn);
  seen.disk.bytes_free = 64 * mebibyte - 1;
  expect(seen, "disk", Health::fail);
  seen.disk.inodes_free = 999;
  expect(seen, "inodes", Health::warn);
  seen.disk.inodes_free = 0;
  expect(seen, "inodes", Health::fail);
  seen.disk.inodes = 0;
  expect(seen, "inodes", Health::skip);
}

BOOST_AUTO_TEST_CASE(a_clock_may_be_wrong) {
  auto seen = good();
  seen.synchronised = false;
  expect(seen, "clock", Health::warn);
  seen.now_ns = 1'704'067'200 * second_ns - 1;
  expect(seen, "clock", Health::fail);
}

BOOST_AUTO_TEST_CASE(an_entry_is_never_of_the_future) {
  auto seen = good();
  seen.now_ns = november_ns - 1;
  expect(seen, "newest-entry", Health::warn);
  seen.now_ns = november_ns - 61 * second_ns;
  expect(seen, "newest-entry", Health::fail);
}

// -- the mesh ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_mesh_that_is_well_is_counted) {
  BOOST_TEST(finding(good(), "mesh").detail ==
             "home: 2 members, 1 tunnel up, ppn0 by kernel");
}

BOOST_AUTO_TEST_CASE(a_node_may_be_in_no_mesh) {
  auto seen = good();
  seen.mesh = std::optional<Mesh>{};
  expect(seen, "mesh", Health::skip);
  BOOST_TEST(code_of(seen) == exit_ok);
}

BOOST_AUTO_TEST_CASE(a_mesh_that_can_not_be_seen_is_found) {
  auto seen = good();
  seen.peers = Failure{exit_failed, "the cause"};
  expect(seen, "mesh", Health::warn);
  seen.mesh = Failure{exit_failed, "another cause"};
  expect(seen, "mesh", Health::warn);
  BOOST_TEST(finding(seen, "mesh").detail == "another cause");
}

BOOST_AUTO_TEST_CASE(a_node_that_was_removed_is_found) {
  auto seen = good();
  (*seen.mesh)->is_member = false;
  expect(seen, "mesh", Health::warn);
}

BOOST_AUTO_TEST_CASE(a_device_that_is_not_set_right_is_found) {
  auto seen = good();
  seen.peers->problem = "no such module";
  expect(seen, "mesh", Health::fail);
  BOOST_TEST(finding(seen, "mesh").detail == "ppn0: no such module");
}

BOOST_AUTO_TEST_CASE(a_node_that_reaches_nobody_is_told_what_helps) {
  auto seen = good();
  for (auto& peer : seen.peers->peers) peer.is_up = false;
  expect(seen, "mesh", Health::fail);
  BOOST_TEST(finding(seen, "mesh").detail == "nobody is reached");
  BOOST_TEST(mentions(finding(seen, "mesh").advice, "ppnctl mesh import"));
}

BOOST_AUTO_TEST_CASE(a_peer_that_should_be_up_is_found) {
  auto seen = good();
  seen.peers->peers.push_back(seen.peers->peers.front());
  auto& peer = seen.peers->peers.front();
  peer.is_up = false;
  peer.why = "it is off";
  expect(seen, "mesh", Health::warn);
  BOOST_TEST(finding(seen, "mesh").detail == "nas is down: it is off");
  peer.path = "via hub";
  expect(seen, "mesh", Health::ok);
}

BOOST_AUTO_TEST_CASE(frames_that_nobody_should_send_are_found) {
  auto seen = good();
  (*seen.mesh)->dropped["bad_signature"] = 3;
  BOOST_TEST(finding(seen, "mesh").detail ==
             "3 frames dropped since ppnd started: not signed by their sender");
  (*seen.mesh)->dropped = {{"not_taken", 1}};
  BOOST_TEST(finding(seen, "mesh").detail ==
             "1 frame dropped since ppnd started: more than ppnd came to take");
}

BOOST_AUTO_TEST_CASE(a_member_whose_key_was_used_twice_is_found) {
  auto seen = good();
  auto& member = (*seen.mesh)->members[1];
  member.name = "cloud";
  member.clash = "its key speaks from two places";
  expect(seen, "mesh", Health::warn);
  BOOST_TEST(finding(seen, "mesh").detail ==
             "cloud: its key speaks from two places");
}

BOOST_AUTO_TEST_CASE(every_fault_of_a_frame_is_news_or_none) {
  for (std::size_t i = 0; i < actors::FrameFaultCounts{}.size(); ++i) {
    std::string fault{
        actors::name_of(static_cast<actors::FrameFault>(i)).label};
    auto seen = good();
    (*seen.mesh)->dropped[fault] = 1;
    bool is_usual = fault == "former_sender" || fault == "old_boot" ||
                    fault == "replayed" || fault == "other_nonce" ||
                    fault == "two_places";
    expect(seen, "mesh", is_usual ? Health::ok : Health::warn);
  }
}

// -- guests ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(guests_that_are_well_are_counted) {
  BOOST_TEST(finding(good(), "guests").detail ==
             "1 guest, 1 running, 2 GB left for others");
}

BOOST_AUTO_TEST_CASE(an_accelerator_is_told_with_why_others_are_not_used) {
  BOOST_TEST(finding(good(), "acceleration").detail ==
             "kvm was seen to run a guest, with the CPU host");
  auto seen = good();
  auto& acceleration = seen.guests->acceleration;
  acceleration.accelerator = "tcg";
  acceleration.cpu_model = "max";
  acceleration.tried = {{"kvm", false, "/dev/kvm is there but no guest ran"},
                        {"tcg", true, "a guest ran"}};
  expect(seen, "acceleration", Health::ok);
  BOOST_TEST(finding(seen, "acceleration").detail ==
             "tcg was seen to run a guest, with the CPU max; kvm does not "
             "work: /dev/kvm is there but no guest ran");
  acceleration.accelerator.reset();
  expect(seen, "acceleration", Health::warn);
  acceleration.tried.clear();
  expect(seen, "acceleration", Health::skip);
}

BOOST_AUTO_TEST_CASE(each_guest_that_ails_is_found) {
  auto seen = good();
  auto& vms = seen.guests->vms;
  vms.resize(3, vms.front());
  vms[1].name = "db";
  vms[1].phase = "crashed";
  vms[1].cause = "QEMU ended with a failure";
  vms[2].name = "nas";
  vms[2].is_unresponsive = true;
  vms[2].evidence = "silent for 2 s";
  expect(seen, "guests", Health::warn);
  BOOST_TEST(finding(seen, "guests").detail ==
             "db crashed: QEMU ended with a failure");
  BOOST_TEST(mentions(finding(seen, "guests").advice, "ppnctl vm logs db"));
  vms.erase(vms.begin() + 1);
  BOOST_TEST(finding(seen, "guests").detail ==
             "nas is unresponsive: silent for 2 s");
  BOOST_TEST(code_of(seen) == exit_degraded);
}

BOOST_AUTO_TEST_CASE(guests_that_can_not_be_run_are_found_where_there_are_any) {
  auto seen = good();
  seen.guests->problem = "there is no QEMU";
  expect(seen, "guests", Health::warn);
  seen.guests->vms.clear();
  expect(seen, "guests", Health::skip);
  BOOST_TEST(code_of(seen) == exit_ok);
  seen.guests = Failure{exit_failed, "the cause"};
  expect(seen, "guests", Health::warn);
}

BOOST_AUTO_TEST_CASE(findings_are_lines_for_people) {
  BOOST_TEST(findings_text({{"a", Health::ok, "fine"},
                            {"longer", Health::fail, "bad\x1b", "mend it"}}) ==
             "ok    a       fine\n"
             "FAIL  longer  bad?\n"
             "              mend it\n");
}

BOOST_AUTO_TEST_CASE(findings_are_a_document_for_programs) {
  BOOST_TEST(findings_document({{"a", Health::skip, "why"}}).dump() ==
             R"({"schema":"ppnctl.doctor.v1","findings":[{"name":"a",)"
             R"("result":"skip","detail":"why","advice":""}]})");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
