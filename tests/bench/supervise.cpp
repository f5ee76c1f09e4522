#include "tests/bench/supervise.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

constexpr int signal_status = 128;

/// Returns when the child ended, or ends it when we are told to stop.
int outlive(pid_t child, const sigset_t& awaited) {
  for (;;) {
    int status = 0;
    int signal = 0;
    ::sigwait(&awaited, &signal);
    if (signal != SIGCHLD) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return signal_status + signal;
    }
    if (::waitpid(child, &status, WNOHANG) == child)
      return exit_status_of(status);
  }
}

}  // namespace

int supervise(const std::function<int()>& work) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t awaited;
  sigset_t before;
  sigemptyset(&awaited);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD})
    sigaddset(&awaited, signal);
  ::sigprocmask(SIG_BLOCK, &awaited, &before);

  auto self = ::getpid();
  auto child = ::fork();
  require(child >= 0, "start a process");
  if (child == 0) {
    die_with(self);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    std::exit(work());
  }
  int status = outlive(child, awaited);
  // Grandchildren are ours now, and dying; none may write any more.
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  return status;
}

int exit_status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
                                : signal_status + WTERMSIG(wait_status);
}

void die_with(int parent_pid) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent_pid) ::_exit(1);
}

}  // namespace ppn::bench
