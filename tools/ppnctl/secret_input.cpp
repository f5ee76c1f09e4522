#include "tools/ppnctl/secret_input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "tools/ppnctl/recovery_words.hpp"
#include "tools/ppnctl/signal_ends_read.hpp"

namespace ppn::ctl {

namespace {

Failure too_long(const std::string& what) {
  return {exit_usage, fmt::format("{} is longer than {} bytes", what,
                                  SecretInput::bytes_max)};
}

/// While it lives, the terminal shows no letter that is typed. Nothing ends or
/// suspends the program and leaves it so.
class HiddenTyping {
 public:
  HiddenTyping() {
    ::tcgetattr(STDIN_FILENO, &before_);
    auto hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    hidden.c_cc[VSUSP] = hidden.c_cc[VQUIT] = _POSIX_VDISABLE;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~HiddenTyping() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  termios before_{};
  SignalEndsRead interrupt_{SIGINT};
  SignalEndsRead termination_{SIGTERM};
  SignalEndsRead hang_up_{SIGHUP};
};

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : number_(path == "-" ? STDIN_FILENO
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (number_ > STDERR_FILENO) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

}  // namespace

void SecretInput::Wipe::operator()(char* memory) const { sodium_free(memory); }

Result<SecretInput> SecretInput::empty() {
  if (sodium_init() < 0)
    return Failure{exit_failed, "libsodium can not be used on this host"};
  SecretInput input;
  input.text_.reset(static_cast<char*>(sodium_malloc(bytes_max)));
  if (!input.text_) return Failure{exit_failed, "there is no memory for a key"};
  return input;
}

bool SecretInput::take(char letter) {
  if (size_ == bytes_max) return false;
  text_[size_++] = letter;
  return true;
}

Result<SecretInput> SecretInput::of_file(const std::string& path) {
  auto input = empty();
  if (!input) return input;
  OpenFile file{path};
  auto cannot = [&](const char* what) {
    return Failure{exit_failed, fmt::format("cannot {} {}: {}", what, path,
                                            std::strerror(errno))};
  };
  if (file.get() < 0) return cannot("open");
  for (char letter = 0;;) {
    auto got = ::read(file.get(), &letter, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read");
    if (got == 0) return input;
    if (!input->take(letter)) return too_long(path);
  }
}

Result<SecretInput> SecretInput::of_terminal(const std::string& question,
                                             std::size_t words) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0)
    return Failure{exit_usage, "there is no terminal to type the words on",
                   "name a file that has them: --words-file FILE"};
  auto input = empty();
  if (!input) return input;
  // Whoever types as soon as it is asked shows nothing either.
  HiddenTyping hidden;
  say(question);
  bool is_line_empty = true;
  for (char letter = 0;;) {
    auto got = ::read(STDIN_FILENO, &letter, 1);
    if (got < 0) return Failure{exit_interrupted, "interrupted"};
    if (got == 0) return input;
    if (!input->take(letter)) return too_long("what was typed");
    if (letter != '\n') {
      is_line_empty = false;
      continue;
    }
    if (std::exchange(is_line_empty, true) ||
        count_recovery_words(input->text()) >= words)
      return input;
  }
}

}  // namespace ppn::ctl
