// Events such as a node's life brings, the same ones for the same seed.
#pragma once

#include <vector>

#include "store/record.hpp"
#include "tests/support/random.hpp"

namespace ppn::tests {

class EventSource {
 public:
  explicit EventSource(std::uint64_t seed) : random_(seed) {}

  /// The next event; its expected version follows from the ones before.
  store::Event next();

  /// A clock that goes on by up to an hour with each reading.
  store::ClockReading next_clock();

  /// Someone else appended to the node's stream, as a key rotation does.
  void node_stream_grew() { ++node_version_; }

 private:
  store::Event start_or_stop();
  store::Event grant();
  store::Event revoke();
  Id next_id();

  Random random_;
  std::uint64_t node_version_ = 1;
  std::uint64_t boot_ = 0;
  bool running_ = false;
  /// Live grants, each with the stream that it stands in and the number of
  /// grants that hang from it.
  struct Live {
    Id id;
    std::size_t stream = 0;
    std::optional<Id> parent;
    std::uint64_t children = 0;
  };
  std::vector<Live> live_;
  std::vector<std::uint64_t> capability_versions_ =
      std::vector<std::uint64_t>(200);
  std::int64_t utc_ns_ = 1'767'225'600'000'000'000;  // 2026-01-01T00:00:00Z
  std::uint64_t since_boot_ns_ = 12'000'000'000;
};

}  // namespace ppn::tests
