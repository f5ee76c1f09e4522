#include "tests/simulation/tunnels.hpp"

#include <algorithm>

namespace ppn::simulation {

namespace {

// As WireGuard has it (its paper, section 6.1).
constexpr std::uint64_t rekey_after_ns = 120 * second;
constexpr std::uint64_t reject_after_ns = 180 * second;

constexpr std::uint64_t initiation_bytes = 148;
constexpr std::uint64_t response_bytes = 92;
constexpr std::uint64_t keepalive_bytes = 32;

constexpr int hops_max = 3;

constexpr int first_translated_port = 40'000;
/// For so long a router lets answers in.
constexpr std::uint64_t translation_ns = 120 * second;

bool forwards(const Device& device, const events::IpAddress& from,
              const events::IpAddress& to) {
  const auto& ranges = device.shown().forwarded;
  auto has = [&](const events::IpAddress& address) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
      return range.contains(address);
    });
  };
  return has(from) && has(to);
}

}  // namespace

events::Endpoint outside_endpoint(const Host& host) {
  auto port = host.device.shown().listen_port;
  if (!host.router) return {host.outside, port};
  auto router = "203.0.113." + std::to_string(*host.router);
  return {*events::IpAddress::parse(router),
          static_cast<std::uint16_t>(first_translated_port + host.index)};
}

events::Endpoint endpoint_for(const Host& host, const Host& other) {
  if (host.router && host.router == other.router)
    return {host.inside, host.device.shown().listen_port};
  return outside_endpoint(host);
}

Host* Tunnels::host_with(const events::TunnelKey& key, const Host& other) {
  auto has_it = [&](const Host& host) {
    return host.device.can_talk() && host.device.shown().key == key;
  };
  if (has_it(scene_.clone) && knows_way(other, scene_.clone))
    return &scene_.clone;
  auto& holder = holders_[key];
  if (holder != nullptr && has_it(*holder)) return holder;
  auto& hosts = scene_.hosts;
  auto found = std::find_if(hosts.begin(), hosts.end(), has_it);
  return found == hosts.end() ? nullptr : holder = &*found;
}

void Tunnels::keep_alive(Host& host) {
  if (!host.device.can_talk() || host.is_suspended) return;
  std::vector<events::TunnelKey> whom;
  for (const auto& [key, peer] : host.device.shown().peers)
    if (peer.config.keepalive_seconds != 0) whom.push_back(key);
  for (const auto& key : whom)
    if (auto* other = host_with(key, host)) keep_alive(host, *other);
}

void Tunnels::keep_alive(Host& host, Host& other) {
  pass(host, other, PacketKind::keepalive, keepalive_bytes);
}

void Tunnels::speak_as(const Host& host, const events::Endpoint& from) {
  const auto& key = host.device.shown().key;
  if (!key) return;
  for (auto& other : scene_.hosts) {
    auto peer = other.device.shown().peers.find(*key);
    auto session = other.device.session(*key);
    if (&other == &host || peer == other.device.shown().peers.end() ||
        session.id == 0 || scene_.now() - session.made_ns >= reject_after_ns ||
        peer->second.config.endpoint == from)
      continue;
    other.device.note_endpoint(*key, from);
  }
}

Host* Tunnels::carry(Host& from, const events::IpAddress& source,
                     const events::IpAddress& to, std::uint64_t size) {
  auto* at = &from;
  if (!from.device.can_talk() || !from.device.has_address(source))
    return nullptr;
  for (int hop = 0; hop < hops_max; ++hop) {
    if (at != &from &&
        (at->keeps_from_others || !forwards(at->device, source, to)))
      return nullptr;
    const auto* key = at->device.peer_for(to);
    auto* next = key == nullptr ? nullptr : host_with(*key, *at);
    if (next == nullptr || !pass(*at, *next, PacketKind::datagram, size))
      return nullptr;
    const auto* back = next->device.peer_for(source);
    if (back == nullptr || *back != at->device.shown().key) return nullptr;
    if (next->device.has_address(to)) return next;
    at = next;
  }
  return nullptr;
}

bool Tunnels::share_a_session(const Host& a, const Host& b) const {
  auto one = a.device.session(*b.device.shown().key);
  auto other = b.device.session(*a.device.shown().key);
  return one.id != 0 && one.id == other.id &&
         scene_.now() - one.made_ns < reject_after_ns;
}

bool Tunnels::lets_in(const Host& to, const Host& from) const {
  if (!to.router || to.router == from.router) return true;
  auto sent = to.sent_ns.find(outside_endpoint(from));
  return sent != to.sent_ns.end() &&
         scene_.now() - sent->second < translation_ns;
}

bool Tunnels::knows_way(const Host& from, const Host& to) {
  auto peer = from.device.shown().peers.find(*to.device.shown().key);
  return peer != from.device.shown().peers.end() && !from.is_suspended &&
         peer->second.config.endpoint == endpoint_for(to, from);
}

bool Tunnels::is_heard(const Host& from, const Host& to) const {
  return !to.is_suspended && scene_.hears(to, from) && lets_in(to, from);
}

bool Tunnels::is_open(const Host& from, const Host& to) const {
  return from.device.can_talk() && to.device.can_talk() &&
         knows_way(from, to) && is_heard(from, to) && share_a_session(from, to);
}

bool Tunnels::reaches(Host& from, const Host& to) {
  if (!knows_way(from, to)) return false;
  if (from.router) from.sent_ns[endpoint_for(to, from)] = scene_.now();
  return is_heard(from, to);
}

bool Tunnels::pass(Host& from, Host& to, PacketKind kind, std::uint64_t size) {
  if (&from == &to) return false;
  const auto& other = *to.device.shown().key;
  auto age = [&] { return scene_.now() - from.device.session(other).made_ns; };
  bool arrives = reaches(from, to);
  if (arrives && (!share_a_session(from, to) || age() >= rekey_after_ns))
    shake_hands(from, to);
  bool is_sent = from.device.session(other).id != 0 &&
                 age() < reject_after_ns && !from.is_suspended;
  if (is_sent && (arrives || scene_.counts_what_is_lost))
    from.device.count_sent(other, size);
  if (!arrives || !share_a_session(from, to)) return false;
  to.device.count_received(*from.device.shown().key, size);
  to.device.note_endpoint(*from.device.shown().key, endpoint_for(from, to));
  note(from, to, kind, size);
  return true;
}

void Tunnels::shake_hands(Host& from, Host& to) {
  const auto& own = *from.device.shown().key;
  const auto& other = *to.device.shown().key;
  if (!to.device.shown().peers.contains(own) || !scene_.hears(from, to)) return;
  // Whoever does not share the key can not tell that it was answered.
  if (from.device.shown().peers.at(other).config.preshared !=
      to.device.shown().peers.at(own).config.preshared)
    return;
  if (to.router) to.sent_ns[endpoint_for(from, to)] = scene_.now();
  scene_.trace.note(from.index, "handshake with",
                    static_cast<std::uint64_t>(to.index));
  from.device.count_sent(other, initiation_bytes);
  to.device.count_received(own, initiation_bytes);
  to.device.count_sent(own, response_bytes);
  from.device.count_received(other, response_bytes);
  Session session{++last_session_, scene_.now()};
  from.device.note_handshake(other, session, scene_.read_clock(from).utc_ns);
  to.device.note_handshake(own, session, scene_.read_clock(to).utc_ns);
  to.device.note_endpoint(own, endpoint_for(from, to));
  note(from, to, PacketKind::handshake, initiation_bytes);
  note(to, from, PacketKind::handshake, response_bytes);
}

}  // namespace ppn::simulation
