// A toy aggregate that shows all of the frame: it counts, each count is an
// event, and a dial (its port) shall show how far it came. It tells the other
// nodes, too, and remembers what they told.
#pragma once

#include <map>

#include "actors/node.hpp"

CAF_BEGIN_TYPE_ID_BLOCK(ppn_simulation, caf::first_custom_type_id + 100)
CAF_ADD_ATOM(ppn_simulation, ppn::simulation, count_atom, "count")
CAF_ADD_ATOM(ppn_simulation, ppn::simulation, set_atom, "set")
CAF_ADD_ATOM(ppn_simulation, ppn::simulation, look_atom, "look")
CAF_ADD_ATOM(ppn_simulation, ppn::simulation, frame_atom, "frame")
CAF_ADD_ATOM(ppn_simulation, ppn::simulation, happen_atom, "happen")
CAF_END_TYPE_ID_BLOCK(ppn_simulation)

namespace ppn::simulation {

// -- the domain, pure ---------------------------------------------------------

inline constexpr const char* counter_stream = "counter/dial";
inline constexpr const char* counter_subject = "counter";
inline constexpr const char* counter_resource = "dial";

struct Counter {
  std::uint64_t count = 0;

  bool operator==(const Counter&) const = default;
};

events::Contradiction apply(Counter& counter, const schema::Noted& event);

/// Refused at `limit`.
events::Decision decide_count(const Counter& counter, std::uint64_t limit);

// -- its port and its interface -----------------------------------------------

/// A device that shows a number. It heeds no incarnation older than the newest
/// that spoke to it.
using Dial =
    caf::typed_actor<caf::replies_to<set_atom, std::uint64_t /*incarnation*/,
                                     std::uint64_t>::with<bool>,
                     caf::replies_to<actors::read_atom>::with<std::uint64_t>>;

/// What one node tells another of its count.
struct Frame {
  std::uint64_t from = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t count = 0;
};

/// Sends a frame to every other node; none may arrive, or twice, or late.
using Wire = caf::typed_actor<caf::reacts_to<frame_atom, Frame>>;

using CounterActor = caf::typed_actor<
    /// Counts one on, calling upon a grant; answers the count. The id of the
    /// request is recorded with it.
    caf::replies_to<count_atom, Id /*request*/,
                    Id /*grant*/>::with<std::uint64_t>,
    caf::reacts_to<frame_atom, Frame>, caf::reacts_to<look_atom>>;

struct CounterParts {
  actors::LedgerActor ledger;
  actors::ClockPort clock;
  Dial dial;
  Wire wire;
  std::uint64_t self = 0;
};

struct CounterState {
  CounterState() = default;

  Counter counter;
  actors::Aggregate<CounterActor::stateful_pointer<CounterState>> aggregate;
  /// The highest count that each other node told.
  std::map<std::uint64_t, std::uint64_t> told;
  bool looking = false;
  static inline const char* name = "counter";
};

inline constexpr std::uint64_t counter_limit = 1'000'000;
inline constexpr auto look_interval = std::chrono::seconds{10};
inline constexpr auto dial_patience = std::chrono::seconds{5};

CounterActor::behavior_type counter_actor(
    CounterActor::stateful_pointer<CounterState> self,
    const CounterParts& parts, std::uint64_t boot);

}  // namespace ppn::simulation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::simulation::Frame)
