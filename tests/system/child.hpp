// Work in a process of its own, which may be killed in the middle of it.
#pragma once

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <vector>

namespace ppn::tests {

/// What a child reported, and how it ended.
struct ChildEnd {
  std::vector<std::uint64_t> reports;
  int status = 0;

  [[nodiscard]] bool killed() const { return WIFSIGNALED(status); }
  [[nodiscard]] bool succeeded() const {
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
};

/// Tells the parent a number, before anything else can happen.
using Report = std::function<void(std::uint64_t)>;

/// Runs `work` in a child until it returns its exit code or is killed.
inline ChildEnd run_child(const std::function<int(const Report&)>& work) {
  int ends[2] = {};
  if (::pipe(ends) != 0) throw std::runtime_error{"no pipe"};
  auto pid = ::fork();
  if (pid < 0) throw std::runtime_error{"no child"};
  if (pid == 0) {
    ::close(ends[0]);
    auto report = [&](std::uint64_t number) {
      ::syscall(SYS_write, ends[1], &number, sizeof number);
    };
    ::_exit(work(report));
  }
  ::close(ends[1]);
  ChildEnd end;
  std::uint64_t number = 0;
  while (::read(ends[0], &number, sizeof number) == sizeof number)
    end.reports.push_back(number);
  ::close(ends[0]);
  while (::waitpid(pid, &end.status, 0) < 0 && errno == EINTR) {
  }
  return end;
}

}  // namespace ppn::tests
