#include "events/device.hpp"

#include <algorithm>
#include <iterator>

namespace ppn::events {

namespace {

/// What is in `a` and not in `b`; both are sorted.
std::vector<IpRange> without(const std::vector<IpRange>& a,
                             const std::vector<IpRange>& b) {
  std::vector<IpRange> rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                      std::back_inserter(rest));
  return rest;
}

PeerChange nothing_for(const TunnelKey& key) {
  PeerChange change;
  change.key = key;
  return change;
}

PeerChange addition(const TunnelKey& key, const PeerConfig& desired) {
  auto change = nothing_for(key);
  change.add = true;
  change.endpoint = desired.endpoint;
  if (desired.keepalive_seconds != 0)
    change.keepalive_seconds = desired.keepalive_seconds;
  if (desired.preshared != Hash{}) change.preshared = desired.preshared;
  change.allow = desired.allowed;
  return change;
}

PeerChange removal(const TunnelKey& key) {
  auto change = nothing_for(key);
  change.remove = true;
  return change;
}

/// What somebody else gets is not taken away before: it moves.
int rank(const PeerChange& change) {
  if (change.remove) return 2;
  return change.replace ? 1 : 0;
}

/// Leaves all as it is that loses only what others get.
void replace_only_what_is_lost(std::vector<PeerChange>& changes) {
  std::vector<IpRange> moved;
  for (const auto& change : changes)
    moved.insert(moved.end(), change.allow.begin(), change.allow.end());
  std::sort(moved.begin(), moved.end());
  for (auto& change : changes)
    if (without(change.disallow, moved).empty()) change.replace.reset();
}

std::vector<PeerChange> peer_differences(const DeviceConfig& desired,
                                         const ObservedDevice& observed,
                                         std::int64_t utc_ns) {
  std::vector<PeerChange> changes;
  auto note = [&](const TunnelKey& key, const PeerConfig* wanted,
                  const ObservedPeer* there) {
    if (auto change = difference(key, wanted, there, utc_ns))
      changes.push_back(std::move(*change));
  };
  auto there = observed.peers.begin();
  for (const auto& [key, wanted] : desired.peers) {
    for (; there != observed.peers.end() && there->first < key; ++there)
      note(there->first, nullptr, &there->second);
    bool is_there = there != observed.peers.end() && there->first == key;
    note(key, &wanted, is_there ? &there->second : nullptr);
    if (is_there) ++there;
  }
  for (; there != observed.peers.end(); ++there)
    note(there->first, nullptr, &there->second);
  replace_only_what_is_lost(changes);
  std::stable_sort(
      changes.begin(), changes.end(),
      [](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return changes;
}

/// All but its peers.
DeviceChange own_difference(const DeviceConfig& desired,
                            const ObservedDevice& observed) {
  DeviceChange change;
  change.create = !observed.exists;
  if (observed.key != desired.key) change.key = desired.key;
  if (observed.listen_port != desired.listen_port)
    change.listen_port = desired.listen_port;
  change.add_addresses = without(desired.addresses, observed.addresses);
  if (!observed.takes_v6)
    std::erase_if(change.add_addresses,
                  [](const IpRange& range) { return range.address.is_v6; });
  change.remove_addresses = without(observed.addresses, desired.addresses);
  if (observed.forwarded != desired.forwarded)
    change.forward = desired.forwarded;
  change.set_up = !observed.is_up;
  return change;
}

template <class Peer>
const Peer* find(const std::map<TunnelKey, Peer>& peers, const TunnelKey& key) {
  auto found = peers.find(key);
  return found == peers.end() ? nullptr : &found->second;
}

std::string list_of(const std::vector<IpRange>& ranges) {
  std::string list;
  for (const auto& range : ranges)
    list += (list.empty() ? "" : ", ") + range.text();
  return list;
}

std::string in_words(const PeerChange& change, const std::string& peer) {
  if (change.remove) return "remove " + peer;
  std::string words = (change.add ? "add " : "change ") + peer;
  if (change.endpoint) words += ", endpoint " + change.endpoint->text();
  if (change.keepalive_seconds)
    words +=
        ", keepalive every " + std::to_string(*change.keepalive_seconds) + " s";
  if (change.preshared)
    words += *change.preshared == Hash{} ? ", without its preshared key"
                                         : ", with its preshared key";
  if (!change.allow.empty()) words += ", allow " + list_of(change.allow);
  if (!change.disallow.empty())
    words += ", no longer allow " + list_of(change.disallow);
  return words;
}

}  // namespace

bool lasts(std::int64_t handshake_ns, std::int64_t utc_ns) {
  return handshake_ns != 0 && handshake_ns > utc_ns - handshake_lasts_ns &&
         handshake_ns < utc_ns + handshake_lasts_ns;
}

bool is_live(const ObservedPeer& peer, std::int64_t utc_ns) {
  return lasts(peer.last_handshake_ns, utc_ns);
}

PeerState peer_state(const PeerConfig* desired, const ObservedPeer* observed,
                     std::int64_t utc_ns) {
  if (desired == nullptr) return {false, "it is no peer"};
  if (observed == nullptr) return {false, "the device does not have it yet"};
  const auto& peer = *observed;
  if (peer.last_handshake_ns > utc_ns + handshake_lasts_ns)
    return {false,
            "its last handshake is later than this host's clock: set the "
            "clock"};
  if (is_live(peer, utc_ns)) return {true, {}};
  if (!desired->endpoint && !peer.config.endpoint)
    return {false,
            "it has no endpoint and did not call yet: is it on, and may it "
            "send UDP?"};
  if (peer.last_handshake_ns == 0 && peer.sent_bytes == 0)
    return {false, "nothing was sent to it yet"};
  if (peer.last_handshake_ns == 0 && peer.received_bytes == 0)
    return {false,
            "what is sent to it is not answered: it is off, its UDP port is "
            "blocked, or it does not know this node"};
  if (peer.last_handshake_ns == 0)
    return {false,
            "it calls, and does not get the answers: UDP from here to there is "
            "blocked"};
  return {false,
          "it answered once and does not any more: it is off or moved, or "
          "the way to it is cut"};
}

std::optional<PeerChange> difference(const TunnelKey& key,
                                     const PeerConfig* desired,
                                     const ObservedPeer* observed,
                                     std::int64_t utc_ns) {
  if (desired == nullptr)
    return observed == nullptr ? std::nullopt : std::optional{removal(key)};
  if (observed == nullptr) return addition(key, *desired);
  const auto& there = observed->config;
  auto change = nothing_for(key);
  bool may_move = desired->is_called || !is_live(*observed, utc_ns);
  if (desired->endpoint && desired->endpoint != there.endpoint && may_move)
    change.endpoint = desired->endpoint;
  if (desired->keepalive_seconds != there.keepalive_seconds)
    change.keepalive_seconds = desired->keepalive_seconds;
  if (desired->preshared != there.preshared)
    change.preshared = desired->preshared;
  change.allow = without(desired->allowed, there.allowed);
  change.disallow = without(there.allowed, desired->allowed);
  if (!change.disallow.empty()) change.replace = desired->allowed;
  if (change == nothing_for(key)) return std::nullopt;
  return change;
}

DeviceChange difference(const DeviceConfig& desired,
                        const ObservedDevice& observed, std::int64_t utc_ns) {
  auto change = own_difference(desired, observed);
  change.peers = peer_differences(desired, observed, utc_ns);
  return change;
}

bool is_right(const DeviceConfig& desired, const ObservedDevice& observed,
              const std::vector<TunnelKey>& changed, std::int64_t utc_ns) {
  return own_difference(desired, observed).empty() &&
         std::none_of(changed.begin(), changed.end(), [&](const auto& key) {
           return difference(key, find(desired.peers, key),
                             find(observed.peers, key), utc_ns);
         });
}

std::vector<std::string> in_words(const DeviceChange& change,
                                  const PeerName& name_of) {
  std::vector<std::string> words;
  if (change.create) words.emplace_back("create the interface");
  if (change.key) words.emplace_back("set the private key");
  if (change.listen_port)
    words.push_back("listen on port " + std::to_string(*change.listen_port));
  for (const auto& peer : change.peers)
    words.push_back(in_words(peer, name_of(peer.key)));
  for (const auto& address : change.add_addresses)
    words.push_back("add address " + address.text());
  for (const auto& address : change.remove_addresses)
    words.push_back("remove address " + address.text());
  if (change.forward)
    words.push_back(change.forward->empty() ? "forward nothing"
                                            : "forward between peers, within " +
                                                  list_of(*change.forward));
  if (change.set_up) words.emplace_back("set the interface up");
  return words;
}

}  // namespace ppn::events
