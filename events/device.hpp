// A WireGuard device as it should be, as it is, and the difference.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/ip.hpp"
#include "schema/fixed_bytes.hpp"
#include "schema/mesh_generated.h"

namespace ppn::events {

/// A public key of WireGuard.
using TunnelKey = FixedBytes<schema::TunnelKey>;

/// What a device is told of a peer.
struct PeerConfig {
  /// Where to reach it; without one it is the peer who calls.
  std::optional<Endpoint> endpoint;
  /// 0: no keepalive.
  std::uint16_t keepalive_seconds = 0;
  /// Sorted; the addresses of what may come from the peer, and goes to it.
  std::vector<IpRange> allowed;
  /// The endpoint is told although there is a handshake that lasts.
  bool is_called = false;
  /// Which preshared key the tunnel has, by its hash (see schema/pairing.fbs);
  /// zeros: it has none.
  Hash preshared = {};

  bool operator==(const PeerConfig&) const = default;
};

/// A device as it should be.
struct DeviceConfig {
  TunnelKey key;
  std::uint16_t listen_port = 0;
  /// Its own address, each with the length of the mesh's range. Sorted.
  std::vector<IpRange> addresses;
  /// The mesh's ranges, if what comes out of one tunnel may go into another.
  std::vector<IpRange> forwarded;
  std::map<TunnelKey, PeerConfig> peers;

  bool operator==(const DeviceConfig&) const = default;
};

/// What a device says of a peer.
struct ObservedPeer {
  PeerConfig config;
  /// Nanoseconds since 1970-01-01T00:00:00Z; 0: there was none.
  std::int64_t last_handshake_ns = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;

  bool operator==(const ObservedPeer&) const = default;
};

/// A device as it is. One that is not there has no key, no addresses and no
/// peers.
struct ObservedDevice {
  bool exists = false;
  bool is_up = false;
  /// False if this host has no IPv6: an address of it can not be added.
  bool takes_v6 = true;
  /// None: it has no private key.
  std::optional<TunnelKey> key;
  std::uint16_t listen_port = 0;
  /// Sorted; link-local ones are left out.
  std::vector<IpRange> addresses;
  /// Sorted.
  std::vector<IpRange> forwarded;
  std::map<TunnelKey, ObservedPeer> peers;

  bool operator==(const ObservedDevice&) const = default;
};

/// What is to be done to one peer.
struct PeerChange {
  TunnelKey key;
  bool remove = false;
  /// It is not there yet: all that it needs is in here.
  bool add = false;
  std::optional<Endpoint> endpoint;
  std::optional<std::uint16_t> keepalive_seconds;
  /// Zeros: it is to have none any more.
  std::optional<Hash> preshared;
  std::vector<IpRange> allow;
  std::vector<IpRange> disallow;
  /// All that shall be allowed in the end, for a device that can take nothing
  /// away alone. Set if no other peer takes over all of disallow: what moves to
  /// another goes from hand to hand, so that each packet has somewhere to go.
  std::optional<std::vector<IpRange>> replace;

  bool operator==(const PeerChange&) const = default;
};

/// What is to be done to a device, in this order: what is there first, then
/// the device's own, then peers (what another one loses is given first).
/// Nothing that is empty is sent.
struct DeviceChange {
  bool create = false;
  /// The private half of this key is to be set.
  std::optional<TunnelKey> key;
  std::optional<std::uint16_t> listen_port;
  std::vector<PeerChange> peers;
  std::vector<IpRange> add_addresses;
  std::vector<IpRange> remove_addresses;
  /// What may be forwarded from now on, if that changes.
  std::optional<std::vector<IpRange>> forward;
  bool set_up = false;

  [[nodiscard]] bool empty() const { return *this == DeviceChange{}; }
  bool operator==(const DeviceChange&) const = default;
};

/// A handshake is good for so long; then there must have been another one
/// (WireGuard, section 6.1: reject after 180 s).
inline constexpr std::int64_t handshake_lasts_ns = 180'000'000'000;

/// Whether a handshake of that time, 0 for none, is still good. One that is yet
/// to come was by a clock that went back since, and tells nothing.
bool lasts(std::int64_t handshake_ns, std::int64_t utc_ns);

/// Whether packets pass: the peer's last handshake still lasts.
bool is_live(const ObservedPeer& peer, std::int64_t utc_ns);

/// Whether packets pass, and if not what an operator should look at.
struct PeerState {
  bool is_up = false;
  /// Empty if it is up.
  std::string why;
};

/// `desired` is null if there is to be no tunnel to it, `observed` if the
/// device has no such peer.
PeerState peer_state(const PeerConfig* desired, const ObservedPeer* observed,
                     std::int64_t utc_ns);

/// What must be done to one peer, if anything. The endpoint of a live peer is
/// where it came from last, and is left alone.
std::optional<PeerChange> difference(const TunnelKey& key,
                                     const PeerConfig* desired,
                                     const ObservedPeer* observed,
                                     std::int64_t utc_ns);

/// The same for all of a device.
DeviceChange difference(const DeviceConfig& desired,
                        const ObservedDevice& observed, std::int64_t utc_ns);

/// Whether nothing must be done to a device whose peers are as they should be,
/// but for the `changed`.
bool is_right(const DeviceConfig& desired, const ObservedDevice& observed,
              const std::vector<TunnelKey>& changed, std::int64_t utc_ns);

/// What a person calls a peer.
using PeerName = std::function<std::string(const TunnelKey&)>;

/// One line for each thing that a change does, for a person.
std::vector<std::string> in_words(const DeviceChange& change,
                                  const PeerName& name_of);

}  // namespace ppn::events
