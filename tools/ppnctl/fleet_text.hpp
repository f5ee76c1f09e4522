// The fleet as a person reads it.
#pragma once

#include <string>

#include "tools/ppnctl/fleet_documents.hpp"

namespace ppn::ctl {

/// A table of the hosts: how they stand, and what they have left.
std::string fleet_nodes_text(const Fleet& fleet);

/// A table of the guests of all of them.
std::string fleet_guests_text(const Fleet& fleet);

/// Who would get a guest, then a table that says why the others would not.
std::string placement_text(const FleetPlacement& placement);

/// How many such guests there is room for, then a table that says where.
std::string fit_text(const FleetPlacement& placement);

}  // namespace ppn::ctl
