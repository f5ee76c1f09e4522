// The end of a cable that a guest has in a bridge of the host.
#pragma once

#include <string>

#include "store/files.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// A new interface in the bridge, of which QEMU takes the other end. It is gone
/// once nobody has that open, unless a hostile QEMU made it stay. not_found or
/// bad_input if there is no such bridge, permission, io.
store::Result<store::FileHandle> open_tap(const std::string& bridge);

}  // namespace ppn::runtime
