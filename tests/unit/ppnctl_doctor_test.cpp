// What ppnctl doctor makes of what it saw.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>

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
  return seen;
}

Seen without_status(ExitCode code) {
  auto seen = good();
  Failure failure{code, "the cause"};
  seen.status = failure;
  seen.newest = failure;
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
  for (const char* name :
       {"privileges", "mode", "warnings", "state-dir", "disk", "newest-entry"})
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
