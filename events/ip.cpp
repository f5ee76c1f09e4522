#include "events/ip.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace ppn::events {

namespace {

/// A whole number in decimal, without a sign or leading zeros.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return number;
}

bool same_bits(const IpAddress& a, const IpAddress& b, unsigned bits) {
  auto whole = bits / 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin()))
    return false;
  if (bits % 8 == 0) return true;
  auto mask = static_cast<std::uint8_t>(0xff00U >> (bits % 8));
  return ((a.bytes[whole] ^ b.bytes[whole]) & mask) == 0;
}

}  // namespace

std::optional<IpAddress> IpAddress::of(ByteView bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  IpAddress address;
  address.is_v6 = bytes.size() == 16;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::string terminated{text};
  if (terminated.size() != std::string_view{terminated.c_str()}.size())
    return std::nullopt;
  IpAddress address;
  address.is_v6 = text.find(':') != std::string_view::npos;
  if (::inet_pton(address.is_v6 ? AF_INET6 : AF_INET, terminated.c_str(),
                  address.bytes.data()) != 1)
    return std::nullopt;
  return address;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), text.data(),
              text.size());
  return text.data();
}

std::optional<IpRange> IpRange::parse(std::string_view text) {
  auto slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return only(*address);
  auto length = parse_number<std::uint8_t>(text.substr(slash + 1));
  if (!length || *length > address->bits()) return std::nullopt;
  return IpRange{*address, *length};
}

std::string IpRange::text() const {
  return address.text() + "/" + std::to_string(length);
}

bool IpRange::contains(const IpAddress& other) const {
  return address.is_v6 == other.is_v6 && same_bits(address, other, length);
}

bool IpRange::overlaps(const IpRange& other) const {
  return address.is_v6 == other.address.is_v6 &&
         same_bits(address, other.address, std::min(length, other.length));
}

IpRange IpRange::first() const {
  auto first = *this;
  for (unsigned bit = length; bit < address.bits(); ++bit)
    first.address.bytes[bit / 8] &=
        static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  return first;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  bool bracketed = host.size() >= 2 && host.front() == '[' &&
                   host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  auto address = IpAddress::parse(host);
  auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!address || address->is_v6 != bracketed || !port || *port == 0)
    return std::nullopt;
  return Endpoint{*address, *port};
}

std::string Endpoint::text() const {
  auto host = address.text();
  return (address.is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace ppn::events
