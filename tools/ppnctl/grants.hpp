// Grants as a table.
#pragma once

#include <string>
#include <vector>

#include "tools/ppnctl/documents.hpp"

namespace ppn::ctl {

std::string grants_text(const std::vector<Grant>& grants);

}  // namespace ppn::ctl
