// What the tests say of results and byte strings, in few words.
#pragma once

#include <boost/test/unit_test.hpp>

#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "schema/fixed_bytes.hpp"
#include "store/base64.hpp"
#include "store/byte_order.hpp"
#include "store/result.hpp"

namespace ppn {

/// How Boost.Test shows byte strings that differ.
template <class Struct>
std::ostream& boost_test_print_type(std::ostream& out,
                                    const FixedBytes<Struct>& bytes) {
  return out << bytes.hex();
}

namespace store {

/// And enumerators: by their number.
template <class Enum>
requires std::is_enum_v<Enum> std::ostream& boost_test_print_type(
    std::ostream& out, const Enum& value) {
  return out << "enumerator " << static_cast<int>(value);
}

}  // namespace store

}  // namespace ppn

namespace ppn::tests {

/// What the result holds; without it the test can not go on.
template <class T>
T must(store::Result<T> result) {
  if (!result) BOOST_FAIL(result.error().message);
  return std::move(*result);
}

inline void must(const store::Status& status) {
  if (!status) BOOST_FAIL(status.error().message);
}

/// The error of what has to fail.
template <class T>
store::Error error_of(const store::Result<T>& result) {
  BOOST_REQUIRE_MESSAGE(!result, "it succeeded and should not have");
  return result.error();
}

/// Whether it failed, and for that reason.
template <class T>
boost::test_tools::assertion_result is_error(const store::Result<T>& result,
                                             store::ErrorCode code) {
  if (!result && result.error().code == code) return true;
  boost::test_tools::assertion_result other{false};
  other.message() << (result ? "it succeeded" : result.error().message);
  return other;
}

inline bool mentions(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

inline Bytes bytes_of_hex(std::string_view text) {
  auto bytes = from_hex(text);
  BOOST_REQUIRE(bytes);
  return *bytes;
}

template <class Fixed>
Fixed of_hex(std::string_view text) {
  auto bytes = from_hex(text);
  BOOST_REQUIRE(bytes && bytes->size() == Fixed::size);
  return Fixed{std::span<const std::uint8_t, Fixed::size>{*bytes}};
}

template <class Fixed>
Fixed of_base64(std::string_view text) {
  auto bytes = store::fixed_from_base64<Fixed>(text);
  BOOST_REQUIRE(bytes);
  return *bytes;
}

/// The same bytes but for one bit.
template <class Container>
Container with_bit_flipped(Container bytes, std::size_t bit) {
  auto& byte = bytes[bit / 8];
  using Byte = std::remove_reference_t<decltype(byte)>;
  byte =
      static_cast<Byte>(static_cast<unsigned char>(byte) ^ (1U << (bit % 8)));
  return bytes;
}

template <class Struct>
FixedBytes<Struct> with_bit_flipped(FixedBytes<Struct> bytes, std::size_t bit) {
  bytes.bytes = with_bit_flipped(bytes.bytes, bit);
  return bytes;
}

}  // namespace ppn::tests
