// Addresses of IPv4 and IPv6, ranges of them, and endpoints, from text and to
// text.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/fixed_bytes.hpp"

namespace ppn::events {

struct IpAddress {
  /// The first four of IPv4, all of IPv6.
  std::array<std::uint8_t, 16> bytes{};
  bool is_v6 = false;

  [[nodiscard]] std::uint8_t bits() const { return is_v6 ? 128 : 32; }
  [[nodiscard]] ByteView view() const {
    return ByteView{bytes}.first(is_v6 ? 16 : 4);
  }

  /// Nothing unless they are 4 or 16.
  static std::optional<IpAddress> of(ByteView bytes);
  static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;

  auto operator<=>(const IpAddress&) const = default;
};

/// An address and how many of its leading bits are those of all the range.
struct IpRange {
  IpAddress address;
  std::uint8_t length = 0;

  /// The one address alone.
  static IpRange only(const IpAddress& address) {
    return {address, address.bits()};
  }
  /// "10.8.0.0/24"; an address without a length is the one alone. Nothing if
  /// the length is beyond the address.
  static std::optional<IpRange> parse(std::string_view text);
  [[nodiscard]] std::string text() const;

  [[nodiscard]] bool contains(const IpAddress& other) const;
  [[nodiscard]] bool overlaps(const IpRange& other) const;
  /// The first address of the range: all bits behind the length are 0.
  [[nodiscard]] IpRange first() const;

  auto operator<=>(const IpRange&) const = default;
};

/// Where something can be reached by UDP.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// "192.0.2.1:51820", "[2001:db8::1]:51820". The port is not 0.
  static std::optional<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string text() const;

  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace ppn::events
