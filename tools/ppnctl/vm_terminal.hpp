// This terminal, while it is that of a guest.
#pragma once

#include <signal.h>
#include <termios.h>

#include <string_view>

namespace ppn::ctl {

/// While it lives, the terminal hands on each key as it is, also those that
/// interrupt or suspend a program. What is no terminal stays as it is.
class RawTerminal {
 public:
  explicit RawTerminal(int terminal);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  int terminal_;
  bool is_terminal_ = false;
  termios before_{};
};

/// Takes back what a guest may have told a terminal that would be in the way of
/// a shell: colours, a hidden cursor, reports of the mouse and of what is
/// pasted.
inline constexpr std::string_view plain_again =
    "\033[0m\033[?25h\033[?1000l\033[?1002l\033[?1003l\033[?2004l\n";

/// While it lives, signals that end a program can be read instead, so that
/// there is still time to restore the terminal.
class SignalDescriptor {
 public:
  SignalDescriptor();
  ~SignalDescriptor();
  SignalDescriptor(const SignalDescriptor&) = delete;
  SignalDescriptor& operator=(const SignalDescriptor&) = delete;

  /// -1 if there is none.
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

}  // namespace ppn::ctl
