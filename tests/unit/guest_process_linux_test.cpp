// Guests that outlive who launched them, and are found again. Some tests show
// less if this user is not root; they say so.
#include "runtime/guest_process_linux.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "runtime/keeper/run_directory_linux.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using runtime::Contact;
using runtime::end_of_guest;
using runtime::find_guest;
using runtime::forget_starts;
using runtime::GuestEnd;
using runtime::GuestLaunch;
using runtime::launch_guest;
using runtime::process_evidence;
using runtime::RunDirectory;
using runtime::RunningGuest;
using runtime::signal_process;
using store::ErrorCode;
using store::FileHandle;

namespace {

constexpr std::chrono::seconds patience{30};
constexpr int patience_ms = std::chrono::milliseconds{patience}.count();
constexpr uid_t stranger = 54'321;

/// Exits once its other monitor is told to press the power button.
constexpr const char* shut_down_by_rescue = R"(
import os, socket
connection, _ = socket.socket(fileno=4).accept()
heard = b''
while b'"system_powerdown"' not in heard:
    heard += connection.recv(1000)
os._exit(42 if heard.startswith(b'{"execute":"qmp_capabilities"}') else 1)
)";

/// Greets who connects to its monitor, and exits with what it is told.
constexpr const char* fake_qemu = R"(
import os, socket
monitor = socket.socket(fileno=3)
while True:
    connection, _ = monitor.accept()
    try:
        connection.sendall(b"hello\n")
        code = connection.recv(16)
    except OSError:
        continue
    if code: os._exit(int(code))
)";

bool is_root() { return ::geteuid() == 0; }

/// For what another process does in its own time.
bool eventually(const std::function<bool()>& is_so) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

/// Empty if it can not be read, as when a process has just ended.
std::string text_of(const fs::path& path) {
  constexpr std::size_t size_max = std::size_t{1} << 20U;
  auto text = store::read_file(path, size_max);
  return text ? *text : std::string{};
}

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory})
    names.insert(entry.path().filename().string());
  return names;
}

fs::path proc(pid_t pid) { return fs::path{"/proc"} / std::to_string(pid); }

/// What /proc/PID/status says of one thing.
std::string status_of(pid_t pid, const std::string& name) {
  std::istringstream lines{text_of(proc(pid) / "status")};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  return "absent";
}

