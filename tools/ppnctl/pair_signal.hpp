// Waits that a signal ends, and not the program with them.
#pragma once

#include <signal.h>
#include <time.h>

#include <chrono>

namespace ppn::ctl {

/// While it lives, what interrupts or ends the program is held back until it is
/// waited for, so that there is still time to clean up.
class SignalWait {
 public:
  SignalWait() {
    ::sigemptyset(&waited_);
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
      if (!is_ignored(signal)) ::sigaddset(&waited_, signal);
    ::pthread_sigmask(SIG_BLOCK, &waited_, &before_);
  }
  ~SignalWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalWait(const SignalWait&) = delete;
  SignalWait& operator=(const SignalWait&) = delete;

  /// Whether one came within that time.
  [[nodiscard]] bool comes_within(std::chrono::milliseconds time) const {
    auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    std::chrono::nanoseconds rest = time - seconds;
    timespec limit{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
    return ::sigtimedwait(&waited_, nullptr, &limit) > 0;
  }

 private:
  /// Such as the end of the terminal, under nohup.
  static bool is_ignored(int signal) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    return action.sa_handler == SIG_IGN;
  }

  sigset_t waited_{};
  sigset_t before_{};
};

}  // namespace ppn::ctl
