// What ppnctl doctor makes of what it saw. A new kind of finding is a function
// here or in a file of its own, and its line in the table at the end.
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "schema/time_text.hpp"
#include "tools/ppnctl/doctor.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
constexpr std::uint64_t bytes_free_low = 1024 * mebibyte;
constexpr std::uint64_t bytes_free_too_low = 64 * mebibyte;
constexpr std::uint64_t inodes_free_low = 1'000;
constexpr std::uint64_t inodes_free_too_low = 50;

/// 2024-01-01: before it no clock can be right.
constexpr std::int64_t earliest_ns = 1'704'067'200'000'000'000;
/// A clock may be set back this far when it is corrected.
constexpr std::int64_t correction_ns = 60'000'000'000;

constexpr const char* logs = "see why: journalctl -u ppnd";

std::string join(const std::string& group, const Seen& seen) {
  return fmt::format("usermod -aG {} {}, as root, and log in again", group,
                     seen.user);
}

Findings of_socket(const Seen& seen) {
  if (!seen.connecting)
    return {{"socket", Health::ok, seen.socket + " takes connections"}};
  const auto& failure = *seen.connecting;
  if (failure.code == exit_not_running && seen.socket_exists)
    return {{"socket", Health::fail,
             fmt::format("{} is there, but nobody listens", seen.socket),
             "ppnd ended and left it behind: journalctl -u ppnd says why, "
             "systemctl start ppnd starts it"}};
  if (failure.code == exit_not_running)
    return {{"socket", Health::fail,
             fmt::format("there is no {}: ppnd is not running", seen.socket),
             "systemctl start ppnd, or name another socket with --socket"}};
  if (failure.code == exit_permission)
    return {{"socket", Health::fail, failure.what,
             seen.group ? join(*seen.group, seen)
                        : "let others enter its directory (chmod o+x), or ask "
                          "as root"}};
  return {{"socket", Health::fail, failure.what, failure.advice}};
}

Findings of_privileges(const Seen& seen) {
  if (seen.status)
    return {{"privileges", Health::ok, seen.user + " may ask ppnd"}};
  const auto& failure = seen.status.error();
  if (seen.connecting) return {{"privileges", Health::skip, failure.what}};
  if (failure.code != exit_permission)
    return {{"privileges", Health::skip, "ppnd gave no status"}};
  return {{"privileges", Health::fail, failure.what,
           join("GROUP", seen) +
               "; GROUP is api.read_group, or api.commit_group, in the "
               "configuration of ppnd"}};
}

Findings of_mode(const Seen& seen) {
  if (!seen.status &&
      (seen.connecting || seen.status.error().code == exit_permission))
    return {{"mode", Health::skip, "ppnd gave no status"}};
  if (!seen.status)
    return {{"mode", Health::fail, seen.status.error().what, logs}};
  const auto& mode = seen.status->mode;
  if (mode == "running")
    return {{"mode", Health::ok,
             "running for " + duration_words(seen.status->uptime_seconds)}};
  if (mode == "read_only")
    return {{"mode", Health::fail, "read_only: the node records nothing more",
             fmt::format("{}; then systemctl restart ppnd", logs)}};
  return {{"mode", Health::warn, mode, "wait a moment, then look again"}};
}

Findings of_warnings(const Seen& seen) {
  if (!seen.status) return {{"warnings", Health::skip, "ppnd gave no status"}};
  if (seen.status->warnings.empty())
    return {{"warnings", Health::ok, "ppnd has none"}};
  Findings findings;
  for (const auto& warning : seen.status->warnings)
    findings.push_back(
        {"warnings", Health::warn, warning.name + ": " + warning.detail, logs});
  return findings;
}

