// The tunnel to one member: whether packets pass through it.
#pragma once

#include <string>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/device.hpp"
#include "events/moment.hpp"
#include "schema/entry_generated.h"

namespace ppn::events {

/// What flaps more often than that within an hour is not recorded any more
/// until the next one.
inline constexpr std::uint32_t tunnel_changes_an_hour = 20;

struct Tunnel {
  bool is_up = false;
  /// Where the member was seen when it came up last.
  std::optional<Endpoint> endpoint;
  /// When it last changed, by this node's clock.
  std::int64_t changed_ns = 0;
  /// How often it changed within the hour of that change.
  std::uint32_t changes_in_hour = 0;

  bool operator==(const Tunnel&) const = default;
};

/// "tunnel/" and the member's node id.
std::string tunnel_stream(const NodeId& node);

/// Nothing to record if it is as it was, or changes too often.
Decision decide_tunnel(const Tunnel& tunnel, const NodeId& node,
                       const ObservedPeer& observed, const Moment& now);

Contradiction apply(Tunnel& tunnel, const schema::Entry& entry,
                    const schema::TunnelUp& event);
Contradiction apply(Tunnel& tunnel, const schema::Entry& entry,
                    const schema::TunnelDown& event);

}  // namespace ppn::events
