#include "tests/bench/own_namespaces.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tests/bench/failure.hpp"
#include "tests/bench/supervise.hpp"

namespace ppn::bench {

namespace {

void mount_anew(const char* type, const char* place) {
  require(::mount(type, place, type, 0, nullptr) == 0,
          std::string{"mount a "} + type + " on " + place);
}

/// Mounts are seen by nobody else only once they are private.
void mount_own_files() {
  require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0,
          "make mounts private");
  mount_anew("proc", "/proc");
  mount_anew("tmpfs", "/run");
}

}  // namespace

int in_own_namespaces(const std::function<int()>& work) {
  require(::unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID) == 0,
          "make namespaces: this needs root");
  auto first = ::fork();
  require(first >= 0, "start a process");
  if (first == 0) {
    // Not die_with(): from in here the parent has no number.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    mount_own_files();
    std::exit(work());
  }
  int status = 0;
  ::waitpid(first, &status, 0);
  return exit_status_of(status);
}

}  // namespace ppn::bench
