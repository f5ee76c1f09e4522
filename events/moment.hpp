// When something is decided, as the clocks of the node said.
#pragma once

#include <cstdint>

namespace ppn::events {

struct Moment {
  std::int64_t utc_ns = 0;
  /// Suspended time included.
  std::uint64_t since_boot_ns = 0;
  /// Whether the kernel said that utc_ns was synchronised.
  bool synchronised = false;
  /// The boot that the node's ledger counts; 0 before the first.
  std::uint64_t boot = 0;
};

}  // namespace ppn::events
