#include "runtime/program_linux.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "runtime/argument_pointers.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using store::Error;
using store::ErrorCode;
using store::system_error;

namespace {

/// How a program is to begin: apart from this process.
class Apart {
 public:
  explicit Apart(std::optional<int> given) {
    ::posix_spawn_file_actions_init(&files_);
    for (int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      if (given)
        ::posix_spawn_file_actions_adddup2(&files_, *given, standard);
      else
        ::posix_spawn_file_actions_addopen(&files_, standard, "/dev/null",
                                           O_RDWR, 0);
    }
    ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    ::posix_spawn_file_actions_addchdir_np(&files_, "/");
    sigset_t signals{};
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID |
                                                 POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETSIGDEF);
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  ~Apart() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&files_);
  }

  [[nodiscard]] const posix_spawn_file_actions_t* files() const {
    return &files_;
  }
  [[nodiscard]] const posix_spawnattr_t* attributes() const {
    return &attributes_;
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

/// Whether it ended within `patience`, which begins again with each signal.
bool wait_for_end(pid_t pid, std::chrono::milliseconds patience) {
  store::FileHandle process{
      static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  pollfd ended{process.get(), POLLIN, 0};
  int events = 0;
  do {
    events = ::poll(&ended, 1, static_cast<int>(patience.count()));
  } while (events < 0 && errno == EINTR);
  return events == 1;
}

}  // namespace

std::optional<fs::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories{path == nullptr ? "" : path};
  for (std::string directory; std::getline(directories, directory, ':');) {
    auto program = fs::path{directory} / name;
    std::error_code ignored;
    if (program.is_absolute() && fs::is_regular_file(program, ignored) &&
        ::access(program.c_str(), X_OK) == 0)
      return program;
  }
  return std::nullopt;
}

store::Result<pid_t> start_apart(const fs::path& program,
                                 const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& environment,
                                 std::optional<int> standard) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto variables = environment;
  Apart apart{standard};
  pid_t pid = -1;
  errno = ::posix_spawn(&pid, program.c_str(), apart.files(),
                        apart.attributes(), pointers_to(words).data(),
                        pointers_to(variables).data());
  if (errno != 0) return system_error("start", program);
  return pid;
}

store::Status run_apart(const fs::path& program,
                        const std::vector<std::string>& arguments,
                        const std::vector<std::string>& environment,
                        std::chrono::milliseconds patience) {
  auto pid = start_apart(program, arguments, environment);
  if (!pid) return pid.error();
  bool ended = wait_for_end(*pid, patience);
  // Its session with all that it started.
  if (!ended) ::kill(-*pid, SIGKILL);
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended)
    return Error{ErrorCode::io, program.string() + " takes too long to start"};
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return Error{ErrorCode::io, program.string() + " did not start"};
  return {};
}

}  // namespace ppn::runtime
