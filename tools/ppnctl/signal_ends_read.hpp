// Reads that a signal ends, and not the program with them.
#pragma once

#include <csignal>

namespace ppn::ctl {

/// While it lives, a signal ends a read instead of the program, so that there
/// is still time to clean up.
class SignalEndsRead {
 public:
  explicit SignalEndsRead(int signal) : signal_(signal) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(signal_, &action, &before_);
  }
  ~SignalEndsRead() { ::sigaction(signal_, &before_, nullptr); }
  SignalEndsRead(const SignalEndsRead&) = delete;
  SignalEndsRead& operator=(const SignalEndsRead&) = delete;

 private:
  int signal_;
  struct sigaction before_ {};
};

}  // namespace ppn::ctl
