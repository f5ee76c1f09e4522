#include "runtime/acceleration_linux.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/argument_pointers.hpp"
#include "schema/time_text.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using store::Error;
using store::ErrorCode;
using store::FileHandle;
using store::system_error;
using Clock = std::chrono::steady_clock;

namespace {

// -- in the child -------------------------------------------------------------
// It calls nothing but the system: other threads of this program may hold any
// lock.

/// What a child is made of, by the time there is one.
struct Plan {
  std::vector<std::string> words;
  std::vector<std::string> variables{"LC_ALL=C",
                                     "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  /// What it has to be able to open; empty: nothing.
  std::string device;
  /// Becomes its descriptor 3, unless it is none.
  int firmware = -1;
};

constexpr int firmware_at = 3;

/// In the way of in_words(ProgramEnd).
[[noreturn]] void fail(const char* what) {
  const char* why = ::strerrordesc_np(errno);
  for (const char* part : {what, ": ", why == nullptr ? "?" : why, "\n"})
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  ::_exit(not_started);
}

/// Makes them the first ones that there are, and closes all others.
template <std::size_t Size>
bool keep_only(std::array<int, Size> descriptors) {
  // None of them is to be overwritten before it is where it belongs.
  for (auto& descriptor : descriptors) {
    if (descriptor < 0) continue;
    descriptor = ::fcntl(descriptor, F_DUPFD, static_cast<int>(Size));
    if (descriptor < 0) return false;
  }
  int place = 0;
  for (int descriptor : descriptors) {
    if (descriptor < 0)
      ::close(place);
    else if (::dup2(descriptor, place) < 0)
      return false;
    ++place;
  }
  return ::close_range(Size, ~0U, 0) == 0;
}

void forget_signals() {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none{};
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// For good. Not by the C library, which would have all threads follow.
bool drop_rights(const Plan& plan) {
  if (::geteuid() == 0 &&
      ::syscall(SYS_setgroups, plan.groups.size(), plan.groups.data()) != 0)
    return false;
  if (::syscall(SYS_setresgid, plan.gid, plan.gid, plan.gid) != 0 ||
      ::syscall(SYS_setresuid, plan.uid, plan.uid, plan.uid) != 0)
    return false;
  // That of -1 succeeds, and changes nothing.
  errno = EINVAL;
  return ::getegid() == plan.gid && ::geteuid() == plan.uid &&
         ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

[[noreturn]] void be_program(const Plan& plan, int output, int errors,
                             pid_t parent, char* const* words,
                             char* const* variables) {
  ::setsid();
  int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || !keep_only(std::array{null, output, errors, plan.firmware}))
    ::_exit(not_started);
  forget_signals();
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  if (::chdir("/") != 0) fail("/");
  if (!drop_rights(plan)) fail("the rights of its user");
  // After the change of user, which undoes both.
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(not_started);
  if (!plan.device.empty()) {
    int device = ::open(plan.device.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (device < 0) fail(plan.device.c_str());
    ::close(device);
  }
  ::execve(words[0], words, variables);
  fail(words[0]);
}

// -- its parent ---------------------------------------------------------------

struct Pipe {
  FileHandle read_end;
  FileHandle write_end;
};

store::Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return system_error("make", "a pipe");
  Pipe pipe{FileHandle{ends[0]}, FileHandle{ends[1]}};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return pipe;
}

/// The last that is written to a pipe.
class Tail {
 public:
  explicit Tail(FileHandle pipe) : pipe_(std::move(pipe)) {}

  [[nodiscard]] int pipe() const { return pipe_.get(); }

  /// Takes some of what is there; false if that was the end of it, or nothing.
  bool take() {
    std::array<char, 4096> piece{};
    auto got = ::read(pipe(), piece.data(), piece.size());
    if (got <= 0) return false;
    text_.append(piece.data(), static_cast<std::size_t>(got));
    if (text_.size() > size_max) text_.erase(0, text_.size() - size_max);
    return true;
  }

  /// With what is in the pipe, which somebody may go on to fill.
  std::string rest() {
    constexpr int pieces_in_pipe = 16;
    for (int i = 0; i < pieces_in_pipe && take(); ++i) {
    }
    return std::move(text_);
  }

 private:
  static constexpr std::size_t size_max = 4096;

  FileHandle pipe_;
  std::string text_;
};

/// Waits for the end of a process, and not of what it started, which may keep
/// its pipes. False if it is late.
bool wait_for_end(int process, Tail& output, Tail& errors,
                  std::chrono::milliseconds patience) {
  auto end = Clock::now() + patience;
  std::array<pollfd, 3> sources{{{process, POLLIN, 0},
                                 {output.pipe(), POLLIN, 0},
                                 {errors.pipe(), POLLIN, 0}}};
  while (sources[0].revents == 0) {
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return false;
    if (::poll(sources.data(), sources.size(), static_cast<int>(left.count())) <
        0)
      continue;
    if (sources[1].revents != 0 && !output.take()) sources[1].fd = -1;
    if (sources[2].revents != 0 && !errors.take()) sources[2].fd = -1;
  }
  return true;
}

/// The process that it becomes; negative if there is none.
pid_t start(Plan& plan, int output, int errors) {
  auto words = pointers_to(plan.words);
  auto variables = pointers_to(plan.variables);
  auto self = ::getpid();
  // The child must not run this program's handlers.
  sigset_t all{};
  sigset_t before{};
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  auto pid = ::fork();
  if (pid == 0)
    be_program(plan, output, errors, self, words.data(), variables.data());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return pid;
}

/// Ends a process and all that is in its group. Its status.
int kill_and_reap(pid_t pid) {
  // It may not have come as far as to have a group of its own.
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

store::Result<ProgramEnd> run(Plan plan, std::chrono::milliseconds patience) {
  auto output_pipe = make_pipe();
  if (!output_pipe) return output_pipe.error();
  auto errors_pipe = make_pipe();
  if (!errors_pipe) return errors_pipe.error();
  auto pid =
      start(plan, output_pipe->write_end.get(), errors_pipe->write_end.get());
  if (pid < 0) return system_error("start", plan.words.front());
  Tail output{std::move(output_pipe->read_end)};
  Tail errors{std::move(errors_pipe->read_end)};
  FileHandle process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  auto error = system_error("watch", plan.words.front());
  bool is_late = !process.open() ||
                 !wait_for_end(process.get(), output, errors, patience);
  int status = kill_and_reap(pid);
  if (!process.open()) return error;
  ProgramEnd end;
  end.patience = patience;
  end.output = output.rest();
  end.errors = errors.rest();
  if (is_late) return end;
  bool exited = WIFEXITED(status);
  end.how = exited ? ProgramEnd::How::exited : ProgramEnd::How::by_signal;
  end.code = exited ? WEXITSTATUS(status) : WTERMSIG(status);
  return end;
}

// -- QEMU ---------------------------------------------------------------------

Plan plan_of(const Qemu& qemu, const std::vector<std::string>& arguments) {
  Plan plan;
  plan.words = {qemu.program.string()};
  plan.words.insert(plan.words.end(), arguments.begin(), arguments.end());
  plan.uid = qemu.uid;
  plan.gid = qemu.gid;
  return plan;
}

/// What it says when it has nothing else to do.
store::Result<std::string> ask(const Qemu& qemu,
                               const std::vector<std::string>& arguments) {
  constexpr std::chrono::seconds patience{10};
  auto end = run(plan_of(qemu, arguments), patience);
  if (!end) return end.error();
  if (end->how == ProgramEnd::How::exited && end->code == 0) return end->output;
  return Error{ErrorCode::io, "cannot ask " + qemu.program.string() + " for " +
                                  arguments.back() + ": " + in_words(*end)};
}

/// A file without a name, which nobody can change any more.
store::Result<FileHandle> file_with(ByteView bytes) {
  constexpr const char* name = "probe-guest";
  FileHandle file{::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!file.open()) return system_error("make", name);
  if (auto written = store::write_all(file.get(), bytes, name); !written)
    return written.error();
  constexpr int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
                        F_SEAL_SEAL;
  if (::fcntl(file.get(), F_ADD_SEALS, seals) != 0)
    return system_error("seal", name);
  return file;
}

store::Result<events::TriedAccelerator> try_accelerator(
    const Qemu& qemu, const std::string& accelerator, const ProbeGuest& guest,
    std::chrono::milliseconds patience) {
  auto firmware = file_with(guest.firmware);
  if (!firmware) return firmware.error();
  auto plan = plan_of(
      qemu, probe_arguments(guest, accelerator,
                            "/proc/self/fd/" + std::to_string(firmware_at)));
  plan.firmware = firmware->get();
  if (auto name = device_of(accelerator); !name.empty()) {
    plan.device = (qemu.devices / name).string();
    if (auto group = device_group(plan.device)) plan.groups = {*group};
  }
  auto device = plan.device;
  auto end = run(std::move(plan), patience);
  if (!end) return end.error();
  return verdict_on(accelerator, device, guest, *end);
}

}  // namespace

std::optional<gid_t> device_group(const fs::path& device) {
  struct stat status {};
  constexpr mode_t both = S_IRGRP | S_IWGRP;
  if (::stat(device.c_str(), &status) != 0 || status.st_gid == 0 ||
      (status.st_mode & both) != both)
    return std::nullopt;
  return status.st_gid;
}

store::Result<std::string> name_of(const Qemu& qemu) {
  struct stat status {};
  if (::stat(qemu.program.c_str(), &status) != 0)
    return system_error("find", qemu.program);
  auto version = ask(qemu, {"--version"});
  if (!version) return version.error();
  constexpr std::int64_t second_ns = 1'000'000'000;
  return version_in(*version) + ", " + qemu.program.string() + " of " +
         schema::format_time(status.st_mtim.tv_sec * second_ns +
                             status.st_mtim.tv_nsec);
}

std::string kernel_name() {
  utsname name{};
  ::uname(&name);
  return std::string{name.sysname} + " " + name.release + " " + name.version;
}

store::Result<events::Acceleration> prove_acceleration(
    const Qemu& qemu, std::chrono::milliseconds patience) {
  auto name = name_of(qemu);
  if (!name) return name.error();
  auto help = ask(qemu, {"-accel", "help"});
  if (!help) return help.error();
  auto guest = probe_guest(qemu.architecture);
  std::vector<events::TriedAccelerator> all;
  for (const auto& accelerator : accelerators_in(*help)) {
    if (!guest) {
      all.push_back(
          {accelerator, false,
           "there is no guest to try it with for " + qemu.architecture});
      continue;
    }
    auto tried = try_accelerator(qemu, accelerator, *guest, patience);
    if (!tried) return tried.error();
    all.push_back(std::move(*tried));
  }
  auto acceleration = best_of(std::move(all));
  acceleration.qemu = std::move(*name);
  acceleration.kernel = kernel_name();
  return acceleration;
}

}  // namespace ppn::runtime
