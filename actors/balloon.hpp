// The balloons of this host's guests: looks at memory every few seconds,
// decides who is to have how much, and has their balloons told. Nothing of it
// is recorded: what is found after a restart is where it goes on.
#pragma once

#include "actors/kept_actor.hpp"

namespace ppn::actors {

struct BalloonParts {
  ClockPort clock;
  MemoryPort memory;
  NodeActor node;
  events::BalloonMarks marks = {};
};

/// What is kept of a guest's start from one look to the next.
struct BalloonMemory {
  std::uint64_t start = 0;
  std::uint64_t resets = 0;
  std::uint64_t target_mb = 0;
  /// By this actor; else the target is what its balloon has.
  bool was_told = false;
  std::optional<std::uint64_t> needed_ns = std::nullopt;
};

struct BalloonState {
  BalloonState() = default;

  BalloonStatus status;
  std::map<Id, BalloonMemory> known;
  static inline const char* name = "balloon";
};

/// A port that does not answer is asked again by the next look.
inline constexpr auto balloon_patience = std::chrono::seconds{4};

BalloonActor::behavior_type balloon_actor(
    BalloonActor::stateful_pointer<BalloonState> self,
    const BalloonParts& parts);

}  // namespace ppn::actors
