// An address as Asio has it.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <algorithm>

#include "events/ip.hpp"

namespace ppn::runtime {

inline boost::asio::ip::address to_asio(const events::IpAddress& address) {
  namespace ip = boost::asio::ip;
  if (address.is_v6) {
    ip::address_v6::bytes_type bytes{};
    std::copy(address.bytes.begin(), address.bytes.end(), bytes.begin());
    return ip::address_v6{bytes};
  }
  ip::address_v4::bytes_type bytes{};
  std::copy_n(address.bytes.begin(), bytes.size(), bytes.begin());
  return ip::address_v4{bytes};
}

/// Who calls by IPv4 is said so, also where the socket speaks IPv6.
inline events::IpAddress from_asio(const boost::asio::ip::address& address) {
  namespace ip = boost::asio::ip;
  events::IpAddress out;
  if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
    auto bytes = address.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    out.is_v6 = true;
    return out;
  }
  auto v4 = address.is_v4()
                ? address.to_v4()
                : ip::make_address_v4(ip::v4_mapped, address.to_v6());
  auto bytes = v4.to_bytes();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

}  // namespace ppn::runtime
