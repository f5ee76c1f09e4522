#include "tools/ppnctl/pair_progress.hpp"

#include <unistd.h>

#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

namespace {

constexpr std::chrono::minutes say_again_after{1};

}  // namespace

PairProgress::PairProgress() : is_terminal_(::isatty(STDERR_FILENO) != 0) {}

PairProgress::~PairProgress() { clear(); }

void PairProgress::note(const std::string& text) {
  clear();
  say(text);
}

void PairProgress::now(const std::string& line) {
  if (line == last_) return;
  if (is_terminal_) {
    say("\r" + line + "\033[K");
    last_ = line;
    return;
  }
  auto time = std::chrono::steady_clock::now();
  if (!last_.empty() && time < said_at_ + say_again_after) return;
  say(line + '\n');
  last_ = line;
  said_at_ = time;
}

void PairProgress::clear() {
  if (is_terminal_ && !last_.empty()) say("\r\033[K");
  last_.clear();
}

}  // namespace ppn::ctl
