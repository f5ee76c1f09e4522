// What both sides of a ceremony have in common in the pairing actor.
#pragma once

#include "actors/ask_clock.hpp"
#include "actors/pairing.hpp"

namespace ppn::actors {

struct PairingContext {
  PairingActor::stateful_pointer<PairingState> self;
  std::shared_ptr<const PairingParts> parts;
  NodeId node;
  std::uint64_t boot = 0;
};

using SessionClock = store::ClockReading;

/// Null before the roster came, and in no mesh.
const events::Mesh* mesh_of(const PairingContext& context);
/// Whether this node's operator admits others.
bool is_authority(const PairingContext& context);

void say(const PairingContext& context, PairingConnection connection,
         std::vector<Bytes> messages);
/// Waits for one more message.
void hear(const PairingContext& context, PairingConnection connection);
void hang_up(const PairingContext& context, PairingConnection connection);

/// Listens where somebody is expected, and nowhere else. `done` is told whether
/// it can.
void listen(
    const PairingContext& context,
    const std::function<void(const store::Status&)>& done =
        [](const store::Status&) {});

/// The clock as it was read, in this boot of the node.
events::Moment moment_of(const PairingContext& context,
                         const SessionClock& now);

/// Some admission waits for its other end to be heard.
bool awaits_somebody(const PairingContext& context);

/// Looks again in a second, as long as there is something to look at.
void keep_looking(const PairingContext& context);

using PairingAggregate =
    Aggregate<PairingActor::stateful_pointer<PairingState>>;
using Recorded = PairingAggregate::Answer;

store::Principal own_will();

/// In an operator's name, or the actor's own.
void record(const PairingContext& context, const store::Principal& principal,
            PairingAggregate::Decide decide, const Recorded& done);
/// Ends it, if it did not end. What it holds goes once that is recorded.
void end_session(const PairingContext& context, const Id& session,
                 schema::PairingOutcome outcome, const std::string& detail,
                 const store::Principal& principal = own_will());

/// Whether it is certain that nothing was recorded.
bool is_certain(const store::Error& error);

/// Keeps what the channel makes the preshared key of the two, and tells the
/// device of it before the other node is a member.
void keep_preshared(
    const PairingContext& context, const NodeId& node,
    const PairingChannel& channel,
    const std::function<void(const store::Result<Hash>&)>& done);
/// Nothing came of it. What may have been recorded is kept all the same.
void forget_preshared(const PairingContext& context, const NodeId& node,
                      const Hash& hash);
void tell_preshared(const PairingContext& context);

/// What an append calls upon, once that is known.
using NeedPtr = std::shared_ptr<std::optional<events::Need>>;

/// Has events recorded by the mesh actor, with what a step makes of the roster.
PairingAggregate::RecordBy by_mesh(const PairingContext& context,
                                   RosterStep what,
                                   const store::Principal& principal,
                                   const NeedPtr& need);

/// The end of the session by which the two are in one mesh, recorded together
/// with what the roster becomes, and with the end of those that it supersedes.
void record_admission(const PairingContext& context,
                      const store::Principal& principal, const Id& session,
                      const Hash& preshared, RosterStep what,
                      const std::set<NodeId>& lapsed, const Recorded& done);

/// What is done next is on a session or a connection that may be gone by then.
template <class Map, class Key, class Use>
void with(Map& map, const Key& key, Use use) {
  if (auto found = map.find(key); found != map.end()) use(found->second);
}

}  // namespace ppn::actors
