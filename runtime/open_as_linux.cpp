#include "runtime/open_as_linux.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "runtime/argument_pointers.hpp"
#include "runtime/peer_linux.hpp"
#include "schema/plain_text.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using store::Error;
using store::ErrorCode;
using store::FileHandle;
using store::system_error;
using Clock = std::chrono::steady_clock;

namespace {

// -- in a child ---------------------------------------------------------------

/// What a child could not do, and why.
struct Failure {
  enum class Step : std::uint8_t { none, rights, work } step = Step::none;
  int number = 0;
};

/// Keeps a child from hearing of signals that its parent's handlers would act
/// on, by pipes that the two share.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all{};
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

bool give_up_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

/// For good. By the system's own calls: those of the C library would have all
/// threads follow.
bool take_on(const UserRights& rights) {
  bool is_self = ::geteuid() == rights.uid && rights.uid != 0;
  if (!is_self &&
      (::syscall(SYS_setgroups, rights.groups.size(), rights.groups.data()) !=
           0 ||
       ::syscall(SYS_setresgid, rights.gid, rights.gid, rights.gid) != 0 ||
       ::syscall(SYS_setresuid, rights.uid, rights.uid, rights.uid) != 0))
    return false;
  // All that this process has in memory is in the child's, too: none of its
  // new user's other processes may look.
  ::prctl(PR_SET_DUMPABLE, 0);
  // They stay with who was not root before.
  return rights.uid == 0 || give_up_capabilities();
}

/// Leaves a child one open file, with number 0.
void keep_only(int descriptor) {
  if (descriptor != 0) ::dup2(descriptor, 0);
  ::close_range(1, ~0U, 0);
}

void send_answer(int socket, Failure failure, int file) {
  iovec part{&failure, sizeof failure};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof file)> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (file >= 0) {
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof file);
    std::memcpy(CMSG_DATA(header), &file, sizeof file);
  }
  ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

[[noreturn]] void be_opener(const UserRights& rights, const char* path,
                            int socket) {
  // A child of nobody here: a file system of that user's own can keep it for
  // ever, and then nobody has to wait for its end.
  if (::_Fork() != 0) ::_exit(0);
  keep_only(socket);
  if (!take_on(rights)) {
    send_answer(0, {Failure::Step::rights, errno}, -1);
    ::_exit(0);
  }
  // Not to wait for the other end of what may be a pipe.
  int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0)
    send_answer(0, {Failure::Step::work, errno}, -1);
  else
    send_answer(0, {}, file);
  ::_exit(0);
}

struct ProgramParts {
  const char* path;
  char* const* arguments;
  char* const* variables;
  int folder;
  /// Where what it writes goes.
  int output;
  /// Closed by its start, or told why there is none.
  int failure;
};

void tell(int pipe, Failure failure) {
  auto ignored = ::write(pipe, &failure, sizeof failure);
  static_cast<void>(ignored);
}

/// The standard files, and the one for a failure to start.
bool arrange_files(const ProgramParts& parts) {
  constexpr int failure = 3;
  // None of them is below 3, nor becomes one of the first three.
  int output = ::fcntl(parts.output, F_DUPFD, failure + 1);
  int told = ::fcntl(parts.failure, F_DUPFD, failure + 1);
  ::close(STDIN_FILENO);
  bool is_there = output >= 0 && told >= 0 &&
                  ::open("/dev/null", O_RDONLY) == STDIN_FILENO &&
                  ::dup2(output, STDOUT_FILENO) == STDOUT_FILENO &&
                  ::dup2(output, STDERR_FILENO) == STDERR_FILENO &&
                  ::dup3(told, failure, O_CLOEXEC) == failure;
  return is_there && ::close_range(failure + 1, ~0U, 0) == 0;
}

