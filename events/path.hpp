// The path to a member: straight through the tunnel between the two, or through
// those of another member that both reach.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "events/mesh.hpp"

namespace ppn::events {

struct Path {
  /// Who passes packets on; nothing if they go directly.
  std::optional<NodeId> relay;

  auto operator<=>(const Path&) const = default;
};

inline constexpr Path direct_path{};

/// The hub or the controller: everybody keeps the tunnel to it.
bool serves_all(const Mesh& mesh, const NodeId& node);

/// Of two ends of a tunnel that nothing passes through this one says first that
/// it is there.
inline bool speaks_first(const NodeId& self, const NodeId& other) {
  return other < self;
}

/// Before anything is known of it: spokes reach each other by the hub.
Path usual_path(const Mesh& mesh, const NodeId& self, const NodeId& other);

/// A path that packets take, and why.
struct TakenPath {
  Path path;
  schema::PathReason why{};

  bool operator==(const TakenPath&) const = default;
};

/// To members by their ids; to those that are not in it the usual one.
using TakenPaths = std::map<NodeId, TakenPath>;

/// "the tunnel between the two works", for a person.
std::string in_words(schema::PathReason why);

}  // namespace ppn::events
