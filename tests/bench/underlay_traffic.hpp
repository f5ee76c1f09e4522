// What nodes send to each other outside of their tunnels, as IP has it.
#pragma once

#include <cstdint>

namespace ppn::bench {

/// What is around each packet of WireGuard: the headers of IPv4 and UDP.
inline constexpr std::uint64_t underlay_bytes = 20 + 8;

struct Packets {
  double packets = 0;
  double bytes = 0;

  Packets& operator+=(const Packets& other) {
    packets += other.packets;
    bytes += other.bytes;
    return *this;
  }
};

/// In one direction.
struct Traffic {
  /// Of the nodes: what passes through tunnels.
  Packets frames;
  Packets handshakes;
  Packets keepalives;

  [[nodiscard]] Packets all() const {
    auto sum = frames;
    sum += handshakes;
    sum += keepalives;
    return sum;
  }
};

/// Of one node.
struct NodeTraffic {
  Traffic sent;
  Traffic received;

  [[nodiscard]] double bytes() const {
    return sent.all().bytes + received.all().bytes;
  }
};

}  // namespace ppn::bench
