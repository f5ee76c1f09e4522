// ppn-keeper: starts the program of one guest and stays to note how it ended,
// whatever becomes of the daemon that asked for it.
//
// usage: ppn-keeper detach|stay START UID GID GROUP -- PROGRAM [ARGUMENT...]
//
// Who detaches leaves whoever started it. GROUP is one more group for the
// guest, or "-". Standard input is a socket over which the daemon hands five
// descriptors: the guest's three sockets, its log, and the directory it runs
// in; a sixth if it is in a bridge. Over it goes one line back: "running PID",
// or "failed STEP: WHY".
//
// SIGTERM, as from a host that goes down, has the guest shut down.
//
// One of these runs for each guest, so it makes do with the C library.
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <limits>

namespace {

/// Where descriptors are: those that are handed over come in this order, and
/// take the lowest numbers that are free. The guest has the first six, and its
/// tap in place of its log.
enum Descriptor : int {
  daemon_end = STDIN_FILENO,
  nothing = STDOUT_FILENO,
  first_socket = STDERR_FILENO + 1,
  last_socket = first_socket + 2,
  guest_log,
  run_dir,
  tap,
};

constexpr int sockets_waiting_max = 4;
constexpr mode_t only_owner = S_IRUSR | S_IWUSR;

struct Order {
  bool detaches = false;
  const char* start = nullptr;
  uid_t uid = 0;
  gid_t gid = 0;
  bool has_group = false;
  gid_t group = 0;
  bool has_tap = false;
  char** program = nullptr;
};

/// Success if there is no step.
struct Failure {
  const char* step = nullptr;
  int error = 0;
};

/// A short text; what does not fit is left out.
class Line {
 public:
  Line& operator<<(const char* text) {
    for (; *text != 0; ++text) add(*text);
    return *this;
  }
  Line& operator<<(int number) {
    char digits[12];
    auto end = std::to_chars(digits, digits + sizeof digits - 1, number).ptr;
    *end = 0;
    return *this << digits;
  }

  [[nodiscard]] const char* text() const { return text_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void add(char character) {
    if (size_ + 1 < sizeof text_) text_[size_++] = character;
  }

  char text_[160] = {};
  std::size_t size_ = 0;
};

// -- the order ----------------------------------------------------------------

/// The highest number is none: to setresuid(2) it says that nothing changes.
bool take_id(const char* text, std::uint32_t& into) {
  const char* end = text + std::strlen(text);
  auto [rest, error] = std::from_chars(text, end, into);
  return error == std::errc{} && rest == end &&
         into != std::numeric_limits<std::uint32_t>::max();
}

/// It becomes part of a name.
bool is_number(const char* text) {
  constexpr std::size_t digits_max = 20;
  auto size = std::strlen(text);
  return size != 0 && size <= digits_max &&
         std::strspn(text, "0123456789") == size;
}

bool take_order(int count, char** arguments, Order& order) {
  constexpr int program = 7;
  if (count <= program || std::strcmp(arguments[program - 1], "--") != 0)
    return false;
  order.detaches = std::strcmp(arguments[1], "detach") == 0;
  order.start = arguments[2];
  order.has_group = std::strcmp(arguments[5], "-") != 0;
  order.program = arguments + program;
  return (order.detaches || std::strcmp(arguments[1], "stay") == 0) &&
         is_number(order.start) && take_id(arguments[3], order.uid) &&
         take_id(arguments[4], order.gid) &&
         (!order.has_group || take_id(arguments[5], order.group));
}

// -- the daemon ---------------------------------------------------------------

/// Whether all came, to where they are expected.
bool take_descriptors(Order& order) {
  constexpr std::size_t count_max = tap - first_socket + 1;
  char byte = 0;
  iovec data{&byte, sizeof byte};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int) * count_max)];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  if (::recvmsg(daemon_end, &message, 0) != 1) return false;
  const auto* part = CMSG_FIRSTHDR(&message);
  if (part == nullptr || part->cmsg_type != SCM_RIGHTS) return false;
  order.has_tap = part->cmsg_len == CMSG_LEN(sizeof(int) * count_max);
  auto count = order.has_tap ? count_max : count_max - 1;
  if (part->cmsg_len != CMSG_LEN(sizeof(int) * count)) return false;
  int descriptors[count_max];
  std::memcpy(descriptors, CMSG_DATA(part), sizeof(int) * count);
  for (std::size_t i = 0; i < count; ++i)
    if (descriptors[i] != first_socket + static_cast<int>(i)) return false;
  return true;
}

