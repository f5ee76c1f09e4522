// The fleet: the nodes of the mesh as the controller has them, as hosts of
// guests. What it records of each is what the operator lets it be used for, and
// whether it is silent.
#pragma once

#include <map>
#include <optional>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/mesh.hpp"
#include "events/moment.hpp"
#include "schema/entry_generated.h"

namespace ppn::events {

inline constexpr const char* fleet_stream = "fleet";

/// One that falls silent more often within an hour is not recorded any more
/// until the next one.
inline constexpr std::uint32_t silences_an_hour = 10;

struct FleetHost {
  bool is_drained = false;
  bool is_reserved = false;
  bool is_silent = false;
  /// When it fell silent last, by this node's clock.
  std::int64_t silent_ns = 0;
  std::uint32_t silences_in_hour = 0;

  bool operator==(const FleetHost&) const = default;
};

/// Of a host that is not in it nothing was ever recorded.
using Fleet = std::map<NodeId, FleetHost>;

/// Of a host that may not be in it.
FleetHost host_of(const Fleet& fleet, const NodeId& node);

/// What is to be changed of it; nothing: as it is.
struct UseHost {
  NodeId node;
  std::optional<bool> drained = std::nullopt;
  std::optional<bool> reserved = std::nullopt;
};

/// Refused if it is no member, or that would change nothing.
Decision decide_use(const Fleet& fleet, const Mesh& mesh, const UseHost& wish);

/// Which hosts are silent now, of those that are members.
using SilentHosts = std::map<NodeId, bool>;

/// What of it is not recorded yet, unless it changes too often.
Decision decide_silence(const Fleet& fleet, const SilentHosts& silent,
                        const Moment& now);

Contradiction apply(Fleet& fleet, const schema::HostUseSet& event);
Contradiction apply(Fleet& fleet, const schema::Entry& entry,
                    const schema::HostFellSilent& event);
Contradiction apply(Fleet& fleet, const schema::HostHeardAgain& event);

}  // namespace ppn::events
