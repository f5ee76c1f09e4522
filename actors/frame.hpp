// What one node says to another, as bytes. A datagram:
//
//   0                                   n                n + 64
//   | Frame, a FlatBuffer of n bytes    | Ed25519        |
//
// The signature is the sender's, over "ppn-frame-v1\n", the id of the mesh and
// the Frame. Knows no CAF.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "actors/messages.hpp"
#include "events/candidates.hpp"
#include "events/host_report.hpp"
#include "events/paths.hpp"
#include "events/tunnel_key.hpp"
#include "schema/fixed_bytes.hpp"
#include "schema/frame_generated.h"
#include "store/record.hpp"
#include "store/result.hpp"

namespace ppn::actors {

inline constexpr std::size_t datagram_max = 1200;
inline constexpr std::size_t frame_max = datagram_max - Signature::size;

/// The newest that was heard from a node.
struct LastHeard {
  /// Of its boot.
  Id nonce;
  std::uint64_t counter = 0;
};

/// What stands in a frame of every kind; see schema/frame.fbs.
struct FrameHead {
  NodeId sender;
  NodeId recipient;
  std::uint64_t boot = 0;
  std::uint64_t counter = 0;
  Id nonce;
  /// From the recipient; nothing if it was never heard.
  std::optional<LastHeard> heard;
};

struct Heartbeat {
  std::uint64_t roster_version = 0;
  /// Nothing: as it was told before.
  std::optional<Hash> roster_hash;
  /// Empty: as it was told before.
  std::string checkpoint;
  std::uint64_t roster_epoch = 1;
  /// Where the sender sees the recipient.
  std::optional<events::Endpoint> seen_at = std::nullopt;
  /// For the authority.
  std::optional<events::KeyNews> key_news = std::nullopt;
  /// What the sender shares with the recipient alone; nothing beside a hash of
  /// the roster: it shares nothing.
  std::optional<Hash> preshared = std::nullopt;
  /// For the controller.
  events::HostTold host = {};
};

struct RosterRequest {
  std::uint64_t version = 0;
  std::uint64_t epoch = 1;
};

struct RosterAnswer {
  Bytes entry;
  Signature signature;
};

/// The controller lacks some of what the recipient says of its host.
struct HostRequest {};

/// The recipient was the controller before, and is to give what the fleet came
/// to.
struct FleetQuestion {};

/// A sealed frame that somebody else is to get.
struct Passed {
  Bytes datagram;
};

/// What is passed on leaves room for the frame around it.
inline constexpr std::size_t passed_max = 800;

/// So much of what a host says of a dispatch fits.
inline constexpr std::size_t dispatch_reason_max = 400;

/// So many heads of ledgers fit.
inline constexpr std::size_t heads_max = 6;
/// And so many hashes of a proof: enough for ledgers of 2^27 entries.
inline constexpr std::size_t growth_hashes_max = 28;
/// And a frame within another one that tells of a rollback.
inline constexpr std::size_t told_frame_max = 500;

using FrameBody =
    std::variant<Heartbeat, RosterRequest, RosterAnswer, events::PathWord,
                 Passed, events::Whereabouts, events::KeySwitch, HostRequest,
                 Dispatch, DispatchAnswer, FleetQuestion, Inheritance,
                 HeadsRequest, Heads, GrowthRequest, Growth, Cosignature,
                 ForkTold>;

/// What a frame says of a path.
events::PathWord read_word(const schema::PathWord& word);

/// What a frame says of its sender's place; endpoints that are none are left
/// out.
events::Whereabouts read_whereabouts(const schema::Whereabouts& whereabouts);

/// What a heartbeat says of its sender's host.
events::HostTold read_host(const schema::Heartbeat& beat);

Dispatch read_dispatch(const schema::Dispatch& stored);
/// What could trouble a terminal is left out of what it says. Nothing if its
/// stage is none that is known.
std::optional<DispatchAnswer> read_dispatch_answer(
    const schema::DispatchAnswer& stored);

Inheritance read_inheritance(const schema::Inheritance& stored);

/// What witnesses say; nothing if the frame is of another kind.
std::optional<WitnessLetter> read_witness_letter(const schema::Frame& frame);

FrameHead read_head(const schema::FrameHead& stored);

/// The body fits: an entry has at most events::roster_entry_max bytes with its
/// signature, a checkpoint is one of this program, and lists are no longer than
/// above.
Bytes build_frame(const FrameHead& head, const FrameBody& body);

/// What the sender signs under store::frame_domain.
Bytes signed_part(const Id& mesh, ByteView frame);

/// The datagram.
Bytes seal(Bytes frame, const Signature& signature);

/// A datagram taken apart, its structure checked, its signature not.
struct OpenedFrame {
  /// What is signed behind the id of the mesh, and its table. Good until the
  /// aligned bytes are assigned again.
  ByteView bytes;
  const schema::Frame* frame = nullptr;
  FrameHead head;
  Signature signature;
};

/// bad_input if the size is none of a datagram, too_new if the body is of a
/// kind that only a newer program knows, damaged if it is no frame otherwise.
store::Result<OpenedFrame> open_frame(ByteView datagram,
                                      store::AlignedBytes& aligned);

}  // namespace ppn::actors
