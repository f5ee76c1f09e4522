// Byte strings of a fixed length, a type for each meaning, so that a key can
// not be passed where a hash is due.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/common_generated.h"

namespace ppn {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Lower-case hexadecimal of bytes.
inline std::string to_hex(ByteView bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

/// The bytes of lower-case hexadecimal text; nothing if any of it is not.
inline std::optional<Bytes> from_hex(std::string_view text) {
  auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = digit(text[i]);
    int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

/// N bytes that mean what Struct, their twin in the schema, means.
template <class Struct>
struct FixedBytes {
  static constexpr std::size_t size = sizeof(Struct);

  std::array<std::uint8_t, size> bytes{};

  FixedBytes() = default;

  explicit FixedBytes(const Struct& stored)
      : bytes(std::bit_cast<std::array<std::uint8_t, size>>(stored)) {}

  explicit FixedBytes(std::span<const std::uint8_t, size> raw) {
    std::copy(raw.begin(), raw.end(), bytes.begin());
  }

  /// Nothing unless the text is exactly that many bytes in hexadecimal.
  static std::optional<FixedBytes> parse_hex(std::string_view text) {
    auto raw = from_hex(text);
    if (!raw || raw->size() != size) return std::nullopt;
    return FixedBytes{std::span<const std::uint8_t, size>{*raw}};
  }

  [[nodiscard]] Struct stored() const { return std::bit_cast<Struct>(bytes); }
  [[nodiscard]] std::string hex() const { return to_hex(bytes); }
  [[nodiscard]] ByteView view() const { return bytes; }

  auto operator<=>(const FixedBytes&) const = default;
};

using Hash = FixedBytes<schema::Hash>;
using PublicKey = FixedBytes<schema::PublicKey>;
using Signature = FixedBytes<schema::Signature>;
using NodeId = FixedBytes<schema::NodeId>;
using Id = FixedBytes<schema::Id>;

}  // namespace ppn