[[noreturn]] void be_program(const UserRights& rights,
                             const ProgramParts& parts, pid_t parent) {
  ::setsid();
  // Before they are let through.
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none{};
  ::sigemptyset(&none);
  int moved = parts.folder >= 0 ? ::fchdir(parts.folder) : ::chdir("/");
  if (moved != 0 || !arrange_files(parts)) {
    tell(parts.failure, {Failure::Step::work, errno});
    ::_exit(1);
  }
  constexpr int failure = 3;
  if (!take_on(rights)) {
    tell(failure, {Failure::Step::rights, errno});
    ::_exit(1);
  }
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // After the change of user, which takes it away.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::umask(S_IRWXG | S_IRWXO);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(parts.path, parts.arguments, parts.variables);
  tell(failure, {Failure::Step::work, errno});
  ::_exit(1);
}

// -- in this process ----------------------------------------------------------

void wait_for(pid_t pid, int& status) {
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
}

/// Whether one of them has something to tell before that time.
bool wait_until(Clock::time_point end, pollfd* sources, nfds_t count) {
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now())
                    .count();
    auto wait = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    int ready = ::poll(sources, count, wait);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (ready == 0 && left <= 60'000) return false;
  }
}

/// As the system's databases know them.
UserRights rights_of(uid_t uid, gid_t gid) {
  constexpr std::size_t entry_size = 16'384;
  std::vector<char> buffer(entry_size);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  UserRights rights{uid, gid, {}};
  if (found == nullptr) return rights;
  int count = 64;
  do {
    rights.groups.resize(static_cast<std::size_t>(count));
  } while (::getgrouplist(found->pw_name, gid, rights.groups.data(), &count) <
               0 &&
           static_cast<std::size_t>(count) > rights.groups.size());
  rights.groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return rights;
}

/// The file that came along with what a child says, if one did.
struct OpenerAnswer {
  Failure failure;
  FileHandle file;
};

std::optional<OpenerAnswer> receive_answer(int socket) {
  OpenerAnswer answer;
  iovec part{&answer.failure, sizeof answer.failure};
  int file = -1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof file)> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  auto got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (got != static_cast<ssize_t>(sizeof answer.failure)) return std::nullopt;
  const auto* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&file, CMSG_DATA(header), sizeof file);
    answer.file = FileHandle{file};
  }
  return answer;
}

Error not_allowed_to_act(uid_t uid, int number) {
  return {ErrorCode::permission, "this program may not act as user " +
                                     user_name(uid) + ": " +
                                     std::strerror(number)};
}

store::Result<FileHandle> checked(OpenerAnswer answer, uid_t uid,
                                  const fs::path& path) {
  if (answer.failure.step == Failure::Step::rights)
    return not_allowed_to_act(uid, answer.failure.number);
  if (answer.failure.step == Failure::Step::work) {
    auto tried = "open, as user " + user_name(uid) + ",";
    errno = answer.failure.number;
    return system_error(tried, path);
  }
  struct stat status {};
  if (::fstat(answer.file.get(), &status) != 0)
    return system_error("look at", path);
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::bad_input, path.string() + " is no regular file"};
  return std::move(answer.file);
}

struct Pipe {
  FileHandle read_end;
  FileHandle write_end;
};

store::Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return system_error("make", "a pipe");
  Pipe pipe{FileHandle{ends[0]}, FileHandle{ends[1]}};
  if (::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK) != 0)
    return system_error("change", "a pipe");
  return pipe;
}

/// What a program writes: the first of it is kept, the rest read all the same.
class Output {
 public:
  explicit Output(int pipe) : pipe_(pipe) {}

