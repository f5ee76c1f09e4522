#include "events/peer_watch.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace ppn::events {

void PeerWatch::note_how_long(std::int64_t handshake_ns) {
  if (handshake_ns == 0) return;
  for (auto turn :
       {handshake_ns - handshake_lasts_ns, handshake_ns + handshake_lasts_ns}) {
    if (turn <= utc_ns_) lasts_from_ns_ = std::max(lasts_from_ns_, turn);
    if (turn >= utc_ns_) lasts_until_ns_ = std::min(lasts_until_ns_, turn);
  }
}

std::vector<TunnelKey> PeerWatch::look(
    std::shared_ptr<const ObservedDevice> device, std::int64_t utc_ns) {
  if (device == device_ && still_lasts(utc_ns)) return {};
  auto before = std::exchange(device_, std::move(device));
  auto before_ns = std::exchange(utc_ns_, utc_ns);
  lasts_from_ns_ = std::numeric_limits<std::int64_t>::min();
  lasts_until_ns_ = std::numeric_limits<std::int64_t>::max();
  static const std::map<TunnelKey, ObservedPeer> nobody;
  const auto& then = before ? before->peers : nobody;
  std::vector<TunnelKey> changed;
  auto old = then.begin();
  for (const auto& [key, peer] : device_->peers) {
    note_how_long(peer.last_handshake_ns);
    for (; old != then.end() && old->first < key; ++old)
      changed.push_back(old->first);
    bool is_same = old != then.end() && old->first == key &&
                   old->second == peer &&
                   is_live(peer, before_ns) == is_live(peer, utc_ns);
    if (!is_same) changed.push_back(key);
    if (old != then.end() && old->first == key) ++old;
  }
  for (; old != then.end(); ++old) changed.push_back(old->first);
  return changed;
}

std::set<NodeId> holders_of(const Mesh& mesh,
                            const std::vector<TunnelKey>& keys) {
  const auto& holders = mesh.holders.tunnel_keys;
  std::set<NodeId> nodes;
  for (const auto& key : keys)
    if (auto holder = holders.find(key); holder != holders.end())
      nodes.insert(holder->second);
  return nodes;
}

}  // namespace ppn::events
