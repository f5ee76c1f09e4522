// What must be true of a host's guests.
#pragma once

#include "tests/simulation/host.hpp"

namespace ppn::simulation {

/// The state of each guest's actor is the replay of its stream.
Complaint check_vm_actors(const Process& process, const Shadow& shadow,
                          const Step& step);

/// What must be true once all has come to rest: each guest is as is wanted, or
/// says why not, and nothing is left of those that were deleted.
Complaint check_vms_at_rest(const Host& host);

}  // namespace ppn::simulation
