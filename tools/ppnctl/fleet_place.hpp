// A guest that might be, as the controller is asked about it.
#pragma once

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"
#include "tools/ppnctl/fleet_commands.hpp"

namespace ppn::ctl {

Result<schema::Json> placement_wish(const FleetGuestOptions& options);

}  // namespace ppn::ctl