/// Who does not wait any more has given this start up.
bool daemon_waits() {
  pollfd state{daemon_end, 0, 0};
  return ::poll(&state, 1, 0) == 0;
}

void answer(const Line& line) {
  ::send(daemon_end, line.text(), line.size(), MSG_NOSIGNAL);
  ::close(daemon_end);
}

void answer(const Failure& failure) {
  Line line;
  line << "failed " << failure.step << ": " << ::strerrordesc_np(failure.error)
       << "\n";
  answer(line);
}

// -- the guest ----------------------------------------------------------------

void forget_signals() {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none{};
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The step that failed, or null.
const char* take_places(const Order& order) {
  constexpr int last = guest_log;
  if (::dup2(nothing, STDIN_FILENO) < 0 ||
      ::dup2(guest_log, STDERR_FILENO) < 0 ||
      (order.has_tap && ::dup2(tap, last) < 0) ||
      ::close_range(order.has_tap ? last + 1 : last, ~0U,
                    CLOSE_RANGE_CLOEXEC) != 0)
    return "descriptors";
  return nullptr;
}

const char* drop_privileges(const Order& order) {
  // Who is not root has no others to become, and keeps his groups.
  if (::geteuid() == 0 &&
      ::setgroups(order.has_group ? 1 : 0, &order.group) != 0)
    return "groups";
  if (::setresgid(order.gid, order.gid, order.gid) != 0) return "group";
  if (::setresuid(order.uid, order.uid, order.uid) != 0) return "user";
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "no new privileges";
  rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return "limits";
  return nullptr;
}

/// Whoever connects is told the process that did this.
const char* listen_on_sockets() {
  for (int socket = first_socket; socket <= last_socket; ++socket)
    if (::listen(socket, sockets_waiting_max) != 0) return "listen";
  return nullptr;
}

/// Returns only if it failed, and at which step.
const char* become_guest(const Order& order) {
  forget_signals();
  const char* failed = take_places(order);
  if (failed == nullptr) failed = drop_privileges(order);
  if (failed == nullptr) failed = listen_on_sockets();
  if (failed != nullptr) return failed;
  char* no_environment[] = {nullptr};
  ::execve(order.program[0], order.program, no_environment);
  return "exec";
}

[[noreturn]] void be_guest(const Order& order, int failures) {
  const char* step = become_guest(order);
  // The step is where it is in the keeper too, of which this is a copy.
  Failure failure{step, errno};
  auto written = ::write(failures, &failure, sizeof failure);
  ::_exit(written == sizeof failure ? 1 : 2);
}

/// Once it has read to the end, the program runs, or its process is gone.
Failure failure_in(int failures) {
  Failure failure;
  ssize_t got = 0;
  do {
    got = ::read(failures, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  return got == sizeof failure ? failure : Failure{};
}

Failure start_guest(const Order& order, pid_t& guest) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {"pipe", errno};
  guest = ::fork();
  if (guest < 0) return {"fork", errno};
  if (guest == 0) be_guest(order, ends[1]);
  ::close(ends[1]);
  // Who connects when the guest is dead is to be refused.
  for (int shared = first_socket; shared < run_dir; ++shared) ::close(shared);
  if (order.has_tap) ::close(tap);
  auto failure = failure_in(ends[0]);
  ::close(ends[0]);
  return failure;
}

int wait_for_end(pid_t guest) {
  int status = 0;
  while (::waitpid(guest, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// To its other monitor, since the daemon may be at the first; none if it lets
/// nobody in. Others may put links where its socket is: only what this user
/// made is heeded.
int connect_to_rescue(const Order& order) {
  Line name;
  name << order.start << ".rescue";
  int named = ::openat(run_dir, name.text(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat status {};
  if (named < 0 || ::fstat(named, &status) != 0 || !S_ISSOCK(status.st_mode) ||
      status.st_uid != ::geteuid())
    return -1;
  Line path;
  path << "/proc/self/fd/" << named;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.text(), path.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as POSIX asks
  const auto* place = reinterpret_cast<const sockaddr*>(&address);
  int monitor =
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool is_in = ::connect(monitor, place, sizeof address) == 0;
  ::close(named);
  return is_in ? monitor : -1;
}

/// Who is paused does not hear it. Once more is harmless, and heard by who was
/// not listening yet. Whether the monitor is still there.
bool press_power_button(int monitor) {
  constexpr const char* words =
      "{\"execute\":\"cont\"}{\"execute\":\"system_powerdown\"}\n";
  // What it answers is of no interest, and must not fill up.
  char answers[1024];
  while (::recv(monitor, answers, sizeof answers, 0) > 0) {
  }
  return ::send(monitor, words, std::strlen(words), MSG_NOSIGNAL) > 0;
}

/// From now on they are waited for.
sigset_t hold_signals() {
  sigset_t held{};
  ::sigemptyset(&held);
  for (int signal : {SIGCHLD, SIGTERM, SIGALRM}) {
    std::signal(signal, SIG_DFL);
    ::sigaddset(&held, signal);
  }
  ::sigprocmask(SIG_BLOCK, &held, nullptr);
  return held;
}

/// Until the guest has ended. Told to end, it asks the guest to shut down,
/// again and again, and after a while QEMU to end.
int keep(const Order& order, pid_t guest, const sigset_t& signals) {
  constexpr unsigned pause_s = 5;
  constexpr int presses_max = 16;
  constexpr const char* greeting = "{\"execute\":\"qmp_capabilities\"}\n";
  int monitor = -1;
  int presses = 0;
  int status = 0;
  while (::waitpid(guest, &status, WNOHANG) != guest) {
    int signal = ::sigwaitinfo(&signals, nullptr);
    bool is_first = signal == SIGTERM && presses == 0;
    if (!is_first && signal != SIGALRM) continue;
    if (monitor < 0) {
      monitor = connect_to_rescue(order);
      ::send(monitor, greeting, std::strlen(greeting), MSG_NOSIGNAL);
    }
    if (presses++ == presses_max) ::kill(guest, SIGTERM);
    if (!press_power_button(monitor)) {
      ::close(monitor);
      monitor = -1;
    }
    ::alarm(pause_s);
  }
  return status;
}

/// Whole or not at all, and not synced: if the machine crashes, how its guests
/// ended is told by that.
void note_end(const Order& order, int status) {
  Line name;
  name << order.start << ".ended";
  Line draft;
  draft << name.text() << ".new";
  Line end;
  if (WIFEXITED(status))
    end << "exited " << WEXITSTATUS(status) << "\n";
  else
    end << "signalled " << WTERMSIG(status) << "\n";
  ::unlinkat(run_dir, draft.text(), 0);
  int file = ::openat(run_dir, draft.text(),
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      only_owner);
  if (file < 0) return;
  auto written = ::write(file, end.text(), end.size());
  ::close(file);
  if (written == static_cast<ssize_t>(end.size()))
    ::renameat(run_dir, draft.text(), run_dir, name.text());
  else
    ::unlinkat(run_dir, draft.text(), 0);
}

/// All but its standard input is closed. Where errors go to may lead to the
/// daemon too, which is to hear from nobody but this program.
bool close_the_rest() {
  if (::close_range(first_socket, ~0U, 0) != 0) return false;
  int null = ::open("/dev/null", O_RDWR);
  bool is_done = null >= 0 && ::dup2(null, STDOUT_FILENO) >= 0 &&
                 ::dup2(null, STDERR_FILENO) >= 0;
  if (null > STDERR_FILENO) ::close(null);
  return is_done;
}

/// Its parent is to be the system: the daemon has no child then to wait for.
void leave_daemon() {
  auto child = ::fork();
  if (child < 0) answer(Failure{"fork", errno});
  if (child != 0) ::_exit(child < 0 ? 1 : 0);
}

}  // namespace

int main(int count, char** arguments) {
  ::prctl(PR_SET_DUMPABLE, 0);
  for (int ignored : {SIGHUP, SIGINT}) std::signal(ignored, SIG_IGN);
  ::umask(S_IRWXG | S_IRWXO);
  Order order;
  if (!take_order(count, arguments, order)) {
    answer(Failure{"order", EINVAL});
    return 2;
  }
  if (!close_the_rest()) {
    answer(Failure{"descriptors", errno});
    return 1;
  }
  auto signals = hold_signals();
  if (order.detaches) leave_daemon();
  if (!take_descriptors(order) || !daemon_waits()) {
    answer(Failure{"hand-over", EPROTO});
    return 1;
  }
  pid_t guest = -1;
  auto failure = start_guest(order, guest);
  if (failure.step != nullptr) {
    if (guest > 0) wait_for_end(guest);
    answer(failure);
    return 1;
  }
  Line running;
  running << "running " << guest << "\n";
  answer(running);
  note_end(order, keep(order, guest, signals));
  return 0;
}
