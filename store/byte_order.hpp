// Integers as they stand in keys and in signed bytes: most significant first.
#pragma once

#include <array>
#include <cstdint>

#include "schema/fixed_bytes.hpp"

namespace ppn::store {

inline std::array<std::uint8_t, 8> big_endian(std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = bytes.size(); i > 0; --i, value >>= 8U)
    bytes[i - 1] = static_cast<std::uint8_t>(value & 0xffU);
  return bytes;
}

/// At most 8 bytes, most significant first.
inline std::uint64_t from_big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (auto byte : bytes) value = (value << 8U) | byte;
  return value;
}

inline ByteView as_bytes(std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char to byte
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): byte to char
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace ppn::store
