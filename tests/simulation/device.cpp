#include "tests/simulation/device.hpp"

#include <algorithm>

namespace ppn::simulation {

namespace {

using events::IpRange;
using events::TunnelKey;
using store::Error;
using store::ErrorCode;

Error refused(std::string why) { return {ErrorCode::io, std::move(why)}; }

void insert_sorted(std::vector<IpRange>& ranges, const IpRange& range) {
  auto place = std::lower_bound(ranges.begin(), ranges.end(), range);
  if (place == ranges.end() || *place != range) ranges.insert(place, range);
}

}  // namespace

void Device::touch() {
  revision_ += 1;
  seen_ = nullptr;
}

actors::DeviceSeenPtr Device::look(const events::IpAddress& host) {
  if (!seen_ || seen_->host_addresses.front() != host)
    seen_ = std::make_shared<const actors::DeviceSeen>(
        actors::DeviceSeen{shown_, "simulated", {host}});
  return seen_;
}

// -- what the node does -------------------------------------------------------

store::Status Device::apply(const events::DeviceChange& change,
                            const std::function<bool()>& fails) {
  auto failed = [] { return refused("the device does not take it"); };
  if (change.create) {
    if (fails()) return failed();
    if (shown_.exists) return refused("there is such an interface");
    shown_.exists = true;
    touch();
  }
  if (!shown_.exists) return refused("there is no such interface");
  if (change.key) {
    if (fails()) return failed();
    if (!keys_.contains(*change.key)) return refused("nobody has that key");
    set_key(change.key);
  }
  if (change.listen_port) {
    if (fails()) return failed();
    set_port(*change.listen_port);
  }
  for (const auto& peer : change.peers) {
    if (fails()) return failed();
    if (auto applied = apply_peer(peer); !applied) return applied;
  }
  for (const auto& address : change.remove_addresses) {
    if (fails()) return failed();
    remove_address(address);
  }
  for (const auto& address : change.add_addresses) {
    if (fails()) return failed();
    add_address(address);
  }
  if (change.forward) {
    if (fails()) return failed();
    forward(*change.forward);
  }
  if (change.set_up) {
    if (fails()) return failed();
    set_up(true);
  }
  return {};
}

void Device::forget_keys_but(const std::vector<TunnelKey>& kept) {
  std::set<TunnelKey> left;
  for (const auto& key : kept)
    if (keys_.contains(key)) left.insert(key);
  keys_ = std::move(left);
}

void Device::forget_preshared_but(const std::vector<Hash>& kept) {
  std::erase_if(preshared_, [&](const Hash& hash) {
    return std::find(kept.begin(), kept.end(), hash) == kept.end();
  });
}

store::Status Device::apply_peer(const events::PeerChange& change) {
  const auto& key = change.key;
  if (change.remove) {
    remove_peer(key);
    return {};
  }
  if (key == shown_.key) return {};  // a device is no peer of its own
  bool is_there = shown_.peers.contains(key);
  if (!is_there && !change.add) return {};
  auto& config = shown_.peers[key].config;
  auto before = config;
  if (change.endpoint) config.endpoint = change.endpoint;
  if (change.keepalive_seconds)
    config.keepalive_seconds = *change.keepalive_seconds;
  if (change.preshared) {
    bool is_kept = *change.preshared == Hash{} ||
                   preshared_.contains(*change.preshared);
    if (!is_kept) return refused("nobody has that preshared key");
    config.preshared = *change.preshared;
  }
  disallow(key, change.disallow);
  if (!is_there || config != before) touch();
  allow(key, change.allow);
  return {};
}

/// What another peer had moves, and nobody says so.
void Device::allow(const TunnelKey& key, const std::vector<IpRange>& ranges) {
  if (ranges.empty()) return;
  for (const auto& given : ranges) {
    // A kernel cuts off what is behind the length, too.
    auto range = given.first();
    auto [there, is_new] = routes_[range.length].emplace(range.address, key);
    if (!is_new && there->second != key)
      std::erase(shown_.peers.at(there->second).config.allowed, range);
    there->second = key;
    insert_sorted(shown_.peers[key].config.allowed, range);
  }
  touch();
}

void Device::disallow(const TunnelKey& key,
                      const std::vector<IpRange>& ranges) {
  for (const auto& given : ranges) {
    auto range = given.first();
    std::erase(shown_.peers[key].config.allowed, range);
    auto& routes = routes_[range.length];
    auto route = routes.find(range.address);
    if (route != routes.end() && route->second == key) routes.erase(route);
  }
}

// -- what others do -----------------------------------------------------------

void Device::vanish() {
  shown_ = {};
  sessions_.clear();
  routes_.clear();
  touch();
}

void Device::forget_all() {
  vanish();
  keys_.clear();
  preshared_.clear();
}

void Device::set_key(const std::optional<TunnelKey>& key) {
  if (shown_.key == key) return;
  shown_.key = key;
  if (key) remove_peer(*key);
  sessions_.clear();
  touch();
}

void Device::set_port(std::uint16_t port) {
  if (shown_.listen_port == port) return;
  shown_.listen_port = port;
  touch();
}

void Device::set_up(bool is_up) {
  if (shown_.is_up == is_up) return;
  shown_.is_up = is_up;
  touch();
}

void Device::forward(std::vector<IpRange> ranges) {
  std::sort(ranges.begin(), ranges.end());
  if (shown_.forwarded == ranges) return;
  shown_.forwarded = std::move(ranges);
  touch();
}

void Device::add_address(const IpRange& address) {
  insert_sorted(shown_.addresses, address);
  touch();
}

void Device::remove_address(const IpRange& address) {
  if (std::erase(shown_.addresses, address) != 0) touch();
}

void Device::remove_peer(const TunnelKey& key) {
  sessions_.erase(key);
  auto found = shown_.peers.find(key);
  if (found == shown_.peers.end()) return;
  disallow(key, std::vector{found->second.config.allowed});
  shown_.peers.erase(found);
  touch();
}

void Device::set_peer(const TunnelKey& key, const events::PeerConfig& config) {
  auto& there = shown_.peers[key].config;
  there.endpoint = config.endpoint;
  there.keepalive_seconds = config.keepalive_seconds;
  there.preshared = config.preshared;
  disallow(key, std::vector{there.allowed});
  touch();
  allow(key, config.allowed);
}

// -- what the net does --------------------------------------------------------

bool Device::has_address(const events::IpAddress& address) const {
  return std::any_of(shown_.addresses.begin(), shown_.addresses.end(),
                     [&](const auto& own) { return own.address == address; });
}

const TunnelKey* Device::peer_for(const events::IpAddress& address) const {
  for (const auto& [length, routes] : routes_) {
    if (length > address.bits()) continue;
    auto route = routes.find(IpRange{address, length}.first().address);
    if (route != routes.end()) return &route->second;
  }
  return nullptr;
}

Session Device::session(const TunnelKey& peer) const {
  auto found = sessions_.find(peer);
  return found == sessions_.end() ? Session{} : found->second;
}

void Device::note_handshake(const TunnelKey& peer, const Session& session,
                            std::int64_t wall_ns) {
  sessions_[peer] = session;
  shown_.peers.at(peer).last_handshake_ns = wall_ns;
  touch();
}

void Device::count_received(const TunnelKey& peer, std::uint64_t bytes) {
  shown_.peers.at(peer).received_bytes += bytes;
  seen_ = nullptr;
}

void Device::count_sent(const TunnelKey& peer, std::uint64_t bytes) {
  shown_.peers.at(peer).sent_bytes += bytes;
  seen_ = nullptr;
}

void Device::note_endpoint(const TunnelKey& peer,
                           const events::Endpoint& endpoint) {
  auto& known = shown_.peers.at(peer).config.endpoint;
  if (known == endpoint) return;
  known = endpoint;
  touch();
}

}  // namespace ppn::simulation
