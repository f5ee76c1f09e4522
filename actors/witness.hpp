// The witness actor: what the members hold against each other. It keeps the
// newest checkpoint of each other ledger that grew only, vouches for it, and
// records who signed what can not stand together. It owns the stream "clash".
#pragma once

#include <set>

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
  events::Clashes clashes;
  /// Of the newest fork or rollback of each node.
  std::map<NodeId, store::ForkEvidence> evidence;
  /// Who said that it knows of it.
  std::map<NodeId, std::set<NodeId>> knowing;
  /// Up to which the heads of others were told.
  NodeId pulled_to;
  std::map<NodeId, OwnCosignature> cosigned;
  std::map<NodeId, PublicKey> keys;
  PublicKey own_key;
  std::uint64_t ticks = 0;
  Aggregate<WitnessActor::stateful_pointer<WitnessState>> aggregate;
  static inline const char* name = "witness";
};

WitnessActor::behavior_type witness_actor(
    WitnessActor::stateful_pointer<WitnessState> self,
    const WitnessParts& parts, const events::Node& node);

}  // namespace ppn::actors
