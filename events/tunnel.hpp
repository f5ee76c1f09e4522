// The tunnel to one member: whether packets pass through it, and the path that
// those for the member take.
#pragma once

#include <string>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/device.hpp"
#include "events/moment.hpp"
#include "events/path.hpp"
#include "schema/entry_generated.h"

namespace ppn::events {

/// What flaps more often than that within an hour is not recorded any more
/// until the next one.
inline constexpr std::uint32_t tunnel_changes_an_hour = 20;
inline constexpr std::uint32_t path_changes_an_hour = 20;

/// What is recorded of the path to a member.
struct RecordedPath {
  TakenPath taken;
  /// When it last changed, by this node's clock.
  std::int64_t changed_ns = 0;
  /// How often it changed within the hour of that change.
  std::uint32_t changes_in_hour = 0;

  bool operator==(const RecordedPath&) const = default;
};

struct Tunnel {
  bool is_up = false;
  /// Where the member was seen when it came up last.
  std::optional<Endpoint> endpoint;
  /// When it last changed, by this node's clock.
  std::int64_t changed_ns = 0;
  /// How often it changed within the hour of that change.
  std::uint32_t changes_in_hour = 0;
  /// Nothing as long as it never was another one than the usual.
  std::optional<RecordedPath> path;

  bool operator==(const Tunnel&) const = default;
};

/// "tunnel/" and the member's node id.
std::string tunnel_stream(const NodeId& node);

/// Nothing to record if it is as it was, or changes too often.
Decision decide_tunnel(const Tunnel& tunnel, const NodeId& node,
                       const ObservedPeer& observed, const Moment& now);

/// The same for the path that packets take. `usual` is what it is as long as
/// nothing is recorded.
Decision decide_path(const Tunnel& tunnel, const NodeId& node,
                     const TakenPath& taken, const Path& usual,
                     const Moment& now);

Contradiction apply(Tunnel& tunnel, const schema::Entry& entry,
                    const schema::TunnelUp& event);
Contradiction apply(Tunnel& tunnel, const schema::Entry& entry,
                    const schema::TunnelDown& event);
Contradiction apply(Tunnel& tunnel, const schema::Entry& entry,
                    const schema::PathChanged& event);

}  // namespace ppn::events
