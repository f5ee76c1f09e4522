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

}  // namespace ppn::runtime
