#include "tools/ppn-ledger/guard.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "store/crash.hpp"
#include "tools/ppn-ledger/commands.hpp"

namespace ppn::tools {

namespace {

volatile pid_t guarded_child = 0;

/// What ends this program is for the child to hear, which cleans up.
void pass_on(int signal) {
  if (guarded_child > 0) ::kill(guarded_child, signal);
}

}  // namespace

int guarded(const std::function<int()>& work) {
  std::fflush(nullptr);
  auto child = ::fork();
  if (child < 0) {
    fmt::print(stderr, "ppn-ledger: cannot start a process: {}\n",
               std::strerror(errno));
    return exit_failed;
  }
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int code = work();
    std::fflush(nullptr);
    ::_exit(code);
  }
  guarded_child = child;
  std::signal(SIGINT, pass_on);
  std::signal(SIGTERM, pass_on);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  int signal = WTERMSIG(status);
  if (signal == SIGINT || signal == SIGTERM) return exit_interrupted;
  if (signal == SIGPIPE) return exit_ok;
  if (!store::is_crash(signal)) {
    fmt::print(stderr, "ppn-ledger: killed ({})\n", ::strsignal(signal));
    return exit_failed;
  }
  fmt::print(stderr, "ppn-ledger: {}\n", store::describe_crash(signal));
  return exit_ledger_invalid;
}

}  // namespace ppn::tools
