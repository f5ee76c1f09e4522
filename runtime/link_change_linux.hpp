// What a change of a device does to its link, whichever program or kernel holds
// the tunnels.
#pragma once

#include <string>

#include "events/device.hpp"
#include "runtime/link_linux.hpp"

namespace ppn::runtime {

/// Addresses, up, forwarding. Ends at the first thing that can not be done.
store::Status change_link(Links& links, const std::string& name,
                          const events::DeviceChange& change);

}  // namespace ppn::runtime
