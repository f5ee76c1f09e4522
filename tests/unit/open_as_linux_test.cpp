// Another user's rights: a file is opened if that user could, and a program
// has nothing of this process.
#include "runtime/open_as_linux.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;
namespace utf = boost::unit_test;

using runtime::open_as;
using runtime::ProgramRun;
using runtime::run_as;
using runtime::UserRights;
using store::ErrorCode;
using store::FileHandle;

namespace {

constexpr uid_t nobody = 65'534;
constexpr gid_t nogroup = 65'534;

boost::test_tools::assertion_result runs_as_root(utf::test_unit_id) {
  return ::geteuid() == 0;
}

std::string rest_of(const FileHandle& file) {
  std::string text(1000, '\0');
  auto got = ::read(file.get(), text.data(), text.size());
  BOOST_REQUIRE(got >= 0);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

std::size_t open_files() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{"/proc/self/fd"}, {}));
}

/// What a child that gave up all that root has says of its attempts.
template <class Try>
bool as_nobody(Try&& attempt) {
  auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    if (::geteuid() == 0 &&
        (::syscall(SYS_setgroups, 0, nullptr) != 0 ||
         ::syscall(SYS_setresgid, nogroup, nogroup, nogroup) != 0 ||
         ::syscall(SYS_setresuid, nobody, nobody, nobody) != 0))
      ::_exit(2);
    ::_exit(attempt() ? 0 : 1);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Of a process that was root, and then kept what lets it read all files.
bool keep_capabilities_as_nobody() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> capabilities{};
  constexpr auto wanted = (1U << CAP_DAC_OVERRIDE) | (1U << CAP_SETUID);
  capabilities[0].effective = wanted;
  capabilities[0].permitted = wanted;
  return ::prctl(PR_SET_KEEPCAPS, 1) == 0 &&
         ::syscall(SYS_setresuid, nobody, nobody, nobody) == 0 &&
         ::syscall(SYS_capset, &header, capabilities.data()) == 0;
}

struct Fixture {
  Fixture() { fs::permissions(scratch.path(), fs::perms{0711}); }

  fs::path file(unsigned mode) {
    auto path = scratch / "file";
    std::ofstream{path} << "content";
    fs::permissions(path, fs::perms{mode});
    return path;
  }

  [[nodiscard]] auto open_as_self(const fs::path& path) const {
    return open_as(::geteuid(), ::getegid(), path);
  }

  store::Status shell(const std::string& script,
                      std::chrono::milliseconds patience = seconds) const {
    return run_as(self, {"/bin/sh", {"-c", script}, -1, patience});
  }

  static constexpr std::chrono::seconds seconds{60};
  ScratchDirectory scratch;
  UserRights self{::geteuid(), ::getegid(), {}};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(open_as_linux, Fixture)

// -- files --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_user_gets_what_the_user_may_read) {
  auto opened = must(open_as_self(file(0400)));
  BOOST_TEST(rest_of(opened) == "content");
}