FileHandle open_process(pid_t pid) {
  return FileHandle{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

void wait_for_end(const FileHandle& process) {
  pollfd ended{process.get(), POLLIN, 0};
  BOOST_REQUIRE(::poll(&ended, 1, patience_ms) == 1);
}

std::string read_from(const FileHandle& connection) {
  pollfd ready{connection.get(), POLLIN, 0};
  BOOST_REQUIRE(::poll(&ready, 1, patience_ms) == 1);
  std::array<char, 64> buffer{};
  auto got = ::read(connection.get(), buffer.data(), buffer.size());
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

void say_to(const FileHandle& connection, std::string_view text) {
  ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

/// A guest that must be there.
RunningGuest found_in(const fs::path& run_dir) {
  auto guest = must(find_guest(run_dir));
  BOOST_REQUIRE(guest.has_value());
  return std::move(*guest);
}

/// A directory to run in, and an end for all that was started there.
struct Fixture {
  ScratchDirectory scratch;
  fs::path log = scratch / "log";
  fs::path fifo = scratch / "fifo";
  fs::path run = make_run_dir("run");

  Fixture() { BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0666) == 0); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() {
    eventually([this] {
      auto left = processes();
      for (auto pid : left) ::kill(pid, SIGKILL);
      return left.empty();
    });
  }

  [[nodiscard]] fs::path make_run_dir(const std::string& name) const {
    auto path = scratch / name;
    fs::create_directories(path);
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }

  /// All whose arguments name the scratch directory, as those of each guest
  /// here do, and so those of its keeper.
  [[nodiscard]] std::set<pid_t> processes() const {
    std::set<pid_t> found;
    for (const auto& name : names_in("/proc")) {
      auto pid = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
      if (pid > 0 && pid != ::getpid() &&
          mentions(text_of(proc(pid) / "cmdline"), scratch.path().string()))
        found.insert(pid);
    }
    return found;
  }

  [[nodiscard]] GuestLaunch launch_of(std::uint64_t start,
                                      std::vector<std::string> argv) const {
    argv.push_back(fifo);
    return {run,         start,       PPN_KEEPER, std::move(argv),
            ::geteuid(), ::getegid(), {},         log};
  }

  /// Does nothing until it is killed: nobody ever writes to what it reads.
  [[nodiscard]] GuestLaunch idle(std::uint64_t start) const {
    return launch_of(start, {"/bin/cat"});
  }

  [[nodiscard]] GuestLaunch fake(std::uint64_t start) const {
    return launch_of(start, {"/usr/bin/python3", "-I", "-S", "-c", fake_qemu});
  }

  [[nodiscard]] GuestLaunch shell(std::uint64_t start,
                                  const std::string& script) const {
    return launch_of(start, {"/bin/sh", "-c", script});
  }

  [[nodiscard]] GuestEnd end_of(std::uint64_t start) const {
    return end_of_guest(run, start, log);
  }

  /// For one that ends by itself.
  [[nodiscard]] GuestEnd awaited_end_of(std::uint64_t start) const {
    BOOST_REQUIRE(eventually(
        [&] { return end_of(start).kind != GuestEnd::Kind::unknown; }));
    return end_of(start);
  }

  /// Nothing was started, or all of it has ended, and no socket is left.
  void check_that_nothing_is_left() const {
    BOOST_TEST(eventually([this] { return processes().empty(); }));
    BOOST_TEST(names_in(run).empty());
  }
};

/// Kills a guest, and waits until that is noted.
void end(const RunningGuest& guest) {
  must(signal_process(guest.process, SIGKILL));
  wait_for_end(guest.process);
  if (guest.keeper.open()) wait_for_end(guest.keeper);
}

/// A daemon launches a guest and dies at the nth of its stops at system calls.
/// Whether it got so far.
bool launch_and_die_at(int nth, const GuestLaunch& launch) {
  auto daemon = ::fork();
  if (daemon == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    auto launched = launch_guest(launch);
    ::_exit(launched ? 0 : 1);
  }
  constexpr int system_call = SIGTRAP | 0x80;
  int status = 0;
  BOOST_REQUIRE(::waitpid(daemon, &status, 0) == daemon);
  BOOST_REQUIRE(::ptrace(PTRACE_SETOPTIONS, daemon, nullptr,
                         PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0);
  for (int stops = 0; stops < nth;) {
    ::ptrace(PTRACE_SYSCALL, daemon, nullptr, nullptr);
    BOOST_REQUIRE(::waitpid(daemon, &status, 0) == daemon);
    if (!WIFSTOPPED(status)) {
      BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0));
      return false;
    }
    if (WSTOPSIG(status) == system_call) ++stops;
  }
  ::kill(daemon, SIGKILL);
  ::waitpid(daemon, &status, 0);
  return true;
}

/// What the next daemon finds once no start is under way any more.
std::optional<RunningGuest> settled_in(const fs::path& run_dir) {
  std::optional<RunningGuest> guest;
  bool is_settled = eventually([&] {
    auto found = find_guest(run_dir);
    if (!found) return !mentions(found.error().message, "is under way");
    guest = std::move(*found);
    return true;
  });
  BOOST_REQUIRE(is_settled);
  return guest;
}

/// What a bound socket is called in the file system.
FileHandle bind_to(const fs::path& path) {
  FileHandle socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as it takes it
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  BOOST_REQUIRE(::bind(socket.get(), any, sizeof address) == 0);
  return socket;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(guest_process_linux, Fixture)

// -- launching ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_launched_guest_is_found) {
  auto pid = must(launch_guest(fake(7)));
  auto guest = found_in(run);
  BOOST_TEST(guest.start == 7U);
  BOOST_TEST(guest.pid == pid);
  BOOST_TEST(guest.keeper.open());
  BOOST_TEST(read_from(guest.connection) == "hello\n");
}

BOOST_AUTO_TEST_CASE(who_launches_has_no_child_to_wait_for) {
  must(launch_guest(idle(1)));
  BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
}

BOOST_AUTO_TEST_CASE(a_guest_has_its_descriptors_and_no_others) {
  auto pid = must(launch_guest(idle(1)));
  std::map<std::string, std::string> files;
  for (const auto& name : names_in(proc(pid) / "fd"))
    files[name] = fs::read_symlink(proc(pid) / "fd" / name);
  for (const auto* name : {"3", "4", "5"}) {
    BOOST_TEST(files[name].starts_with("socket:"));
    files.erase(name);
  }
  std::map<std::string, std::string> others{
      {"0", "/dev/null"}, {"1", "/dev/null"}, {"2", log}};
  BOOST_TEST((files == others));
}

BOOST_AUTO_TEST_CASE(each_socket_leads_to_the_guest) {
  auto pid = must(launch_guest(idle(1)));
  auto directory = must(RunDirectory::open(run));
  for (auto socket : runtime::guest_sockets) {
    auto contact = must(directory.contact(1, socket));
    BOOST_REQUIRE((contact.state == Contact::State::connected));
    ucred peer{};
    socklen_t size = sizeof peer;
    BOOST_REQUIRE(::getsockopt(contact.connection.get(), SOL_SOCKET,
                               SO_PEERCRED, &peer, &size) == 0);
    BOOST_TEST(peer.pid == pid);
  }
}

BOOST_AUTO_TEST_CASE(a_guest_has_nothing_of_who_launched_it) {
  auto pid = must(launch_guest(idle(1)));
  BOOST_TEST(text_of(proc(pid) / "environ").empty());
  BOOST_TEST(fs::read_symlink(proc(pid) / "cwd") == "/");
  BOOST_TEST(::getsid(pid) != ::getsid(0));
  // The C library keeps two behind those with a name for itself.
  constexpr unsigned long with_a_name = 0x7fffffff;
  BOOST_TEST(
      (std::stoul(status_of(pid, "SigIgn"), nullptr, 16) & with_a_name) == 0U);
  BOOST_TEST(status_of(pid, "SigBlk") == "0000000000000000");
  BOOST_TEST(status_of(pid, "Umask") == "0077");
}

BOOST_AUTO_TEST_CASE(a_guest_gains_no_privileges_and_leaves_no_memory) {
  auto pid = must(launch_guest(idle(1)));
  BOOST_TEST(status_of(pid, "NoNewPrivs") == "1");
  std::istringstream limits{text_of(proc(pid) / "limits")};
  std::string soft;
  std::string hard;
  for (std::string line; std::getline(limits, line);)
    if (constexpr std::string_view core = "Max core file size";
        line.starts_with(core))
      std::istringstream{line.substr(core.size())} >> soft >> hard;
  BOOST_TEST(soft == "0");
  BOOST_TEST(hard == "0");
}

BOOST_AUTO_TEST_CASE(a_guest_is_its_own_user) {
  auto launch = idle(1);
  launch.uid = stranger;
  launch.gid = stranger;
  launch.extra_group = 12'345;
  if (!is_root()) {
    BOOST_TEST_MESSAGE("only root can become another: it is refused here");
    BOOST_TEST(mentions(error_of(launch_guest(launch)).message,
                        "group: Operation not permitted"));
    check_that_nothing_is_left();
    return;
  }
  fs::permissions(scratch.path(), fs::perms{0711});
  BOOST_REQUIRE(::chown(run.c_str(), stranger, stranger) == 0);
  auto pid = must(launch_guest(launch));
  BOOST_TEST(status_of(pid, "Uid") == "54321\t54321\t54321\t54321");
  BOOST_TEST(status_of(pid, "Gid") == "54321\t54321\t54321\t54321");
  BOOST_TEST(mentions(status_of(pid, "Groups"), "12345"));
  BOOST_TEST(!mentions(status_of(pid, "Groups"), "0 "));
  for (const auto* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
    BOOST_TEST(status_of(pid, set) == "0000000000000000");
  BOOST_TEST(found_in(run).pid == pid);
}

BOOST_AUTO_TEST_CASE(no_guest_stays_root_by_a_number_that_is_none) {
  auto launch = idle(1);
  launch.uid = static_cast<uid_t>(-1);
  BOOST_TEST(mentions(error_of(launch_guest(launch)).message, "order"));
  check_that_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_path_too_long_for_a_socket_is_no_hindrance) {
  run = make_run_dir(std::string(120, 'a') + "/" + std::string(120, 'b'));
  auto pid = must(launch_guest(fake(1)));
  auto guest = found_in(run);
  BOOST_TEST(guest.pid == pid);
  BOOST_TEST(read_from(guest.connection) == "hello\n");
  end(guest);
  forget_starts(run, 1);
  BOOST_TEST(names_in(run).empty());
}

BOOST_AUTO_TEST_CASE(a_connection_neither_blocks_nor_is_inherited) {
  must(launch_guest(idle(1)));
  auto guest = found_in(run);
  int flags = ::fcntl(guest.connection.get(), F_GETFL);
  BOOST_TEST((flags & O_NONBLOCK) != 0);
  for (const auto* handle : {&guest.connection, &guest.process, &guest.keeper})
    BOOST_TEST(::fcntl(handle->get(), F_GETFD) == FD_CLOEXEC);
}

// -- launches that fail -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_leaves_nothing) {
  auto error = error_of(launch_guest(launch_of(1, {"/no/such/program"})));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "/no/such/program: exec: No such file"));
  check_that_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(without_a_keeper_there_is_no_guest) {
  auto launch = idle(1);
  launch.keeper = scratch / "ppn-keeper";
  BOOST_TEST(is_error(launch_guest(launch), ErrorCode::not_found));
  check_that_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(why_there_is_no_keeper_is_said) {
  auto launch = idle(1);
  launch.keeper = scratch / "ppn-keeper";
  std::ofstream{launch.keeper} << "#!/bin/sh\necho no room for one >&2\n";
  fs::permissions(launch.keeper, fs::perms::owner_all);
  auto error = error_of(launch_guest(launch));
  BOOST_TEST(mentions(error.message, "no room for one"));
  check_that_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_keeper_that_dies_leaves_nothing) {
  auto launch = idle(1);
  launch.keeper = "/bin/false";
  auto error = error_of(launch_guest(launch));
  BOOST_TEST(mentions(error.message, "its keeper ended before it ran"));
  check_that_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(what_takes_too_long_is_killed_with_all_it_started) {
  auto launch = idle(1);
  launch.keeper = scratch / "slow";
  std::ofstream{launch.keeper} << "#!/bin/sh\n/bin/cat " << fifo.string()
                               << " & /bin/cat " << fifo.string() << "\n";
  fs::permissions(launch.keeper, fs::perms::owner_all);
  auto error = error_of(launch_guest(launch, std::chrono::milliseconds{50}));
  BOOST_TEST(mentions(error.message, "too long"));
  check_that_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_start_that_lives_is_not_launched_again) {
  auto pid = must(launch_guest(idle(1)));
  BOOST_TEST(is_error(launch_guest(idle(1)), ErrorCode::io));
  BOOST_TEST(found_in(run).pid == pid);
  BOOST_TEST(processes().size() == 2U);
}

BOOST_AUTO_TEST_CASE(where_a_guest_lives_there_is_no_other_start) {
  auto pid = must(launch_guest(idle(1)));
  auto error = error_of(launch_guest(idle(2)));
  BOOST_TEST(mentions(error.message, "start 1 still lives"));
  BOOST_TEST(found_in(run).pid == pid);
  BOOST_TEST(!names_in(run).contains("2.control"));
}

BOOST_AUTO_TEST_CASE(a_launch_that_is_refused_does_not_fill_the_monitor) {
  must(launch_guest(idle(1)));
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(!launch_guest(idle(2)));
    forget_starts(run, 1);
  }
  found_in(run);
}

BOOST_AUTO_TEST_CASE(a_number_is_used_once) {
  must(launch_guest(idle(1)));
  end(found_in(run));
  BOOST_TEST(is_error(launch_guest(idle(1)), ErrorCode::io));
  must(launch_guest(idle(2)));
}

BOOST_AUTO_TEST_CASE(where_others_may_enter_no_guest_runs) {
  fs::permissions(run, fs::perms{0711});
  BOOST_TEST(is_error(launch_guest(idle(1)), ErrorCode::permission));
  check_that_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_log_that_is_no_file_is_refused) {
  auto piped = idle(1);
  piped.log = fifo;
  BOOST_TEST(!launch_guest(piped));
  auto linked = idle(1);
  linked.log = scratch / "link";
  fs::create_symlink(log, linked.log);
  BOOST_TEST(!launch_guest(linked));
  BOOST_TEST(!fs::exists(log));
  check_that_nothing_is_left();
}

// -- finding ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_daemon_finds_the_guest_of_one_that_died) {
  auto daemon = ::fork();
  if (daemon == 0) ::_exit(launch_guest(fake(3)) ? 0 : 1);
  int status = 0;
  BOOST_REQUIRE(::waitpid(daemon, &status, 0) == daemon);
  BOOST_REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  auto first = found_in(run).pid;
  auto guest = found_in(run);
  BOOST_TEST(guest.start == 3U);
  BOOST_TEST(guest.pid == first);
  BOOST_TEST(processes().contains(first));
  BOOST_TEST(processes().size() == 2U);
}

BOOST_AUTO_TEST_CASE(wherever_a_daemon_dies_its_guest_is_found_or_is_none) {
  constexpr int deaths_max = 1000;
  int guests = 0;
  int nth = 1;
  for (; nth < deaths_max; ++nth) {
    auto start = static_cast<std::uint64_t>(nth);
    if (!launch_and_die_at(nth, idle(start))) break;
    if (auto guest = settled_in(run)) {
      ++guests;
      BOOST_TEST(guest->start == start);
      BOOST_TEST(guest->keeper.open());
      end(*guest);
    }
    BOOST_REQUIRE(eventually([this] { return processes().empty(); }));
    forget_starts(run, start);
    BOOST_TEST(names_in(run).empty());
  }
  BOOST_TEST_MESSAGE("a daemon died " << nth - 1 << " deaths, " << guests
                                      << " of them with a guest");
  BOOST_TEST(guests > 0);
  BOOST_TEST(guests < nth - 1);
  BOOST_TEST(found_in(run).start == static_cast<std::uint64_t>(nth));
}

BOOST_AUTO_TEST_CASE(where_nothing_runs_nothing_is_found) {
  BOOST_TEST(!must(find_guest(scratch / "absent")).has_value());
  BOOST_TEST(!must(find_guest(run)).has_value());
  { auto left_behind = bind_to(run / "1.control"); }
  std::ofstream{run / "2.control"} << "no socket";
  std::ofstream{run / "03.control"} << "no number";
  BOOST_TEST(!must(find_guest(run)).has_value());
}

BOOST_AUTO_TEST_CASE(a_start_under_way_is_told) {
  auto not_yet = bind_to(run / "4.control");
  auto error = error_of(find_guest(run));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "start 4 is under way"));
  BOOST_TEST(!launch_guest(idle(5)));
  forget_starts(run, 4);
  BOOST_TEST(names_in(run).contains("4.control"));
}

