#include "events/key_use.hpp"

namespace ppn::events {

namespace {

const ObservedPeer* peer_of(const ObservedDevice& device,
                            const TunnelKey& key) {
  auto found = device.peers.find(key);
  return found == device.peers.end() ? nullptr : &found->second;
}

std::int64_t handshake_of(const ObservedPeer* peer) {
  return peer == nullptr ? 0 : peer->last_handshake_ns;
}

bool is_alive(const ObservedPeer* peer, std::int64_t utc_ns) {
  return peer != nullptr && is_live(*peer, utc_ns);
}

}  // namespace

const KeyUse* use_of_next(const NodeId& node, const Member& member,
                          const KeyUses& uses) {
  auto found = uses.find(node);
  bool is_there = found != uses.end() &&
                  member.next_tunnel_key == found->second.key;
  return is_there ? &found->second : nullptr;
}

const TunnelKey& key_in_use(const NodeId& node, const Member& member,
                            const KeyUses& uses) {
  const auto* use = use_of_next(node, member, uses);
  return use != nullptr && use->is_taken ? use->key : member.tunnel_key;
}

void KeyChoice::keep_announced(const Mesh& mesh) {
  auto is_over = [&](const auto& one) {
    const auto* member = mesh.find(one.first);
    return member == nullptr || member->next_tunnel_key != one.second.key;
  };
  std::erase_if(uses_, is_over);
  std::erase_if(seen_, is_over);
}

void KeyChoice::look(const Mesh& mesh, const ObservedDevice& device,
                     const std::set<NodeId>& broken, std::int64_t utc_ns) {
  keep_announced(mesh);
  for (const auto& [node, member] : mesh.members) {
    if (!member.next_tunnel_key) continue;
    const auto* now = peer_of(device, member.tunnel_key);
    const auto* next = peer_of(device, *member.next_tunnel_key);
    auto& seen = seen_[node];
    seen.key = *member.next_tunnel_key;
    if (now != nullptr) {
      seen.seen_at = now->config.endpoint;
      seen.last_handshake_ns = now->last_handshake_ns;
    }
    auto use = uses_.find(node);
    if (use != uses_.end() && use->second.is_taken) continue;
    bool is_now_alive = is_alive(now, utc_ns);
    // Where this node's clock was set back, what is older looks younger.
    bool is_younger = !is_now_alive || handshake_of(next) > handshake_of(now);
    if (is_alive(next, utc_ns) && is_younger)
      take(mesh, node, seen.key);
    else if (is_now_alive && !broken.contains(node))
      uses_.erase(node);
    else if (use == uses_.end())
      uses_.emplace(node, seen);
  }
}

bool KeyChoice::take(const Mesh& mesh, const NodeId& member,
                     const TunnelKey& key) {
  const auto* known = mesh.find(member);
  if (known == nullptr || known->next_tunnel_key != key) return false;
  auto [use, is_new] = uses_.try_emplace(member);
  if (use->second.is_taken) return false;
  if (auto seen = seen_.find(member); seen != seen_.end())
    use->second = seen->second;
  use->second.key = key;
  use->second.is_taken = true;
  return true;
}

}  // namespace ppn::events
