#include "tests/bench/sample_peers.hpp"

#include <cstring>

#include "tests/support/random.hpp"

namespace ppn::bench {

namespace {

events::TunnelKey random_key(tests::Random& random) {
  events::TunnelKey key;
  for (std::size_t at = 0; at < key.bytes.size(); at += sizeof(std::uint64_t)) {
    auto part = random.next();
    std::memcpy(&key.bytes[at], &part, sizeof part);
  }
  return key;
}

/// "FIRST.SECOND.0.0" and `number` behind it.
events::IpAddress address(std::uint8_t first, std::uint8_t second,
                          std::size_t number) {
  events::IpAddress address;
  address.bytes[0] = first;
  address.bytes[1] = second;
  address.bytes[2] = static_cast<std::uint8_t>(number >> 8U);
  address.bytes[3] = static_cast<std::uint8_t>(number);
  return address;
}

}  // namespace

events::DeviceConfig sample_device(std::size_t peers) {
  constexpr std::uint16_t port = 51'820;
  constexpr std::uint16_t keepalive_seconds = 25;
  tests::Random random{1};
  events::DeviceConfig device;
  device.addresses = {{address(10, 8, 1), 15}};
  for (std::size_t number = 2; number < peers + 2; ++number) {
    auto& peer = device.peers[random_key(random)];
    peer.endpoint = events::Endpoint{address(198, 18, number), port};
    peer.keepalive_seconds = keepalive_seconds;
    peer.allowed = {events::IpRange::only(address(10, 8, number))};
  }
  return device;
}

events::ObservedDevice as_desired(const events::DeviceConfig& desired) {
  events::ObservedDevice device;
  device.exists = true;
  device.is_up = true;
  device.key = desired.key;
  device.listen_port = desired.listen_port;
  device.addresses = desired.addresses;
  device.forwarded = desired.forwarded;
  for (const auto& [key, config] : desired.peers)
    device.peers[key].config = config;
  return device;
}

void change_all_of(events::PeerConfig& peer) {
  peer.endpoint->port ^= 1U;
  peer.keepalive_seconds ^= 1U;
  peer.allowed.front().address.bytes[1] ^= 1U;
}

}  // namespace ppn::bench
