// Bytes as MB, of 2^20 bytes.
#pragma once

#include <cstdint>

namespace ppn::events {

inline constexpr std::uint64_t bytes_in_mb = std::uint64_t{1} << 20U;

/// As many as hold so many bytes.
constexpr std::uint64_t in_whole_mb(std::uint64_t bytes) {
  return bytes / bytes_in_mb + (bytes % bytes_in_mb == 0 ? 0 : 1);
}

}  // namespace ppn::events