BOOST_AUTO_TEST_CASE(the_file_can_be_read_only_and_by_no_other_program) {
  auto opened = must(open_as_self(file(0600)));
  BOOST_TEST(::write(opened.get(), "x", 1) == -1);
  BOOST_TEST((::fcntl(opened.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

BOOST_AUTO_TEST_CASE(nothing_stays_open) {
  auto path = file(0400);
  auto before = open_files();
  must(open_as_self(path));
  BOOST_TEST(is_error(open_as_self(scratch / "missing"), ErrorCode::not_found));
  BOOST_TEST(is_error(open_as_self(scratch.path()), ErrorCode::bad_input));
  BOOST_TEST(open_files() == before);
}

BOOST_AUTO_TEST_CASE(links_are_followed_with_the_users_rights) {
  fs::create_symlink(file(0400), scratch / "link");
  BOOST_TEST(rest_of(must(open_as_self(scratch / "link"))) == "content");
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_not_found) {
  auto error = error_of(open_as_self(scratch / "missing"));
  BOOST_TEST(error.code == ErrorCode::not_found);
  BOOST_TEST(mentions(error.message, (scratch / "missing").string()));
}

BOOST_AUTO_TEST_CASE(a_path_is_absolute) {
  for (const auto* path : {"", "file", "./file", "../file"})
    BOOST_TEST(is_error(open_as_self(path), ErrorCode::bad_input));
  auto path = file(0400).string() + std::string{'\0'} + ".qcow2";
  BOOST_TEST(is_error(open_as_self(path), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_refused_at_once) {
  auto pipe = scratch / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const auto& path : {pipe, scratch.path(), fs::path{"/dev/zero"}})
    BOOST_TEST(is_error(open_as_self(path), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(a_file_of_others_is_refused,
                     *utf::precondition(runs_as_root)) {
  auto error = error_of(open_as(nobody, nogroup, file(0600)));
  BOOST_TEST(error.code == ErrorCode::permission);
  BOOST_TEST(mentions(error.message, "as user nobody"), error.message);
  BOOST_TEST(
      is_error(open_as(nobody, nogroup, file(0000)), ErrorCode::permission));
}

BOOST_AUTO_TEST_CASE(a_file_that_a_user_can_not_get_to_is_refused,
                     *utf::precondition(runs_as_root)) {
  auto path = file(0444);
  must(open_as(nobody, nogroup, path));
  fs::permissions(scratch.path(), fs::perms{0700});
  BOOST_TEST(is_error(open_as(nobody, nogroup, path), ErrorCode::permission));
}

BOOST_AUTO_TEST_CASE(the_groups_are_those_of_the_user,
                     *utf::precondition(runs_as_root)) {
  constexpr gid_t group = 4711;
  auto path = file(0040);
  BOOST_REQUIRE(::chown(path.c_str(), 0, group) == 0);
  BOOST_TEST(is_error(open_as(nobody, nogroup, path), ErrorCode::permission));
  must(open_as(nobody, group, path));
  // This process itself is in the group of root.
  BOOST_REQUIRE(::chown(path.c_str(), 0, 0) == 0);
  BOOST_TEST(is_error(open_as(nobody, nogroup, path), ErrorCode::permission));
}

BOOST_AUTO_TEST_CASE(a_user_without_a_name_has_rights_too,
                     *utf::precondition(runs_as_root)) {
  constexpr uid_t unknown = 3'000'000;
  BOOST_TEST(
      is_error(open_as(unknown, unknown, file(0600)), ErrorCode::permission));
  auto path = file(0400);
  BOOST_REQUIRE(::chown(path.c_str(), unknown, unknown) == 0);
  must(open_as(unknown, unknown, path));
}

BOOST_AUTO_TEST_CASE(who_may_not_act_as_others_says_so) {
  auto path = file(0444);
  BOOST_TEST(as_nobody([&] {
    auto opened = open_as(::geteuid() + 1, nogroup, path);
    return !opened && opened.error().code == ErrorCode::permission &&
           mentions(opened.error().message, "may not act as user");
  }));
}

BOOST_AUTO_TEST_CASE(who_is_not_root_opens_what_is_its_own) {
  auto path = file(0444);
  BOOST_TEST(as_nobody([&] {
    auto opened = open_as(::geteuid(), ::getegid(), path);
    return opened && rest_of(*opened) == "content";
  }));
}

BOOST_AUTO_TEST_CASE(what_this_program_may_beyond_its_user_is_not_the_users,
                     *utf::precondition(runs_as_root)) {
  auto path = file(0600);
  auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    if (!keep_capabilities_as_nobody()) ::_exit(2);
    if (!FileHandle{::open(path.c_str(), O_RDONLY)}.open()) ::_exit(3);
    auto opened = open_as(nobody, ::getegid(), path);
    ::_exit(!opened && opened.error().code == ErrorCode::permission ? 0 : 1);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WEXITSTATUS(status) == 0);
}

// -- programs -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_program_runs_to_its_end) {
  must(shell("exit 0"));
  auto error = error_of(shell("echo first; echo second >&2; exit 3"));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "/bin/sh ended with 3: first second"),
             error.message);
}

BOOST_AUTO_TEST_CASE(a_program_that_dies_is_told_of) {
  auto error = error_of(shell("kill -KILL $$"));
  BOOST_TEST(mentions(error.message, "signal 9"), error.message);
}

BOOST_AUTO_TEST_CASE(its_arguments_are_words_and_nothing_more) {
  must(run_as(self, {"/bin/sh",
                     {"-c", "test \"$1\" = '$(exit 1); \"' -a $# = 1", "sh",
                      "$(exit 1); \""},
                     -1,
                     seconds}));
}

BOOST_AUTO_TEST_CASE(it_has_no_file_or_variable_of_this_process) {
  FileHandle inherited{::open("/dev/null", O_RDONLY)};
  ::setenv("PPN_SECRET", "x", 1);
  auto error = error_of(shell("cd /proc/self/fd; echo *; env; exit 1"));
  ::unsetenv("PPN_SECRET");
  // The last one is the directory that the shell reads.
  BOOST_TEST(mentions(error.message, ": 0 1 2 3 "), error.message);
  BOOST_TEST(!mentions(error.message, "PPN_SECRET"), error.message);
}

BOOST_AUTO_TEST_CASE(it_starts_where_it_is_told_to) {
  FileHandle folder{::open(scratch.path().c_str(), O_PATH | O_CLOEXEC)};
  must(
      run_as(self, {"/bin/sh", {"-c", "echo x >made"}, folder.get(), seconds}));
  BOOST_TEST(fs::exists(scratch / "made"));
  BOOST_TEST((fs::status(scratch / "made").permissions() == fs::perms{0600}));
  must(shell("test \"$(pwd)\" = /"));
}

BOOST_AUTO_TEST_CASE(no_signal_is_kept_from_it) {
  must(
      shell("grep -q '^SigBlk:.*[^0]$' /proc/self/status && exit 1; "
            "test \"$(sed -n 's/^SigIgn:\\t//p' /proc/self/status)\" = "
            "0000000000000000"));
}

BOOST_AUTO_TEST_CASE(a_program_that_hangs_is_killed) {
  auto error =
      error_of(shell("while :; do :; done", std::chrono::milliseconds{50}));
  BOOST_TEST(mentions(error.message, "takes too long"), error.message);
}

BOOST_AUTO_TEST_CASE(a_program_dies_with_who_runs_it) {
  auto pipe = scratch / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    static_cast<void>(
        shell("echo $$ >" + pipe.string() + "; while :; do :; done"));
    ::_exit(0);
  }
  pid_t program = 0;
  std::ifstream{pipe} >> program;
  BOOST_REQUIRE(program > 0);
  FileHandle process{static_cast<int>(::syscall(SYS_pidfd_open, program, 0))};
  BOOST_REQUIRE(process.open());
  ::kill(child, SIGKILL);
  BOOST_REQUIRE(::waitpid(child, nullptr, 0) == child);
  pollfd ended{process.get(), POLLIN, 0};
  constexpr int patience_ms = 60'000;
  BOOST_TEST(::poll(&ended, 1, patience_ms) == 1);
}

BOOST_AUTO_TEST_CASE(a_program_that_writes_without_end_is_killed) {
  BOOST_TEST(
      is_error(shell("while :; do echo y; done", std::chrono::milliseconds{50}),
               ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(what_it_writes_is_read_whatever_there_is_of_it) {
  auto error =
      error_of(shell("i=0; while [ $i -lt 20000 ]; do echo 12345678; "
                     "i=$((i+1)); done; exit 1"));
  BOOST_TEST(mentions(error.message, "ended with 1: 12345678"));
  BOOST_TEST(error.message.size() < 1100U);
}

BOOST_AUTO_TEST_CASE(what_it_writes_commands_no_terminal) {
  auto error = error_of(shell("printf '\\033[2J'; exit 1"));
  BOOST_TEST(!mentions(error.message, "\033"));
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_not_found) {
  BOOST_TEST(is_error(run_as(self, {scratch / "missing", {}, -1, seconds}),
                      ErrorCode::not_found));
  BOOST_TEST(is_error(run_as(self, {file(0600), {}, -1, seconds}),
                      ErrorCode::permission));
}

BOOST_AUTO_TEST_CASE(a_program_runs_as_that_user_with_nothing_of_root,
                     *utf::precondition(runs_as_root)) {
  must(run_as({nobody, nogroup, {4711}},
              {"/bin/sh",
               {"-c",
                "test \"$(id -u):$(id -g)\" = 65534:65534 && "
                "test \"$(id -G)\" = '65534 4711' && "
                "grep -q 'CapEff:.0*$' /proc/self/status && "
                "grep -q 'CapPrm:.0*$' /proc/self/status && "
                "grep -q 'NoNewPrivs:.1$' /proc/self/status"},
               -1,
               seconds}));
}

BOOST_AUTO_TEST_CASE(who_may_not_act_as_others_runs_nothing) {
  BOOST_TEST(as_nobody([&] {
    auto ran =
        run_as({::geteuid() + 1, nogroup, {}}, {"/bin/true", {}, -1, seconds});
    return !ran && ran.error().code == ErrorCode::permission;
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
