// The WireGuard device of a simulated host, and the private keys that were made
// for it. It does what a kernel's does: it outlives the process that made it,
// and an allowed address moves silently from one peer to another.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "actors/interfaces.hpp"

namespace ppn::simulation {

/// What two devices agreed on in a handshake.
struct Session {
  std::uint64_t id = 0;
  /// In the time of the world.
  std::uint64_t made_ns = 0;
};

class Device {
 public:
  [[nodiscard]] const events::ObservedDevice& shown() const { return shown_; }
  /// Rises with each change but of what is counted.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

  /// The same as before as long as nothing changed. `host` is the address of
  /// the host that it is on.
  actors::DeviceSeenPtr look(const events::IpAddress& host);

  // -- what the node does -----------------------------------------------------

  /// A private key is kept from now on, whatever becomes of the interface.
  void keep(const events::TunnelKey& key) { keys_.insert(key); }
  void keep_preshared(const Hash& hash) { preshared_.insert(hash); }
  void forget_preshared_but(const std::vector<Hash>& kept);
  /// All others are of no use any more.
  void forget_keys_but(const std::vector<events::TunnelKey>& kept);
  /// One thing after the other, until `fails` says that one can not be done.
  store::Status apply(const events::DeviceChange& change,
                      const std::function<bool()>& fails);

  // -- what others do ---------------------------------------------------------

  /// The interface is gone, and with it all that it knew.
  void vanish();
  /// The private keys are, too.
  void forget_all();
  void set_key(const std::optional<events::TunnelKey>& key);
  void set_port(std::uint16_t port);
  void set_up(bool is_up);
  void forward(std::vector<events::IpRange> ranges);
  void add_address(const events::IpRange& address);
  void remove_address(const events::IpRange& address);
  void remove_peer(const events::TunnelKey& key);
  /// As the node's own changes: an address that another peer had moves.
  void set_peer(const events::TunnelKey& key, const events::PeerConfig& config);

  // -- what the net does ------------------------------------------------------

  [[nodiscard]] bool can_talk() const {
    return shown_.exists && shown_.is_up && shown_.key;
  }
  [[nodiscard]] bool has_address(const events::IpAddress& address) const;
  /// The peer that packets to an address go to, and packets from it must come
  /// from; null if there is none.
  [[nodiscard]] const events::TunnelKey* peer_for(
      const events::IpAddress& address) const;
  [[nodiscard]] Session session(const events::TunnelKey& peer) const;
  void note_handshake(const events::TunnelKey& peer, const Session& session,
                      std::int64_t wall_ns);
  void count_received(const events::TunnelKey& peer, std::uint64_t bytes);
  void count_sent(const events::TunnelKey& peer, std::uint64_t bytes);
  /// The peer was heard from there.
  void note_endpoint(const events::TunnelKey& peer,
                     const events::Endpoint& endpoint);

 private:
  store::Status apply_peer(const events::PeerChange& change);
  void allow(const events::TunnelKey& key,
             const std::vector<events::IpRange>& ranges);
  /// Nothing of that goes to this peer any more.
  void disallow(const events::TunnelKey& key,
                const std::vector<events::IpRange>& ranges);
  void touch();

  events::ObservedDevice shown_;
  std::set<events::TunnelKey> keys_;
  std::set<Hash> preshared_;
  std::map<events::TunnelKey, Session> sessions_;
  /// What is allowed to whom: by length, the longest first, and by the first
  /// address.
  std::map<std::uint8_t, std::map<events::IpAddress, events::TunnelKey>,
           std::greater<>>
      routes_;
  std::uint64_t revision_ = 0;
  actors::DeviceSeenPtr seen_;
};

}  // namespace ppn::simulation
