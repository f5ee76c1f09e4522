// The events that every contender appends: the same ones, in the same order.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "store/ledger.hpp"
#include "tests/support/event_source.hpp"

namespace ppn::bench {

class Events {
 public:
  /// The next requests, of one event each.
  std::vector<store::AppendRequest> next(std::size_t count);

 private:
  tests::EventSource source_{tests::seed_or(1)};
};

/// Records such as these requests make, with bytes of no meaning in place of
/// prev, node and signature.
std::vector<Bytes> records_like(std::span<const store::AppendRequest> requests);

/// Mean size in bytes.
double mean_size(const std::vector<Bytes>& records);

/// The clock of this machine, now.
store::ClockReading read_clock();

}  // namespace ppn::bench
