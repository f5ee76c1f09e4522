// What pairing is measured to be between real nodes (pairing_lab): how soon a
// newcomer is in, and what a flood of handshakes that nobody finishes does.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/report.hpp"

namespace ppn::bench {

struct PairingFound {
  /// What the lab wrote.
  std::string json;
  /// Why it did not run.
  std::string not_measured;
};

/// How long is it from a code that is typed to a ping?
Part bench_join(const PairingFound& found);

/// What does the flood take of memory, whom does it keep out, and does a mesh
/// that runs notice it?
std::vector<Part> bench_flood(const PairingFound& found);

}  // namespace ppn::bench
