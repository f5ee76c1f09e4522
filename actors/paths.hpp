// The paths actor: chooses the path to each member (events/paths.*), and where
// it is called (events/candidates.*) and with which key (events/key_use.*),
// from what the device shows and from the words of the other ends, and tells
// the device. It owns no stream: what it chose is recorded by the actor of each
// tunnel.
#pragma once

#include "actors/kept_actor.hpp"
#include "events/peer_watch.hpp"

namespace ppn::actors {

struct PathsParts {
  LedgerActor ledger;
  ClockPort clock;
  NodeActor node;
};

struct PathsState {
  PathsState() : paths(NodeId{}), candidates(NodeId{}) {}

  events::Paths paths;
  events::Candidates candidates;
  events::KeyChoice keys;
  /// What was recorded last is known.
  bool restored = false;
  FollowedMesh mesh;
  KeptActor<MemberActor> member{"member"};
  RosterPtr roster;
  events::PeerWatch watch;
  /// With which roster and keys the device was looked at last.
  RosterPtr looked_with;
  events::KeyUses looked_for;
  std::set<PathFollower> followers;
  /// What they were told last, and of which roster and which moves.
  PathChoicesPtr told;
  RosterPtr told_of;
  std::uint64_t told_moves = 0;
  /// What the member actor was told last.
  SeenAtPtr seen_at;
  bool ticking = false;
  static inline const char* name = "paths";
};

/// While it is restless.
inline constexpr auto path_tick_interval = std::chrono::seconds{1};

PathsActor::behavior_type paths_actor(
    PathsActor::stateful_pointer<PathsState> self, const PathsParts& parts,
    const events::Node& node);

}  // namespace ppn::actors
