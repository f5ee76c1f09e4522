// The memory of a host as a person reads it.
#pragma once

#include <string>

#include "tools/ppnctl/pool_documents.hpp"

namespace ppn::ctl {

/// What the host has and keeps in aligned lines, then a table of its guests.
std::string pool_text(const Pool& pool);

}  // namespace ppn::ctl