Findings of_state_dir(const Seen& seen) {
  if (!seen.status)
    return {{"state-dir", Health::skip,
             "ppnd gave no status, which would name it"}};
  const auto& path = seen.status->state_dir;
  const auto& facts = seen.state_dir;
  if (facts.error == EACCES)
    return {{"state-dir", Health::skip,
             fmt::format("{} was not looked at: {} may not", path, seen.user)}};
  if (facts.error != 0)
    return {{"state-dir", Health::fail,
             fmt::format("{}: {}", path, std::strerror(facts.error)),
             "ppnd writes to what nobody can open again: look for who moved "
             "it"}};
  if (!facts.is_directory)
    return {{"state-dir", Health::fail, path + " is no directory",
             "name another one in the configuration of ppnd"}};
  Findings findings;
  if (seen.daemon && facts.owner != *seen.daemon)
    findings.push_back(
        {"state-dir", Health::fail,
         fmt::format("{} belongs to uid {}, and ppnd runs as uid {}", path,
                     facts.owner, *seen.daemon),
         fmt::format("chown -R {} {}", *seen.daemon, path)});
  if (facts.mode != 0700)
    findings.push_back({"state-dir", Health::warn,
                        fmt::format("{} has mode {:04o}", path, facts.mode),
                        fmt::format("chmod 700 {}", path)});
  if (!findings.empty()) return findings;
  return {{"state-dir", Health::ok, path + " belongs to ppnd alone"}};
}

/// How much is left, against what is low and what is too low.
Health health_of(std::uint64_t left, std::uint64_t low, std::uint64_t too_low) {
  if (left < too_low) return Health::fail;
  return left < low ? Health::warn : Health::ok;
}

Findings of_disk(const Seen& seen) {
  if (!seen.status)
    return {{"disk", Health::skip, "ppnd gave no status, which would name it"}};
  const auto& disk = seen.disk;
  if (disk.error != 0)
    return {{"disk", Health::skip,
             fmt::format("{} was not looked at: {}", seen.status->state_dir,
                         std::strerror(disk.error))}};
  auto health = health_of(disk.bytes_free, bytes_free_low, bytes_free_too_low);
  Findings findings{
      {"disk", health,
       fmt::format("{} free below {}", size_words(disk.bytes_free),
                   seen.status->state_dir),
       health == Health::ok ? "" : "make room, or the ledger can not grow"}};
  if (disk.inodes == 0) {
    findings.push_back(
        {"inodes", Health::skip, "this file system does not count them"});
    return findings;
  }
  health = health_of(disk.inodes_free, inodes_free_low, inodes_free_too_low);
  findings.push_back(
      {"inodes", health, fmt::format("{} free", disk.inodes_free),
       health == Health::ok ? "" : "delete files that nobody needs"});
  return findings;
}

Findings of_clock(const Seen& seen) {
  auto now = schema::format_time(seen.now_ns);
  if (seen.now_ns < earliest_ns)
    return {{"clock", Health::fail, "it says " + now,
             "timedatectl set-ntp true, or timedatectl set-time"}};
  if (!seen.synchronised)
    return {{"clock", Health::warn, now + ", not synchronised",
             "timedatectl set-ntp true"}};
  return {{"clock", Health::ok, now + ", synchronised"}};
}

Findings of_newest_entry(const Seen& seen) {
  if (!seen.newest)
    return {{"newest-entry", Health::skip, seen.newest.error().what}};
  auto time = schema::format_time(seen.newest->utc_ns);
  auto ahead_ns = seen.newest->utc_ns - seen.now_ns;
  if (ahead_ns <= 0) return {{"newest-entry", Health::ok, "of " + time}};
  return {{"newest-entry",
           ahead_ns > correction_ns ? Health::fail : Health::warn,
           fmt::format("of {}, which is still to come", time),
           "the clock was set back, or was wrong when it was written: "
           "timedatectl"}};
}

constexpr std::array finders{
    of_socket, of_privileges, of_mode,         of_warnings, of_state_dir,
    of_disk,   of_clock,      of_newest_entry, of_mesh,     of_guests};

}  // namespace

Findings draw_findings(const Seen& seen) {
  Findings findings;
  for (const auto& find : finders) {
    auto found = find(seen);
    findings.insert(findings.end(), found.begin(), found.end());
  }
  return findings;
}

}  // namespace ppn::ctl
