// How far long work has come, for a person who waits at a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ppn::tools {

/// Draws on standard error, and only if that is a terminal.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::uint64_t done, std::uint64_t total);

  /// Removes the bar, so that something else can be printed.
  void clear();

 private:
  std::string what_;
  bool on_terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point drawn_at_;
};

}  // namespace ppn::tools
