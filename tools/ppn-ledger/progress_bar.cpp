#include "tools/ppn-ledger/progress_bar.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace ppn::tools {

namespace {

constexpr std::uint64_t width = 30;
constexpr std::chrono::milliseconds redraw_interval{100};

}  // namespace

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)),
      on_terminal_(::isatty(STDERR_FILENO) != 0),
      begun_(std::chrono::steady_clock::now()),
      drawn_at_(begun_) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::show(std::uint64_t done, std::uint64_t total) {
  auto now = std::chrono::steady_clock::now();
  if (!on_terminal_ || total == 0 || now - drawn_at_ < redraw_interval) return;
  drawn_at_ = now;
  drawn_ = true;
  done = std::min(done, total);
  std::string bar(static_cast<std::size_t>(done * width / total), '#');
  auto seconds = std::chrono::duration<double>(now - begun_).count();
  auto rate = static_cast<double>(done) / std::max(seconds, 0.001);
  auto left = static_cast<double>(total - done) / std::max(rate, 0.001);
  fmt::print(stderr, "\r\033[K{} [{:<{}}] {:3}% {} of {}, {:.0f} s left", what_,
             bar, width, done * 100 / total, done, total, left);
  std::fflush(stderr);
}

void ProgressBar::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace ppn::tools