BOOST_AUTO_TEST_CASE(two_living_guests_are_told) {
  auto one = must(launch_guest(idle(1)));
  auto launch = idle(2);
  launch.run_dir = make_run_dir("other");
  auto other = must(launch_guest(launch));
  fs::rename(launch.run_dir / "2.control", run / "2.control");
  auto error = error_of(find_guest(run));
  BOOST_TEST(error.code == ErrorCode::io);
  for (auto pid : {one, other})
    BOOST_TEST(mentions(error.message, "process " + std::to_string(pid)));
}

BOOST_AUTO_TEST_CASE(a_monitor_without_room_is_told_with_its_process) {
  auto pid = must(launch_guest(idle(1)));
  auto guest = found_in(run);
  std::vector<Contact> crowd;
  auto directory = must(RunDirectory::open(run));
  do {
    crowd.push_back(must(directory.contact(1, runtime::control_socket)));
  } while (crowd.back().state == Contact::State::connected);
  BOOST_TEST((crowd.back().state == Contact::State::taken));
  must(signal_process(guest.process, SIGSTOP));
  auto stopped = "process " + std::to_string(pid) + " is stopped (T)";
  BOOST_REQUIRE(eventually([&] { return process_evidence(pid) == stopped; }));
  auto error = error_of(find_guest(run));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "takes no more connections"));
  BOOST_TEST(mentions(error.message, stopped));
}

