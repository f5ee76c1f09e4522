// What happened in a run, as one number and, if asked for, in words. The same
// seed makes the same number: no address, no id of CAF and no real clock goes
// into it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "schema/fixed_bytes.hpp"

namespace ppn::simulation {

class Trace {
 public:
  using Sink = std::function<void(const std::string& line)>;

  explicit Trace(Sink sink = {}) : sink_(std::move(sink)) {}

  void set_time(std::uint64_t now_ns) { now_ns_ = now_ns; }

  /// `host` is -1 for the world around.
  void note(int host, std::string_view what, std::uint64_t number = 0,
            ByteView bytes = {});

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t notes() const { return notes_; }

 private:
  void absorb(ByteView bytes);
  void absorb(std::uint64_t number);

  Sink sink_;
  std::uint64_t now_ns_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325U;
  std::uint64_t notes_ = 0;
};

}  // namespace ppn::simulation
