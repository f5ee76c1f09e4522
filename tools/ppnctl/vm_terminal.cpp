#include "tools/ppnctl/vm_terminal.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

namespace ppn::ctl {

RawTerminal::RawTerminal(int terminal) : terminal_(terminal) {
  is_terminal_ = ::tcgetattr(terminal_, &before_) == 0;
  if (!is_terminal_) return;
  auto raw = before_;
  ::cfmakeraw(&raw);
  ::tcsetattr(terminal_, TCSADRAIN, &raw);
}

RawTerminal::~RawTerminal() {
  // What the terminal itself answered to a guest is not for a shell.
  if (is_terminal_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
}

SignalDescriptor::SignalDescriptor() {
  sigset_t ending{};
  ::sigemptyset(&ending);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE})
    ::sigaddset(&ending, signal);
  ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
  descriptor_ = ::signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}

SignalDescriptor::~SignalDescriptor() {
  if (descriptor_ >= 0) {
    // Those that came are taken: the program ends of its own accord.
    signalfd_siginfo taken{};
    while (::read(descriptor_, &taken, sizeof taken) > 0) {
    }
    ::close(descriptor_);
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace ppn::ctl
