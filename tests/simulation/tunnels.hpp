// What passes between the WireGuard devices of the hosts: handshakes, and
// datagrams to the addresses of the mesh, by the rules of crypto-routing.
#pragma once

#include "tests/simulation/scene.hpp"

namespace ppn::simulation {

/// How often a device says to a peer that it is still there.
inline constexpr std::uint64_t keepalive_ns = 25 * second;

enum class PacketKind : std::uint8_t { handshake, keepalive, datagram };

class Tunnels {
 public:
  /// Told of each packet that arrives, with its size as devices count it.
  using Watch = std::function<void(const Host& from, const Host& to, PacketKind,
                                   std::uint64_t size)>;

  explicit Tunnels(Scene& scene) : scene_(scene) {}

  void watch(Watch watch) { watch_ = std::move(watch); }

  /// Says to all peers that have a keepalive that this host is still there.
  void keep_alive(Host& host);
  /// Says it to one host, through the tunnel between the two.
  void keep_alive(Host& host, Host& other);

  /// Another machine speaks from there with the tunnel key of that host: who
  /// has a session with it follows it.
  void speak_as(const Host& host, const events::Endpoint& from);

  /// Whether what one sends through the tunnel between the two would arrive.
  [[nodiscard]] bool is_open(const Host& from, const Host& to) const;

  /// Carries a datagram as far as it comes; null if it is lost on its way.
  /// `size` is what devices count of it.
  Host* carry(Host& from, const events::IpAddress& source,
              const events::IpAddress& to, std::uint64_t size);

 private:
  /// Of two machines with one key: the one where the other takes it to be.
  Host* host_with(const events::TunnelKey& key, const Host& other);
  /// Whether something of `from` reaches `to` by the tunnel between the two,
  /// which is made new when it is time. Then `to` learns where it came from.
  bool pass(Host& from, Host& to, PacketKind kind, std::uint64_t size);
  void shake_hands(Host& from, Host& to);
  [[nodiscard]] bool share_a_session(const Host& a, const Host& b) const;
  /// Sends something to where it takes the other to be; whether it gets there.
  bool reaches(Host& from, const Host& to);
  [[nodiscard]] static bool knows_way(const Host& from, const Host& to);
  [[nodiscard]] bool is_heard(const Host& from, const Host& to) const;
  [[nodiscard]] bool lets_in(const Host& to, const Host& from) const;

  void note(const Host& from, const Host& to, PacketKind kind,
            std::uint64_t size) const {
    if (watch_) watch_(from, to, kind, size);
  }

  Scene& scene_;
  Watch watch_;
  std::uint64_t last_session_ = 0;
  /// Who had each key last: it is asked first.
  std::map<events::TunnelKey, Host*> holders_;
};

/// Where a host is heard from and, if something gets that far, hears, by all
/// who are not behind the same router.
events::Endpoint outside_endpoint(const Host& host);

/// The same by one host: what comes out of a router does not come back in.
events::Endpoint endpoint_for(const Host& host, const Host& other);

}  // namespace ppn::simulation