BOOST_AUTO_TEST_CASE(a_stopped_guest_is_found) {
  auto pid = must(launch_guest(fake(1)));
  must(signal_process(found_in(run).process, SIGSTOP));
  BOOST_REQUIRE(eventually(
      [&] { return mentions(process_evidence(pid), "is stopped"); }));
  BOOST_TEST(found_in(run).pid == pid);
}

BOOST_AUTO_TEST_CASE(a_link_to_the_socket_of_another_is_not_followed) {
  must(launch_guest(idle(1)));
  auto other = make_run_dir("other");
  fs::create_symlink(run / "1.control", other / "2.control");
  BOOST_TEST(!must(find_guest(other)).has_value());
}

BOOST_AUTO_TEST_CASE(a_socket_that_the_guest_made_is_not_heeded) {
  if (!is_root()) {
    BOOST_TEST_MESSAGE("only root can have what others made: not tried here");
    return;
  }
  auto made = bind_to(run / "9.control");
  BOOST_REQUIRE(::listen(made.get(), 1) == 0);
  BOOST_TEST(found_in(run).pid == ::getpid());
  BOOST_REQUIRE(::chown((run / "9.control").c_str(), stranger, stranger) == 0);
  BOOST_TEST(!must(find_guest(run)).has_value());
}

