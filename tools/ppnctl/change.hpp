// Changes as they are proposed.
#pragma once

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

Result<schema::Json> grant_change(const GrantOptions& options);
Result<schema::Json> revoke_change(const RevokeOptions& options);

}  // namespace ppn::ctl
