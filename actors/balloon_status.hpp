// What a look at balloons says of one guest, and of all.
#pragma once

#include "actors/interfaces.hpp"

namespace ppn::actors {

/// What was seen of the process that its newest start has; null if there is
/// none, or nothing was.
const VmMemory* memory_of(const BalloonStatus& balloons, const Id& id,
                          const events::Vm& vm);

/// The same for what was decided.
const BalloonOf* decided_of(const BalloonStatus& balloons, const Id& id,
                            const events::Vm& vm);

/// What balloons could take from all guests. They take nothing from one that
/// does not go on.
std::uint64_t reclaimable_mb(const events::Vms& vms,
                             const BalloonStatus& balloons);

}  // namespace ppn::actors