// -- ends ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(how_it_exited_is_noted) {
  for (int code : {0, 1, 255}) {
    auto start = static_cast<std::uint64_t>(code) + 1;
    must(launch_guest(fake(start)));
    auto guest = found_in(run);
    say_to(guest.connection, std::to_string(code));
    wait_for_end(guest.process);
    wait_for_end(guest.keeper);
    BOOST_TEST((end_of(start).kind == GuestEnd::Kind::exited));
    BOOST_TEST(end_of(start).code == code);
    BOOST_TEST(!must(find_guest(run)).has_value());
  }
}

BOOST_AUTO_TEST_CASE(what_signal_ended_it_is_noted) {
  must(launch_guest(idle(1)));
  end(found_in(run));
  BOOST_TEST((end_of(1).kind == GuestEnd::Kind::signalled));
  BOOST_TEST(end_of(1).code == SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_guest_without_keeper_goes_on_and_ends_unknown) {
  auto pid = must(launch_guest(fake(1)));
  {
    auto guest = found_in(run);
    must(signal_process(guest.keeper, SIGKILL));
    wait_for_end(guest.keeper);
  }
  auto guest = found_in(run);
  BOOST_TEST(guest.pid == pid);
  BOOST_TEST(!guest.keeper.open());
  BOOST_TEST(read_from(guest.connection) == "hello\n");
  end(guest);
  BOOST_TEST(!must(find_guest(run)).has_value());
  BOOST_TEST((end_of(1).kind == GuestEnd::Kind::unknown));
}

BOOST_AUTO_TEST_CASE(a_keeper_outlives_being_asked_to_end) {
  must(launch_guest(idle(1)));
  auto guest = found_in(run);
  for (int signal : {SIGHUP, SIGINT, SIGTERM})
    must(signal_process(guest.keeper, signal));
  end(guest);
  BOOST_TEST((end_of(1).kind == GuestEnd::Kind::signalled));
}

BOOST_AUTO_TEST_CASE(a_keeper_that_is_asked_to_end_has_its_guest_shut_down) {
  must(launch_guest(launch_of(
      1, {"/usr/bin/python3", "-I", "-S", "-c", shut_down_by_rescue})));
  auto guest = found_in(run);
  must(signal_process(guest.keeper, SIGTERM));
  auto end = awaited_end_of(1);
  BOOST_TEST((end.kind == GuestEnd::Kind::exited));
  BOOST_TEST(end.code == 42);
}

BOOST_AUTO_TEST_CASE(a_note_that_is_none_says_nothing) {
  for (const auto* note :
       {"", "exited", "exited \n", "exited 1", "exited 1x\n", "signalled\n",
        "exited 99999999999\n", "vanished 1\n"}) {
    std::ofstream{run / "1.ended"} << note;
    BOOST_TEST((end_of(1).kind == GuestEnd::Kind::unknown), note);
  }
}

BOOST_AUTO_TEST_CASE(its_last_words_are_those_of_that_start) {
  must(launch_guest(shell(1, "echo first words >&2; exit 1")));
  BOOST_TEST(awaited_end_of(1).last_words == "first words");
  must(launch_guest(shell(2, "exit 1")));
  BOOST_TEST(awaited_end_of(2).last_words.empty());
  must(launch_guest(shell(3, "printf 'third\\nwords\\n' >&2; exit 1")));
  BOOST_TEST(awaited_end_of(3).last_words == "third\nwords");
}

BOOST_AUTO_TEST_CASE(last_words_are_few_and_fit_to_be_shown) {
  // Characters of three bytes each, of which the limit cuts one.
  must(launch_guest(shell(1,
                          "printf '\\033[2J' >&2; i=0; while [ $i -lt 1000 ]; "
                          "do printf '\\342\\202\\254'; i=$((i + 1)); done "
                          ">&2; printf '\\033[2J' >&2")));
  auto words = awaited_end_of(1).last_words;
  BOOST_TEST(words.size() <= runtime::last_words_max);
  BOOST_TEST(words.size() > runtime::last_words_max - 3);
  BOOST_TEST(words.starts_with("\u20ac"));
  BOOST_TEST(words.ends_with("\u20ac?[2J"));
}

BOOST_AUTO_TEST_CASE(who_left_no_log_had_no_last_words) {
  BOOST_TEST(end_of_guest(run, 1, scratch / "absent").last_words.empty());
}

// -- forgetting ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_dead_starts_left_is_forgotten_and_nothing_else) {
  for (std::uint64_t start : {1U, 2U}) {
    must(launch_guest(idle(start)));
    end(found_in(run));
  }
  std::ofstream{run / "1.ended.new"} << "exi";
  std::ofstream{run / "1.txt"} << "of somebody";
  auto pid = must(launch_guest(idle(3)));
  forget_starts(run, 1);
  BOOST_TEST(
      (names_in(run) ==
       std::set<std::string>{"1.txt", "2.control", "2.ended", "2.rescue",
                             "2.serial", "3.control", "3.rescue", "3.serial"}));
  forget_starts(run, 3);
  BOOST_TEST((names_in(run) == std::set<std::string>{"1.txt", "3.control",
                                                     "3.rescue", "3.serial"}));
  BOOST_TEST(found_in(run).pid == pid);
}

