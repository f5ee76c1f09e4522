// Headroom: what this host has left for guests and which it has, measured again
// and again, for whoever follows: the controller is told of it by heartbeats.
#pragma once

#include <set>

#include "actors/kept_actor.hpp"

namespace ppn::actors {

struct HeadroomParts {
  /// Tells when it records no more: what this host has then nobody can tell.
  LedgerActor ledger;
  HostPort host;
  /// Knows the pool and the balloons.
  NodeActor node;
};

struct HeadroomState {
  HeadroomState() = default;

  std::set<HeadroomFollower> followers;
  HeadroomPtr newest;
  bool is_over = false;
  /// A guest starts, stops or is deleted.
  bool is_changing = false;
  /// Ticks since that was measured.
  std::uint32_t age = 0;
  static inline const char* name = "headroom";
};

inline constexpr auto headroom_interval = std::chrono::seconds{10};
/// As long as there is none yet, or a guest is about to become something else.
inline constexpr auto short_headroom_interval = std::chrono::seconds{2};
/// What was not measured anew in so many ticks is true no more.
inline constexpr std::uint32_t headroom_age_max = 3;
/// Whoever measures does not hang longer than that.
inline constexpr auto headroom_patience = std::chrono::seconds{5};

/// What the parts of a host add up to.
Headroom headroom_of(const PoolStatus& pool, const BalloonStatus& balloons,
                     const HostLook& host);

HeadroomActor::behavior_type headroom_actor(
    HeadroomActor::stateful_pointer<HeadroomState> self,
    const HeadroomParts& parts);

}  // namespace ppn::actors
