#include "tests/simulation/faults.hpp"

#include <algorithm>
#include <array>

namespace ppn::simulation {

namespace {

struct FaultKind {
  const char* name;
  /// The highest rate in a million, of whatever it may strike.
  std::uint64_t per_million_max;
  /// It is on in one of so many seeds, unless it is asked for by name.
  std::uint64_t one_in = 2;
};

// Those that befall a host strike once a simulated minute at most; those of the
// disk, the net and the ports at each use.
constexpr std::array<FaultKind, fault_kinds> kinds{{
    {"crash", 60'000},
    {"crash-in-commit", 30'000},
    {"reboot", 20'000},
    {"stop", 30'000},
    {"actor-dies", 80'000},
    {"commit-fails", 20'000},
    {"disk-full", 20'000},
    {"map-full", 10'000},
    {"outside-fails", 200'000},
    {"bit-flip", 500'000},
    {"rollback", 300'000},
    {"tail-lost", 400'000},
    {"frame-lost", 300'000},
    {"frame-repeated", 200'000},
    {"frame-late", 300'000},
    {"frame-flipped", 200'000},
    {"frame-truncated", 100'000},
    {"frame-replayed", 200'000},
    {"partition", 30'000},
    {"one-way-cut", 30'000},
    {"slow", 40'000},
    {"suspend", 5'000},
    {"clock-skewed", 500'000},
    {"clock-jumps", 30'000},
    {"clock-absurd", 10'000},
    {"dial-dumb", 300'000},
    {"dial-acts-silently", 300'000},
    {"wireguard-dumb", 20'000},
    {"wireguard-acts-silently", 20'000},
    {"wireguard-fails", 100'000},
    {"wireguard-hangs", 5'000},
    {"device-tampered", 60'000},
    {"host-roams", 30'000},
    {"translated", 20'000},
    {"tunnel-key-copied", 20'000},
    {"withheld", 20'000},
    {"pairing-broken", 100'000},
    {"pairing-changed", 100'000},
    {"pairing-repeated", 100'000},
    {"pairing-overtaken", 100'000},
    {"pairing-crowded", 500'000},
    {"hypervisor-dumb", 20'000},
    {"hypervisor-acts-silently", 20'000},
    {"hypervisor-fails", 300'000},
    {"hypervisor-kills", 50'000},
    {"guest-ends", 200'000},
    {"guest-silent", 100'000},
    {"guest-disk-full", 100'000},
    {"guest-held", 50'000},
    {"memory-taken", 200'000},
    {"guest-lies", 100'000},
    {"guest-mute", 100'000},
    {"balloon-stuck", 100'000},
    {"bulk-fails", 200'000},
    {"bulk-late", 200'000},
    {"request-kills", 100'000},
    {"request-cut", 200'000},
    {"history-rewritten", 100'000},
    {"history-cut", 200'000},
    {"node-cloned", 60'000, 8},
}};

}  // namespace

bool is_of_frames(Fault fault) {
  return fault >= Fault::frame_lost && fault <= Fault::frame_replayed;
}

const char* name_of(Fault fault) {
  return kinds[static_cast<std::size_t>(fault)].name;
}

Faults Faults::drawn(Random& random, const std::vector<std::string>& allowed) {
  Faults faults;
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    bool is_allowed = allowed.empty() ||
                      std::find(allowed.begin(), allowed.end(),
                                kinds[i].name) != allowed.end();
    // Drawn in any case, so that leaving one out changes no other.
    auto drawn = random.below(16);
    bool is_on = drawn < 16 / (allowed.empty() ? kinds[i].one_in : 2);
    auto rate = 1 + random.below(kinds[i].per_million_max);
    if (is_allowed && is_on) faults.per_million_[i] = rate;
  }
  return faults;
}

}  // namespace ppn::simulation
