// Work that may crash, for it reads what somebody else may have written, is
// done in a child process.
#pragma once

#include <functional>
#include <string>

#include "store/result.hpp"

namespace ppn::runtime {

/// What `work` returns. Before there are threads. damaged if a crash ended it,
/// io.
store::Result<std::string> in_child(const std::function<std::string()>& work);

}  // namespace ppn::runtime
