// The rotation of the key of a node's tunnels, in place:
//
//   the node       requested: it made another key, and its operator wants it
//   the authority  announced: the roster tells every member of it
//   the node       made: once all know it, or forced, its tunnels have it
//   the authority  changed: the roster says so
//
// The first and the third stand in the node's own ledger. What the roster lacks
// of them the node tells the authority until it does not lack it any more.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/mesh.hpp"
#include "events/own_device.hpp"

namespace ppn::events {

/// A member's key is announced at most that often.
inline constexpr std::int64_t key_rest_ns = 3600LL * 1'000'000'000;

/// A key of a node's own tunnels that the roster does not show as it is.
struct KeyNews {
  TunnelKey key;
  /// The tunnels have it; otherwise they are to get it.
  bool is_in_use = false;

  bool operator==(const KeyNews&) const = default;
};

/// The key that the device of `self` is to have, which has `seen` now: the
/// newest that the roster names, once the others were told that it is about to.
/// Whoever recovered the mesh may never have heard of those that came after.
TunnelKey key_of_device(const Mesh& mesh, const NodeId& self,
                        const OwnDevice& own,
                        const std::optional<TunnelKey>& seen, bool told);

/// What the roster lacks of the keys of `self`, whose device is to have
/// `of_device`; nothing also for who is no member.
std::optional<KeyNews> key_news(const Mesh& mesh, const NodeId& self,
                                const OwnDevice& own,
                                const TunnelKey& of_device);

/// Whether the roster lacks what a member says of its key.
bool is_lacking(const Mesh& mesh, const NodeId& member, const KeyNews& news);

/// The authority's: what follows from what a member says of its key.
Decision decide_key_news(const Mesh& mesh, const NodeId& self,
                         const NodeId& member, const KeyNews& news,
                         const Moment& now);

/// The operator's wish on the node itself. Forced, it also forces what was
/// requested before. `key` is the one to get, unless one was requested.
Decision decide_rotation(const OwnDevice& own, const Mesh& mesh,
                         const NodeId& self, const TunnelKey& key, bool force,
                         const Moment& now);

/// The same in words, one line each.
std::vector<std::string> rotation_in_words(const OwnDevice& own,
                                           const Mesh& mesh, bool force);

/// The key that the device is to have once all know it; nothing if it has that.
std::optional<TunnelKey> key_to_come(const OwnDevice& own,
                                     const TunnelKey& of_device);

/// The requested key, if the roster says that the tunnels have it: the node was
/// set back, or another machine with its key went on with the rotation.
std::optional<TunnelKey> key_made_elsewhere(const OwnDevice& own,
                                            const Mesh& mesh,
                                            const NodeId& self);

/// The other members that are not known to have the roster of `announced`;
/// `known` is where the roster of each is. Another epoch tells nothing.
std::vector<NodeId> not_acknowledged(
    const Mesh& mesh, const NodeId& self, const RosterPlace& announced,
    const std::map<NodeId, RosterPlace>& known);

Contradiction announce_key(Mesh& mesh, const NodeId& node, const TunnelKey& key,
                           std::int64_t utc_ns);
Contradiction change_key(Mesh& mesh, const NodeId& node, const TunnelKey& key);

}  // namespace ppn::events
