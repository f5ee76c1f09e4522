// The pairing actor: owns the stream "pairing", and the sessions by which this
// node joins a mesh or lets others join its own. What a session knows lives
// here alone, and is wiped when it ends; see actors/pairing_talk.hpp for what
// is said in it.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "actors/aggregate.hpp"
#include "actors/kept_actor.hpp"
#include "actors/operator_gate.hpp"
#include "actors/pairing_door.hpp"
#include "actors/pairing_talk.hpp"

namespace ppn::actors {

struct PairingParts {
  LedgerActor ledger;
  ClockPort clock;
  WireguardPort wireguard;
  PairingWirePort wire;
  NodeActor node;
  NextId next_id;
  Entropy entropy;
  /// UDP port of the tunnels.
  std::uint16_t listen_port = 0;
};

/// The session in which this node shows a code.
struct ShownSession {
  PairingSessionStatus status;
  PairingOfferWish wish;
  ShortCodePtr code;
  std::uint64_t until_ns = 0;
  PairingDoor door;
  std::map<PairingConnection, NewcomerTalk> talks;
  /// By which the code was proved last, and what was said there.
  std::optional<PairingConnection> proved_by = std::nullopt;
  PairingInvitation invitation = {};
  /// Of the key that is kept for it.
  std::optional<Hash> preshared = std::nullopt;
};

/// A newcomer on a connection, as the authority hears it.
struct PairingCaller {
  AuthorityTalk talk;
  events::IpAddress from;
  bool is_passed_on = false;
  std::uint64_t since_ns = 0;
  std::optional<PairingOffered> offered = std::nullopt;
  std::uint64_t until_ns = 0;
  /// The session that it is in, once its code was typed.
  std::optional<Id> session = std::nullopt;
};

/// The session in which a code was typed on this node.
struct TypedSession {
  PairingSessionStatus status;
  PairingApproval approval;
  PairingConnection connection = 0;
  events::Newcomer newcomer = {};
  /// Of the key that is kept for it.
  std::optional<Hash> preshared = std::nullopt;
};

/// As long as newcomers are passed on to the authority.
struct OpenDoor {
  PairingDoor door;
  std::uint64_t until_ns = 0;
};

struct PairingState {
  PairingState() = default;
  PairingState(const PairingState&) = delete;
  PairingState& operator=(const PairingState&) = delete;

  events::Pairing pairing;
  /// How sessions ended that somebody may ask for.
  std::map<Id, std::pair<schema::PairingOutcome, std::string>> ends;
  std::deque<PairingSessionStatus> finished;
  std::optional<ShownSession> shown;
  std::map<Id, TypedSession> typed;
  std::map<PairingConnection, PairingCaller> callers;
  std::optional<OpenDoor> open_door;
  /// Who came in by it, and the connection by which it is passed on; 0: there
  /// is none yet.
  std::map<PairingConnection, PairingConnection> passed_on;

  FollowedMesh mesh;
  RosterPtr roster;
  std::set<PresharedFollower> followers;
  std::set<NodeId> tried_without;
  SharedKeysPtr told_keys;
  /// Not recorded yet.
  events::PresharedKeys keys_to_come;
  /// Those that are kept; nothing before any were told.
  std::optional<std::set<Hash>> kept_keys;
  /// What the actor before left behind is recorded, or not.
  bool has_begun = false;
  /// Where the port is known to listen; nothing before it was told.
  std::optional<PairingListen> listening;
  /// This boot's clock when it began.
  std::uint64_t began_ns = 0;
  bool is_ticking = false;
  Aggregate<PairingActor::stateful_pointer<PairingState>> aggregate;
  static inline const char* name = "pairing";
};

/// A newcomer that says no session by then has to go.
inline constexpr std::uint64_t caller_patience_ns = 10'000'000'000;
/// At the authority, of all members together and of one.
inline constexpr std::size_t callers_max = 256;
inline constexpr std::size_t callers_of_one = 64;

PairingActor::behavior_type pairing_actor(
    PairingActor::stateful_pointer<PairingState> self,
    const PairingParts& parts, const events::Node& node);

}  // namespace ppn::actors
