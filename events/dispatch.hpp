// What a host makes of a dispatch: it takes what the controller's entry says,
// or refuses it, once. Each dispatch has a stream of its own with a single
// entry, recorded together with what is done: what comes again finds it there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "schema/entry_generated.h"
#include "schema/fixed_bytes.hpp"

namespace ppn::events {

/// "dispatch/" and the id of the request.
std::string dispatch_stream(const Id& request);

/// Where a dispatch came from.
struct TakenDispatch {
  Id request;
  NodeId controller;
  /// Of the controller's entry.
  std::uint64_t sequence = 0;
};

/// So much of a refusal is recorded.
inline constexpr std::size_t refusal_length_max = 300;
/// The beginning of a text, cut between two letters if it is too long.
std::string recorded_reason(std::string text);

/// What was decided of it, and that it was taken; a refusal is recorded as one.
Decision settle(Decision decision, const TakenDispatch& dispatch);

Contradiction apply(const schema::Entry& entry,
                    const schema::DispatchTaken& event);

}  // namespace ppn::events
