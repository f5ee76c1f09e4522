// The member actor: speaks with the other members. It tells them by heartbeats
// which roster this node has, and pulls what it lacks, one entry after the
// other, from whoever has it. It carries the words of the paths actor too, and
// passes on those of others.
#pragma once

#include <set>

#include "actors/frame_guard.hpp"
#include "actors/host_news.hpp"
#include "actors/kept_actor.hpp"
#include "actors/told.hpp"

namespace ppn::actors {

struct MemberParts {
  LedgerActor ledger;
  ClockPort clock;
  WirePort wire;
  JournalPort journal;
  NodeActor node;
  /// The same for all of a boot.
  Id nonce;
};

/// How a frame gets to a member.
struct Way {
  /// Like packets; otherwise through the tunnel between the two.
  bool by_path = true;
  /// Who passes it on.
  std::optional<NodeId> through;
};

/// Whom to answer, and how.
struct Correspondent {
  NodeId node;
  Way way;
};

struct MemberState {
  MemberState() : guard({}, 0, {}) {}

  FrameGuard guard;
  FollowedMesh mesh;
  KeptActor<PathsActor> paths{"paths"};
  FollowedActor<PairingActor, PresharedFollower> sharer{"pairing"};
  FollowedActor<HeadroomActor, HeadroomFollower> headroom{"headroom"};
  KeptActor<SchedulerActor> scheduler{"scheduler"};
  KeptActor<DispatchActor> dispatch{"dispatch"};
  KeptActor<WitnessActor> witness{"witness"};
  /// For the controller.
  HostNews host_news;
  /// What this node shares with one other each; nothing is told before it is
  /// known.
  SharedKeysPtr shared;
  /// Where the device sees the others.
  SeenAtPtr seen_at;
  RosterPtr roster;
  std::map<NodeId, MemberHeard> heard;
  /// How often each was told that this boot began while it was not heard.
  std::map<NodeId, std::uint32_t> greetings;
  /// What the roster lacks of the key of this node's tunnels.
  std::optional<events::KeyNews> key_news;
  /// Who was told in the last turn, and may not have got it.
  std::set<NodeId> doubtful;
  /// When each said the newest of its heartbeats: boot and counter.
  std::map<NodeId, std::pair<std::uint64_t, std::uint64_t>> newest_beats;
  /// The entry of the roster that each told of last, if it is the one at the
  /// place where it was heard.
  std::map<NodeId, Hash> heads;
  /// The newest of this node's own ledger.
  std::string checkpoint;
  Told told;
  /// When each has used up what is passed on for it.
  std::map<NodeId, std::uint64_t> passed_from_ns;
  /// When each was answered by a heartbeat out of turn last.
  std::map<NodeId, std::uint64_t> answered_ns;
  /// When it was said of each last that an entry from it was refused.
  std::map<NodeId, std::uint64_t> refused_ns;
  /// When each was asked for the first entry of the epoch last.
  std::map<NodeId, std::uint64_t> compared_ns;
  /// The next key of each that it was told of at once.
  std::map<NodeId, events::TunnelKey> acknowledged;
  /// Who gave the entry that is being taken.
  std::optional<Correspondent> giver;
  std::uint64_t ticks = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_taken = 0;
  /// What came from an address that is no member's.
  std::uint64_t frames_of_strangers = 0;
  /// What the wire did not give, since too much waited here.
  std::uint64_t frames_not_taken = 0;
  /// The newest whose body counted.
  DatagramPtr believed;
  static inline const char* name = "member";
};

inline constexpr auto heartbeat_interval = std::chrono::seconds{10};

MemberActor::behavior_type member_actor(
    MemberActor::stateful_pointer<MemberState> self, const MemberParts& parts,
    const events::Node& node);

}  // namespace ppn::actors
