// The status of the daemon as a person reads it.
#pragma once

#include <string>

#include "tools/ppnctl/documents.hpp"

namespace ppn::ctl {

std::string status_text(const Status& status);

}  // namespace ppn::ctl
