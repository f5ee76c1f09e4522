// What guests used of their memory while that was recorded, and guests that do
// the same again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/balloon_host.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/project_file.hpp"

namespace ppn::tests {

/// What there was to see of a guest, in MB.
struct MemoryMoment {
  /// What its balloon left it.
  std::uint64_t actual = 0;
  /// As it says.
  std::uint64_t available = 0;
  /// Of its memory, on the host.
  std::uint64_t resident = 0;

  [[nodiscard]] std::uint64_t use() const { return actual - available; }
};

struct MemoryTrace {
  std::uint64_t memory_mb = 0;
  /// One for each second.
  std::vector<MemoryMoment> moments;
};

/// By tests/recorded/record_memory. Where nothing was said in a second it is as
/// in the one before.
inline MemoryTrace recorded_memory(const std::string& name) {
  std::istringstream lines{
      project_file("tests/recorded/memory/" + name + ".txt")};
  MemoryTrace trace;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words{line};
    if (line.starts_with("memory ")) {
      std::string word;
      words >> word >> trace.memory_mb;
      continue;
    }
    std::uint64_t second = 0;
    std::uint64_t other = 0;
    MemoryMoment moment;
    words >> second >> moment.actual >> other >> other >> moment.available >>
        other >> other >> moment.resident;
    BOOST_REQUIRE_MESSAGE(words, name << " has no such line: " << line);
    BOOST_REQUIRE(moment.available <= moment.actual);
    const auto before = trace.moments.empty() ? moment : trace.moments.back();
    trace.moments.resize(second + 1, before);
    trace.moments.back() = moment;
  }
  BOOST_REQUIRE(trace.memory_mb != 0);
  BOOST_REQUIRE(!trace.moments.empty());
  return trace;
}

/// A guest that does again and again what was recorded. What it used once stays
/// resident until its balloon takes it, or it is freed and told the host, as
/// far as it was that in the trace.
class ReplayedGuest {
 public:
  ReplayedGuest(const MemoryTrace& trace, std::uint64_t from_second)
      : trace_(&trace), second_(from_second), resident_mb_(now().resident) {
    for (const auto& moment : trace.moments)
      most_mb_ = std::max(most_mb_, moment.resident);
  }

  [[nodiscard]] std::uint64_t memory_mb() const { return trace_->memory_mb; }
  [[nodiscard]] std::uint64_t use_mb() const { return now().use(); }
  [[nodiscard]] std::uint64_t resident_mb() const { return resident_mb_; }

  /// To what its balloon leaves it.
  void fit_into(std::uint64_t actual_mb) {
    resident_mb_ = std::min(resident_mb_, actual_mb);
  }

  /// By a second of the trace.
  void go_on(std::uint64_t actual_mb) {
    auto before_mb = now().resident;
    second_ = (second_ + 1) % trace_->moments.size();
    auto after_mb = now().resident;
    bool begins_anew = second_ == 0;
    if (after_mb < before_mb && !begins_anew)
      resident_mb_ = std::min(resident_mb_, after_mb);
    if (after_mb > before_mb && !begins_anew)
      resident_mb_ = std::min(resident_mb_ + after_mb - before_mb, most_mb_);
    resident_mb_ = std::max(resident_mb_, use_mb());
    fit_into(actual_mb);
  }

 private:
  [[nodiscard]] const MemoryMoment& now() const {
    return trace_->moments.at(second_);
  }

  const MemoryTrace* trace_;
  std::size_t second_;
  std::uint64_t resident_mb_;
  /// That it ever had.
  std::uint64_t most_mb_ = 0;
};

}  // namespace ppn::tests
