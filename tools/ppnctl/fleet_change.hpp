// Changes of the fleet as they are proposed.
#pragma once

#include <string>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"
#include "tools/ppnctl/fleet_commands.hpp"

namespace ppn::ctl {

schema::Json drain_change(const std::string& node, bool is_drained);
schema::Json reserve_change(const std::string& node, bool is_reserved);

/// Something of it has to be given.
Result<schema::Json> quota_change(const FleetQuotaOptions& options);

}  // namespace ppn::ctl
