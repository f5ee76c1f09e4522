// The ceremony by which a node joins a mesh with a short code, as each of its
// two sides records it: a session that opens with a grant and ends with it, and
// who was admitted by it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "events/capability.hpp"
#include "events/decision.hpp"
#include "events/mesh.hpp"
#include "schema/entry_generated.h"

namespace ppn::events {

inline constexpr const char* pairing_stream = "pairing";

/// A code is good for that long, by a clock that counts while the host sleeps.
inline constexpr std::uint64_t pairing_window_ns = 600'000'000'000;
/// If the code was proved within it, the rest has so much longer.
inline constexpr std::uint64_t pairing_rest_ns = 60'000'000'000;
/// So many guesses are answered for one code, also once it was proved: whoever
/// proved it may have been lost, and type it again.
inline constexpr std::uint32_t pairing_guesses_max = 5;
/// Who was admitted and not seen for that long is not waited for any more.
inline constexpr std::uint64_t admission_window_ns = 600'000'000'000;

/// Whom the other side proved to be, and which mesh is meant.
struct PairingPeer {
  NodeId node;
  std::string name;
  PublicKey key;
  Id mesh;

  bool operator==(const PairingPeer&) const = default;
};

/// One that did not end yet.
struct PairingSession {
  schema::PairingSide side{};
  std::uint32_t number = 0;
  Id grant;
  std::uint64_t boot = 0;
  std::uint64_t until_since_boot_ns = 0;
  std::uint32_t answered = 0;
  std::optional<PairingPeer> peer = std::nullopt;

  bool operator==(const PairingSession&) const = default;
};

/// Somebody who was admitted by a ceremony, or by whom this node was.
struct Admission {
  /// Which of the two this node was.
  schema::PairingSide side{};
  Id session;
  Hash preshared;
  /// The boot and its clock when it was recorded.
  std::uint64_t boot = 0;
  std::uint64_t since_boot_ns = 0;
  bool is_active = false;

  bool operator==(const Admission&) const = default;
};

struct Pairing {
  std::map<Id, PairingSession> open;
  std::map<NodeId, Admission> admissions;

  bool operator==(const Pairing&) const = default;
};

/// What a new session is to be.
struct PairingWish {
  /// Ones that never were.
  Id session;
  Id grant;
  schema::PairingSide side{};
  std::uint32_t number = 0;
  /// At most pairing_window_ns; the newcomer says how much is left of its own.
  std::uint64_t window_ns = pairing_window_ns;
  /// See PairingOpened.
  std::string via = {};
};

/// Whether a grant to that subject is of a session: it begins and ends with it,
/// and nobody else makes or revokes it.
bool is_of_session(std::string_view subject);

/// What the session's grant is for, and who has it.
Need pairing_need(const Id& session, const PairingSession& open);

/// With its grant. Refused while a newcomer's session is open on this node: it
/// has one code at a time.
Decision decide_open(const Pairing& pairing, const PairingWish& wish,
                     const Moment& now);

/// To be recorded before the answer is sent. Refused if no guess is left, or
/// the window is over.
Decision decide_answer(const Pairing& pairing, const Id& session,
                       const std::optional<Endpoint>& from, const Moment& now);

/// Nothing is to be recorded if that peer proved it before. Refused if another
/// one did, or the window is over.
Decision decide_proved(const Pairing& pairing, const Id& session,
                       const PairingPeer& peer, const Moment& now);

/// The end of a session by which the peer that it proved is admitted, in the
/// place of those who are not waited for any more. Refused if there is none;
/// that the grant is live is for the ledger to see.
Decision decide_admitted(const Pairing& pairing, const Id& session,
                         const Hash& preshared,
                         const std::set<NodeId>& superseded = {});

/// Any other end than by an admission.
Decision decide_end(const Pairing& pairing, const Id& session,
                    schema::PairingOutcome outcome, const std::string& detail);

/// Ends what is past its time.
Decision decide_overdue(const Pairing& pairing, const Moment& now);

/// Ends all: whoever held the codes is gone.
Decision decide_abandoned(const Pairing& pairing);

/// Refused if that was recorded, or it was never admitted.
Decision decide_active(const Pairing& pairing, const NodeId& node);

/// Whom this node, as the authority, admitted, did not see since, and does not
/// wait for any more. This boot of the node began at `began_ns` of its clock:
/// it could see nobody before.
std::vector<NodeId> lapsed(const Pairing& pairing, std::uint64_t began_ns,
                           const Moment& now);
/// Nothing of the admission counts any more, its preshared key either.
Decision decide_lapsed(const Pairing& pairing, const NodeId& node);

/// The hashes of the keys that this node shares with one other member each.
using PresharedKeys = std::map<NodeId, Hash>;

/// Those of ceremonies, with who is still a member.
PresharedKeys preshared_keys(const Pairing& pairing, const Mesh& mesh);

/// Nobody can say that it lost a key by the tunnel that needs it. So who was
/// not heard in half the time of an admission is tried without its key for a
/// while, then with it, and so on: twice as long on the newcomer's side, so
/// that the two meet in any case.
inline constexpr std::uint64_t try_without_ns = 60'000'000'000;
std::set<NodeId> tried_without(const Pairing& pairing, std::uint64_t began_ns,
                               const Moment& now);

/// What a node has to speak to others with.
struct SharedKeys {
  PresharedKeys keys;
  /// Whose tunnels are tried without for now.
  std::set<NodeId> tried_without;

  [[nodiscard]] PresharedKeys in_use() const;
  bool operator==(const SharedKeys&) const = default;
};

/// Those whom this node admitted, and did not see since.
std::set<NodeId> awaited(const Pairing& pairing);

std::string in_words(schema::PairingOutcome outcome);

Contradiction apply(Pairing& pairing, const schema::PairingOpened& event);
Contradiction apply(Pairing& pairing,
                    const schema::PairingGuessAnswered& event);
Contradiction apply(Pairing& pairing, const schema::PairingProved& event);
Contradiction apply(Pairing& pairing, const schema::PairingEnded& event);
Contradiction apply(Pairing& pairing, const schema::Entry& entry,
                    const schema::NodeAdmitted& event);
Contradiction apply(Pairing& pairing, const schema::NodeActive& event);
Contradiction apply(Pairing& pairing, const schema::NodeLapsed& event);

}  // namespace ppn::events
