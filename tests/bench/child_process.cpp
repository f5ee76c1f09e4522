#include "tests/bench/child_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/supervise.hpp"

namespace ppn::bench {

ChildProcess::ChildProcess(const std::filesystem::path& program,
                           std::vector<std::string> arguments) {
  auto name = program.string();
  std::vector<char*> pointers{name.data()};
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  auto self = ::getpid();
  pid_ = ::fork();
  require(pid_ >= 0, "start " + name);
  if (pid_ != 0) return;
  die_with(self);
  ::execv(name.c_str(), pointers.data());
  ::_exit(127);
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool ChildProcess::running() {
  if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ >= 0;
}

double ChildProcess::cpu_seconds() const {
  clockid_t clock{};
  require(::clock_getcpuclockid(pid_, &clock) == 0, "read a child's clock");
  return bench::cpu_seconds(clock);
}

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories{path == nullptr ? "" : path};
  for (std::string directory; std::getline(directories, directory, ':');) {
    auto program = std::filesystem::path{directory} / name;
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return std::nullopt;
}

}  // namespace ppn::bench
