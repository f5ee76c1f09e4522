// What goes on in a ceremony, on standard error: lines that stay, and a last
// one that is written over on a terminal and said now and then elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace ppn::ctl {

class PairProgress {
 public:
  PairProgress();
  /// What was written over is gone.
  ~PairProgress();
  PairProgress(const PairProgress&) = delete;
  PairProgress& operator=(const PairProgress&) = delete;

  /// `text` ends with its line.
  void note(const std::string& text);

  /// A line that is true for now.
  void now(const std::string& line);

 private:
  void clear();

  bool is_terminal_;
  std::string last_;
  /// Elsewhere than on a terminal: when it was said.
  std::chrono::steady_clock::time_point said_at_{};
};

}  // namespace ppn::ctl
