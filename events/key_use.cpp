#include "events/key_use.hpp"

#include <utility>

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

void note_seen(MembersSeen& seen, const NodeId& node, const Member& member,
               const ObservedDevice& device, const KeyUses& uses,
               std::int64_t utc_ns) {
  auto note = [&](const TunnelKey& key) {
    const auto* peer = peer_of(device, key);
    if (handshake_of(peer) != 0)
      seen[node] = {key, peer->config.endpoint, peer->last_handshake_ns};
  };
  // The one in use comes last, and stays.
  note(member.tunnel_key);
  if (const auto* next = use_of_next(node, member, uses);
      next != nullptr && next->is_taken)
    note(next->key);
  if (auto found = seen.find(node); found != seen.end())
    found->second.lasts = lasts(found->second.last_handshake_ns, utc_ns);
}

void note_seen(MembersSeen& seen, const Mesh& mesh,
               const ObservedDevice& device, const KeyUses& uses,
               std::int64_t utc_ns) {
  std::erase_if(
      seen, [&](const auto& one) { return mesh.find(one.first) == nullptr; });
  for (const auto& [node, member] : mesh.members)
    note_seen(seen, node, member, device, uses, utc_ns);
}

std::set<NodeId> note_time(MembersSeen& seen, std::int64_t utc_ns) {
  std::set<NodeId> aged;
  for (auto& [node, member] : seen) {
    bool lasted =
        std::exchange(member.lasts, lasts(member.last_handshake_ns, utc_ns));
    if (member.lasts != lasted) aged.insert(node);
  }
  return aged;
}

const MemberSeen* seen_with_another(const MembersSeen& seen, const NodeId& node,
                                    const TunnelKey& key) {
  auto found = seen.find(node);
  return found == seen.end() || found->second.key == key ? nullptr
                                                         : &found->second;
}

void KeyChoice::keep_announced(const Mesh& mesh) {
  std::erase_if(uses_, [&](const auto& one) {
    const auto* member = mesh.find(one.first);
    return member == nullptr || member->next_tunnel_key != one.second.key;
  });
  announced_.clear();
  for (const auto& [node, member] : mesh.members)
    if (member.next_tunnel_key) announced_.push_back(node);
}

void KeyChoice::look(const Mesh& mesh, const ObservedDevice& device,
                     const std::set<NodeId>& broken, std::int64_t utc_ns) {
  for (const auto& node : announced_) {
    const auto& member = *mesh.find(node);
    const auto* now = peer_of(device, member.tunnel_key);
    const auto* next = peer_of(device, *member.next_tunnel_key);
    auto use = uses_.find(node);
    if (use != uses_.end() && use->second.is_taken) continue;
    bool is_now_alive = is_alive(now, utc_ns);
    // Where this node's clock was set back, what is older looks younger.
    bool is_younger = !is_now_alive || handshake_of(next) > handshake_of(now);
    if (is_alive(next, utc_ns) && is_younger)
      take(mesh, node, *member.next_tunnel_key);
    else if (is_now_alive && !broken.contains(node))
      uses_.erase(node);
    else if (use == uses_.end())
      uses_.emplace(node, KeyUse{*member.next_tunnel_key});
  }
}

bool KeyChoice::take(const Mesh& mesh, const NodeId& member,
                     const TunnelKey& key) {
  const auto* known = mesh.find(member);
  if (known == nullptr || known->next_tunnel_key != key) return false;
  auto use = uses_.try_emplace(member).first;
  if (use->second.is_taken) return false;
  use->second = {key, true};
  return true;
}

}  // namespace ppn::events
