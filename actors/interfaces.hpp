// The map: every typed interface of the actors, and what they say to each
// other. Messages never leave the process through CAF.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/caf.hpp"
#include "actors/messages.hpp"
#include "events/state.hpp"
#include "store/ledger.hpp"

namespace ppn::actors {

// -- port: clock --------------------------------------------------------------

/// The clocks of this host as they are now.
using ClockPort =
    caf::typed_actor<caf::replies_to<read_atom>::with<store::ClockReading>>;

// -- ledger -------------------------------------------------------------------

/// Events to be recorded all together or not at all.
struct Append {
  store::AppendRequest request;
  /// The grant that the events call upon; it must be live when they are
  /// recorded.
  std::optional<events::Need> need;
};
using AppendPtr = std::shared_ptr<const Append>;

/// The bytes of entries, in the order of the ledger, each checked.
using Entries = std::vector<Bytes>;
using EntriesPtr = std::shared_ptr<const Entries>;

/// What the first `size` entries add up to.
struct StateAt {
  std::uint64_t size = 0;
  events::State state;
};
using StatePtr = std::shared_ptr<const StateAt>;

/// Told once, when the ledger takes no more appends.
using LedgerWatcher =
    caf::typed_actor<caf::reacts_to<read_only_atom, std::string>>;

/// Told the new number of entries after each commit.
using LedgerFollower =
    caf::typed_actor<caf::reacts_to<grew_atom, std::uint64_t>>;

using LedgerActor = caf::typed_actor<
    /// Answered once it is durable, with the entries as they stand in the
    /// ledger. Has no time-out: only the answer tells the outcome.
    caf::replies_to<append_atom, AppendPtr>::with<EntriesPtr>,
    /// The entries of a stream after a version, all that were asked for before
    /// among them.
    caf::replies_to<replay_atom, std::string, std::uint64_t>::with<EntriesPtr>,
    /// The durable entries from a sequence on, at most so many, and fewer if
    /// they are large.
    caf::replies_to<read_atom, std::uint64_t, std::uint64_t>::with<EntriesPtr>,
    /// What all durable entries add up to.
    caf::replies_to<state_atom>::with<StatePtr>,
    caf::replies_to<status_atom>::with<LedgerStatus>,
    caf::reacts_to<watch_atom, LedgerWatcher>,
    caf::reacts_to<follow_atom, LedgerFollower>,
    /// Publishes the newest checkpoint and gives up the reserve: the last
    /// append of an orderly stop is to come.
    caf::replies_to<stop_atom>::with<bool>, caf::reacts_to<publish_atom>>;

// -- operator gate ------------------------------------------------------------

using ChangePtr = std::shared_ptr<const Change>;
using ProposalsPtr = std::shared_ptr<const std::vector<Proposal>>;

/// Proposals live in memory: nothing durable without a commit.
using OperatorGate = caf::typed_actor<
    /// Answers the proposal's id. What is to be granted gets an id here too.
    caf::replies_to<propose_atom, ChangePtr>::with<Id>,
    caf::replies_to<list_atom>::with<ProposalsPtr>,
    /// Decides again on what is true now and records it in the operator's name.
    /// Answers the sequence of its last entry.
    caf::replies_to<commit_atom, Id, store::Principal>::with<std::uint64_t>,
    caf::replies_to<reject_atom, Id>::with<bool>, caf::reacts_to<expire_atom>>;

// -- node ---------------------------------------------------------------------

using NodeActor =
    caf::typed_actor<caf::replies_to<status_atom>::with<NodeStatus>,
                     /// The actor of that name as it is now; none while it is
                     /// being respawned.
                     caf::replies_to<find_atom, std::string>::with<caf::actor>,
                     /// Records the stop, and ends the node.
                     caf::replies_to<stop_atom, schema::StopReason>::with<bool>,
                     caf::reacts_to<read_only_atom, std::string>,
                     caf::reacts_to<respawn_atom, std::string>,
                     caf::reacts_to<held_atom, std::string, std::uint64_t>>;

}  // namespace ppn::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::store::ClockReading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::store::Principal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::Id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::schema::StopReason)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::AppendPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::EntriesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::StatePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::LedgerStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::ChangePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::ProposalsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::NodeStatus)
