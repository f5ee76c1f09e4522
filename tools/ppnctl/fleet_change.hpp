// Changes of what hosts are used for, as they are proposed.
#pragma once

#include <string>

#include "schema/reflection_json.hpp"

namespace ppn::ctl {

schema::Json drain_change(const std::string& node, bool is_drained);
schema::Json reserve_change(const std::string& node, bool is_reserved);

}  // namespace ppn::ctl
