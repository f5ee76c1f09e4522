// The witness actor: what the members hold against each other. It keeps the
// newest checkpoint of each other ledger that grew only, vouches for it, and
// records who signed what can not stand together. It owns the stream "clash".
#pragma once

#include "actors/aggregate.hpp"
#include "actors/kept_actor.hpp"
#include "actors/witness_book.hpp"
#include "events/clash.hpp"

namespace ppn::actors {

struct WitnessParts {
  LedgerActor ledger;
  ClockPort clock;
  JournalPort journal;
  NodeActor node;
};

struct WitnessState {
  FollowedMesh mesh;
  KeptActor<MemberActor> member{"member"};
  RosterPtr roster;
  WitnessBook book;
  /// What an earlier life remembered is in the book.
  bool is_recalled = false;
  /// It was said that this can not be read.
  bool is_complained_of = false;
  events::Clashes clashes;
  /// Of the newest fork or rollback of each node.
  std::map<NodeId, store::ForkEvidence> evidence;
  /// What the operator accepted of a node, and when.
  struct Accepted {
    std::uint64_t size = 0;
    std::uint64_t seconds = 0;
  };
  std::map<NodeId, Accepted> accepted;
  /// Who said that it knows of it, and when that was answered.
  std::map<NodeId, std::map<NodeId, std::uint64_t>> knowing;
  /// Who is asked for the heads of others, page by page.
  struct Pull {
    NodeId whom;
    NodeId after;
    bool is_awaited = false;
  };
  std::optional<Pull> pull;
  std::uint64_t pulls = 0;
  std::map<NodeId, OwnCosignature> cosigned;
  /// When the newest of each was taken.
  std::map<NodeId, std::uint64_t> cosigned_ns;
  PublicKey own_key;
  std::uint64_t ticks = 0;
  Aggregate<WitnessActor::stateful_pointer<WitnessState>> aggregate;
  static inline const char* name = "witness";
};

WitnessActor::behavior_type witness_actor(
    WitnessActor::stateful_pointer<WitnessState> self,
    const WitnessParts& parts, const events::Node& node);

}  // namespace ppn::actors
