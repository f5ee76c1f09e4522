// What the fleet came to under a controller, as it gives it to the next one.
// Knows no CAF.
#pragma once

#include "actors/messages.hpp"

namespace ppn::actors {

/// schema/inheritance.fbs, of what the replay of so many entries makes. It is
/// no larger than document_max: guests that do not fit are left out.
Bytes build_inheritance(const events::Fleet& fleet, std::uint64_t size);

/// damaged if it is no such document, or says what no controller can have left.
store::Result<events::FleetLegacy> open_inheritance(ByteView document,
                                                    const NodeId& from);

}  // namespace ppn::actors
