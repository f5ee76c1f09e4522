// Standard base64 with padding (RFC 4648 section 4), canonical on the way in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/fixed_bytes.hpp"

namespace ppn::store {

std::string to_base64(ByteView bytes);

/// Nothing unless `text` is exactly what to_base64 would make of some bytes.
std::optional<Bytes> from_base64(std::string_view text);

/// Nothing unless `text` is the base64 of exactly that many bytes.
template <class Fixed>
std::optional<Fixed> fixed_from_base64(std::string_view text) {
  auto bytes = from_base64(text);
  if (!bytes || bytes->size() != Fixed::size) return std::nullopt;
  return Fixed{std::span<const std::uint8_t, Fixed::size>{*bytes}};
}

}  // namespace ppn::store
