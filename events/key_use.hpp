// Which key the tunnels of a member have whose key is being rotated, as this
// node sees it: between the entry that announces a key and the one that says
// that it changed.
//
// The member switches first. Its own packets then wait for a handshake, which
// nobody answers who does not know the new key; so it is told that its peer has
// the new key a moment after that, and no packet is refused or goes to a key
// that is not in use yet. Who does not hear the member's word finds the old key
// dead, and tries both.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "events/device.hpp"
#include "events/mesh.hpp"

namespace ppn::events {

/// "In a moment my tunnels have that key."
struct KeySwitch {
  TunnelKey key;
  std::uint32_t in_ms = 0;
};

/// A member says it several times, and then does it.
inline constexpr std::uint32_t key_switch_words = 3;
inline constexpr std::uint32_t key_switch_word_ms = 50;
/// The others do it so much later.
inline constexpr std::uint32_t key_switch_margin_ms = 250;
/// Nobody says it earlier than that.
inline constexpr std::uint32_t key_switch_ms_max = 1000;

/// How a member's next key is used.
struct KeyUse {
  TunnelKey key;
  /// Instead of the old one; otherwise it is only tried.
  bool is_taken = false;

  bool operator==(const KeyUse&) const = default;
};
using KeyUses = std::map<NodeId, KeyUse>;

/// The key of the peer that a member's packets go to.
const TunnelKey& key_in_use(const NodeId& node, const Member& member,
                            const KeyUses& uses);

/// The use of a key that is announced now; null if there is none.
const KeyUse* use_of_next(const NodeId& node, const Member& member,
                          const KeyUses& uses);

/// With which key, where and when a member shook hands last.
struct MemberSeen {
  TunnelKey key;
  std::optional<Endpoint> at;
  std::int64_t last_handshake_ns = 0;
  /// The handshake is still good.
  bool lasts = false;
};
using MembersSeen = std::map<NodeId, MemberSeen>;

/// Notes what the device says of the members, by this node's clock, and forgets
/// all others.
void note_seen(MembersSeen& seen, const Mesh& mesh,
               const ObservedDevice& device, const KeyUses& uses,
               std::int64_t utc_ns);
/// What it says of one member.
void note_seen(MembersSeen& seen, const NodeId& node, const Member& member,
               const ObservedDevice& device, const KeyUses& uses,
               std::int64_t utc_ns);
/// What time makes of it: whose handshake began or ceased to last.
std::set<NodeId> note_time(MembersSeen& seen, std::int64_t utc_ns);

/// How a member was seen that did not shake hands with that key yet: with
/// another one. Null if it did, or was never seen.
const MemberSeen* seen_with_another(const MembersSeen& seen, const NodeId& node,
                                    const TunnelKey& key);

class KeyChoice {
 public:
  /// Forgets what is not announced any more. To be called with each roster,
  /// before anything else is done with it.
  void keep_announced(const Mesh& mesh);

  /// What the device says of the two; nothing passes through the tunnels of the
  /// `broken`, whatever their handshakes are. `utc_ns` is by this node's clock.
  void look(const Mesh& mesh, const ObservedDevice& device,
            const std::set<NodeId>& broken, std::int64_t utc_ns);

  /// The moment has come of which the member spoke. False if it is no news.
  bool take(const Mesh& mesh, const NodeId& member, const TunnelKey& key);

  [[nodiscard]] const KeyUses& uses() const { return uses_; }

 private:
  /// Whose next key is announced.
  std::vector<NodeId> announced_;
  KeyUses uses_;
};

}  // namespace ppn::events
