// The fleet in the control API: the hosts of guests as the controller knows
// them, and which of them would get a guest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.hpp"
#include "runtime/api_fields.hpp"

namespace ppn::runtime {

/// A guest that might be.
struct PlacementWish {
  /// A member's name or node id; empty: any.
  std::string node = {};
  std::uint32_t memory_mb = 0;
  std::uint16_t vcpus = 1;
  std::uint64_t disk_mb = 0;
  bool prefers_accelerator = false;
  /// Labels of guests that it must be near to, or apart from.
  std::vector<std::string> near = {};
  std::vector<std::string> apart = {};
};

/// bad_request.
Answer<PlacementWish> read_placement(std::string_view body);

/// refused if this node is not the controller.
Answer<schema::Json> fleet_document(const actors::FleetStatus& status);

/// Who would get it, why the others would not, and how many such guests each
/// has room for. refused.
Answer<schema::Json> placement_document(const actors::FleetStatus& status,
                                        const PlacementWish& wish);

/// How a change of the fleet looks in a proposal's document.
schema::Json fleet_change_json(const events::UseHost& wish);

}  // namespace ppn::runtime