// -- processes ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_signal_for_who_has_ended_is_no_fault) {
  must(launch_guest(idle(1)));
  auto guest = found_in(run);
  end(guest);
  must(signal_process(guest.process, SIGKILL));
  BOOST_TEST(!signal_process(FileHandle{}, SIGKILL));
}

BOOST_AUTO_TEST_CASE(what_a_process_does_is_told_in_words) {
  auto pid = ::fork();
  if (pid == 0)
    for (;;) ::pause();
  auto process = "process " + std::to_string(pid);
  BOOST_TEST(eventually(
      [&] { return process_evidence(pid) == process + " runs (S)"; }));
  ::kill(pid, SIGSTOP);
  ::waitpid(pid, nullptr, WUNTRACED);
  BOOST_TEST(process_evidence(pid) == process + " is stopped (T)");
  ::kill(pid, SIGKILL);
  wait_for_end(open_process(pid));
  BOOST_TEST(process_evidence(pid) == process + " has ended (Z)");
  ::waitpid(pid, nullptr, 0);
  BOOST_TEST(process_evidence(pid) ==
             "there is no process " + std::to_string(pid));
}

BOOST_AUTO_TEST_CASE(a_process_that_no_signal_reaches_waits_for_a_device) {
  // As does one whose child, made as if by vfork(), lives.
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  FileHandle read_end{ends[0]};
  FileHandle write_end{ends[1]};
  auto pid = ::fork();
  if (pid == 0) {
    char byte = 0;
    if (::syscall(SYS_clone, CLONE_VFORK | SIGCHLD, nullptr) == 0) {
      ::close(ends[1]);
      ::_exit(static_cast<int>(::read(ends[0], &byte, 1)));
    }
    ::_exit(0);
  }
  BOOST_TEST(eventually([&] {
    return process_evidence(pid) ==
           "process " + std::to_string(pid) + " waits for a device (D)";
  }));
  ::kill(pid, SIGKILL);
  write_end = FileHandle{};
  ::waitpid(pid, nullptr, 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