  /// False at its end.
  bool take() {
    std::array<char, 4096> piece{};
    auto got = ::read(pipe_, piece.data(), piece.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    auto size = std::min(static_cast<std::size_t>(got), max - text_.size());
    text_.append(piece.data(), size);
    return got > 0;
  }

  /// In one line.
  [[nodiscard]] std::string text() const {
    auto words = schema::printable(text_, "\n");
    while (words.ends_with('\n')) words.pop_back();
    std::replace(words.begin(), words.end(), '\n', ' ');
    return words;
  }

 private:
  static constexpr std::size_t max = 1000;

  int pipe_;
  std::string text_;
};

/// Whether it ended in time; what it wrote is in `output` then.
bool follow(pid_t pid, int pipe, Output& output, Clock::time_point end) {
  FileHandle process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  std::array<pollfd, 2> sources{
      {{process.get(), POLLIN, 0}, {pipe, POLLIN, 0}}};
  while (Clock::now() < end &&
         wait_until(end, sources.data(), sources.size())) {
    // What is no number is not looked at any more.
    if (sources[1].revents != 0 && !output.take()) sources[1].fd = -1;
    if (sources[0].revents == 0 || (sources[1].revents & POLLIN) != 0) continue;
    return true;
  }
  return false;
}

store::Status verdict(const fs::path& program, int status,
                      const std::string& text) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  auto ended = WIFSIGNALED(status)
                   ? "was ended by signal " + std::to_string(WTERMSIG(status))
                   : "ended with " + std::to_string(WEXITSTATUS(status));
  return Error{ErrorCode::io, program.string() + " " + ended +
                                  (text.empty() ? "" : ": " + text)};
}

}  // namespace

store::Result<FileHandle> open_as(uid_t uid, gid_t gid, const fs::path& path) {
  if (!path.is_absolute() || path.native().find('\0') != std::string::npos)
    return Error{ErrorCode::bad_input,
                 "the path of a file begins with a slash, and \"" +
                     schema::printable(path.string()) + "\" does not do"};
  auto rights = rights_of(uid, gid);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return system_error("make", "a pair of sockets");
  FileHandle here{ends[0]};
  FileHandle there{ends[1]};
  pid_t child = -1;
  {
    SignalsHeld held;
    child = ::fork();
    if (child == 0) be_opener(rights, path.c_str(), there.get());
  }
  if (child < 0) return system_error("start", "a process");
  there = FileHandle{};
  int status = 0;
  wait_for(child, status);
  constexpr std::chrono::seconds patience{10};
  pollfd answer_source{here.get(), POLLIN, 0};
  if (!wait_until(Clock::now() + patience, &answer_source, 1))
    return Error{ErrorCode::io,
                 "opening " + path.string() + " takes more than 10 seconds"};
  auto answer = receive_answer(here.get());
  if (!answer)
    return Error{ErrorCode::io,
                 "the process that was to open " + path.string() + " ended"};
  return checked(std::move(*answer), uid, path);
}

store::Status run_as(const UserRights& rights, const ProgramRun& run) {
  auto output_pipe = make_pipe();
  if (!output_pipe) return output_pipe.error();
  auto failure_pipe = make_pipe();
  if (!failure_pipe) return failure_pipe.error();
  std::vector<std::string> words{run.program.string()};
  words.insert(words.end(), run.arguments.begin(), run.arguments.end());
  std::vector<std::string> variables{"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                     "LC_ALL=C"};
  auto argument_pointers = pointers_to(words);
  auto variable_pointers = pointers_to(variables);
  const ProgramParts parts{
      run.program.c_str(),          argument_pointers.data(),
      variable_pointers.data(),     run.folder,
      output_pipe->write_end.get(), failure_pipe->write_end.get()};
  auto end = Clock::now() + run.patience;
  auto parent = ::getpid();
  pid_t child = -1;
  {
    SignalsHeld held;
    child = ::fork();
    if (child == 0) be_program(rights, parts, parent);
  }
  if (child < 0) return system_error("start", "a process");
  output_pipe->write_end = FileHandle{};
  failure_pipe->write_end = FileHandle{};
  Output output{output_pipe->read_end.get()};
  bool has_ended = follow(child, output_pipe->read_end.get(), output, end);
  // Its session with all that it started.
  if (!has_ended) ::kill(-child, SIGKILL);
  if (!has_ended) ::kill(child, SIGKILL);
  int status = 0;
  wait_for(child, status);
  if (!has_ended)
    return Error{ErrorCode::io, run.program.string() + " takes too long"};
  Failure failure;
  if (::read(failure_pipe->read_end.get(), &failure, sizeof failure) !=
      static_cast<ssize_t>(sizeof failure))
    return verdict(run.program, status, output.text());
  if (failure.step == Failure::Step::rights)
    return not_allowed_to_act(rights.uid, failure.number);
  errno = failure.number;
  return system_error("start", run.program);
}

}  // namespace ppn::runtime
