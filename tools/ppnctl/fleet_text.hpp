// The fleet as a person reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/ppnctl/fleet_documents.hpp"

namespace ppn::ctl {

/// "3 seconds ago", "now", "-".
std::string fleet_heard_words(const std::optional<std::uint64_t>& age_s);

/// What a guest is, and when that was so if its host is not heard.
std::string fleet_outcome_words(const FleetGuest& guest);

/// A table of the hosts: how they stand, and what they have left. What is
/// promised of that only if anything is. Below it what does not count yet.
std::string fleet_nodes_text(const Fleet& fleet);

/// A table of the guests of all of them.
std::string fleet_guests_text(const Fleet& fleet);

/// Who would get a guest, then a table that says why the others would not.
std::string placement_text(const FleetPlacement& placement);

/// How many such guests there is room for, then a table that says where.
std::string fit_text(const FleetPlacement& placement);

}  // namespace ppn::ctl
