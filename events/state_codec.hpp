// The state as bytes, for snapshots and for people: a FlatBuffer of
// schema/state.fbs. The same state always makes the same bytes.
#pragma once

#include <optional>

#include "events/state.hpp"

namespace ppn::events {

Bytes encode(const State& state);

/// Nothing if the bytes are not an encoded state.
std::optional<State> decode(ByteView bytes);

}  // namespace ppn::events
