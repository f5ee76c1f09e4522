// What the actors tell the world around about themselves. Knows no CAF, so that
// documents are made of it without.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "events/acceleration.hpp"
#include "events/capability.hpp"
#include "events/fleet.hpp"
#include "events/host_report.hpp"
#include "events/mesh.hpp"
#include "events/pairing.hpp"
#include "events/pool.hpp"
#include "events/roster_news.hpp"
#include "events/short_code.hpp"
#include "events/tunnel.hpp"
#include "schema/frame_generated.h"
#include "store/record.hpp"
#include "store/signed_head.hpp"
#include "store/tree.hpp"

namespace ppn::actors {

// -- ledger -------------------------------------------------------------------

struct LedgerStatus {
  store::TreeHead head;
  /// The newest checkpoint as a note.
  std::string checkpoint;
  /// Why nothing more is recorded, if so.
  std::optional<std::string> read_only;
  /// Why the checkpoint outside lags behind, if so.
  std::optional<std::string> unpublished_why;
};

/// That an entry is in the ledger, for others.
struct EntryProof {
  Bytes record;
  /// Of the tree of the checkpoint.
  store::Proof inclusion;
  std::string checkpoint;
};

/// How a ledger grew (RFC 9162, section 2.1.4).
struct Growth {
  NodeId node;
  std::uint64_t from = 0;
  /// Less than that: the whole ledger has no more.
  std::uint64_t to = 0;
  /// Of the tree at the size `from`, or of all that there is.
  Hash root;
  store::Proof proof = {};
  /// Of all that there is.
  std::optional<Signature> signature = std::nullopt;

  bool operator==(const Growth&) const = default;
};

/// A checkpoint of another node that this one is to vouch for.
struct CosignWish {
  NodeId node;
  PublicKey key;
  store::SignedHead head;
  /// What is remembered of that ledger then; nothing is vouched for otherwise.
  std::optional<store::TreeHead> after;
  /// The time, since 1970.
  std::uint64_t seconds = 0;
};

/// What a witness vouches for (C2SP tlog-cosignature).
struct Cosignature {
  store::TreeHead head;
  /// Since 1970.
  std::uint64_t seconds = 0;
  /// Of the witness.
  PublicKey key;
  Signature signature;

  bool operator==(const Cosignature&) const = default;
};

/// The checkpoints of others that this node vouched for last, and those of its
/// own that others did.
struct WitnessNotes {
  std::map<NodeId, std::string> heads;
  std::map<NodeId, std::string> cosigned;
  /// This node's own.
  PublicKey key;
};

// -- operator gate ------------------------------------------------------------

/// All that stands against a node is to stand no more.
struct AcknowledgeClash {
  NodeId node;
};

struct RevokeWish {
  Id grant;
  std::string reason;
};

/// Records of a roster that came by other ways than the mesh, oldest first.
struct ImportRoster {
  std::vector<Bytes> records;
};

/// The tunnels of this node are to get another key.
struct RotateTunnelKey {
  bool force = false;
};

/// An image is not kept any more.
struct RemoveImage {
  Hash digest;
};

/// What an operator may commit.
using Change =
    std::variant<events::GrantWish, RevokeWish, events::MeshCommand,
                 ImportRoster, RotateTunnelKey, events::DefineVm,
                 events::ChangeVm, events::DeleteVm, RemoveImage,
                 events::UseHost, events::PlaceGuest, events::OrderGuest,
                 events::SetQuota, AcknowledgeClash, events::AdoptVm>;

/// A change that waits for the operator.
struct Proposal {
  Id id;
  Change change;
  /// What it will do, in words, one line each.
  std::vector<std::string> plan;
  /// Its commit is on its way: it can not be taken back any more.
  bool committing = false;
};

// -- mesh ---------------------------------------------------------------------

struct Roster {
  events::Mesh mesh;
  /// The link of the newest entry of the authority; see store/record.hpp.
  Hash head;
  /// What is new in it since its followers were told before.
  events::RosterNews news;
};

/// The records of a roster by which a newcomer becomes a member, and whose mesh
/// they must be of: that of the authority that invited it.
struct WelcomedRoster {
  std::vector<Bytes> records;
  Id mesh;
  NodeId authority;
  PublicKey authority_key;
};

// -- pairing ------------------------------------------------------------------

/// One for all who have to do with it.
using ShortCodePtr = std::shared_ptr<const events::ShortCode>;

struct PairingOfferWish {
  /// Of the code.
  std::size_t symbols = events::ShortCode::symbols_usual;
  /// From nowhere else.
  std::optional<events::IpAddress> only_from = std::nullopt;
  /// Not somebody comes: this member is called, which passes on. Its port is
  /// the usual one if it is 0.
  std::optional<events::Endpoint> via = std::nullopt;
  /// Where this node's tunnels are reached, too.
  std::vector<events::Endpoint> endpoints = {};
  store::Principal principal = {};
};

/// For the one terminal that shows it.
struct ShownCode {
  Id session;
  std::uint32_t number = 0;
  ShortCodePtr code;
  std::uint32_t seconds = 0;
};

struct PairingApproval {
  ShortCodePtr code;
  /// That of the session; needed if several wait.
  std::optional<std::uint32_t> number = std::nullopt;
  /// The newcomer is there, and does not call. Its port is the usual one if it
  /// is 0.
  std::optional<events::Endpoint> at = std::nullopt;
  store::Principal principal = {};
};

enum class PairingPhase : std::uint8_t {
  /// The newcomer's: for somebody who has the code.
  waiting,
  /// The newcomer, or who passes on.
  calling,
  /// What the other side knows is being proved.
  proving,
  /// The other side is known; its operator's word is waited for.
  met,
  /// It is recorded, and told.
  admitting,
  /// The newcomer is a member; its tunnel is not up yet.
  admitted,
  /// It is.
  active,
  ended
};

/// A session of this process, also for a while after its end.
struct PairingSessionStatus {
  Id id;
  schema::PairingSide side{};
  std::uint32_t number = 0;
  PairingPhase phase{};
  std::uint32_t left_s = 0;
  std::uint32_t answered = 0;
  /// Once it is met.
  std::optional<events::PairingPeer> peer = std::nullopt;
  std::string mesh_name = {};
  std::string symbols = {};
  /// Once it ended.
  schema::PairingOutcome outcome{};
  std::string detail = {};
};

/// A newcomer that came by itself, or was passed on.
struct WaitingNewcomer {
  std::uint32_t number = 0;
  events::IpAddress from;
  bool is_passed_on = false;
  std::uint32_t left_s = 0;
};

struct PairingStatus {
  std::vector<PairingSessionStatus> sessions;
  std::vector<WaitingNewcomer> waiting;
  /// How long newcomers are let through to the authority.
  std::uint32_t door_open_s = 0;
  std::size_t connections = 0;
};

/// A rotation of the key of this node's tunnels that is not over.
struct KeyRotation {
  /// The one that they are to get, or have.
  events::TunnelKey key;
  bool is_forced = false;
  bool is_announced = false;
  /// They have it; the authority is still to say so.
  bool is_in_use = false;
  /// Who did not acknowledge it yet.
  std::vector<NodeId> waits_for;
};

struct DeviceStatus {
  /// Which implementation answered; empty if none did yet.
  std::string implementation;
  /// Why the device can not be looked at or set right, if so.
  std::optional<std::string> problem;
  std::optional<events::TunnelKey> key;
  events::DeviceConfig desired;
  events::ObservedDevice observed;
  /// When that was seen, by this node's clock.
  std::int64_t observed_ns = 0;
  std::map<NodeId, events::Tunnel> tunnels;
  events::PathChoices choices;
  std::optional<KeyRotation> rotation;
};

/// What another member told last.
struct MemberHeard {
  std::uint64_t boot = 0;
  std::uint64_t roster_version = 0;
  /// As its newest checkpoint says.
  std::uint64_t ledger_size = 0;
  /// By this node's clock.
  std::int64_t heard_ns = 0;
  /// Of the version.
  std::uint64_t roster_epoch = 1;
  /// The newest place of the roster at which it had the very entry that this
  /// node has.
  events::RosterPlace agreed = {};
  /// Of the preshared key that it has for the tunnel to this node; zeros: it
  /// has none.
  std::optional<Hash> preshared = std::nullopt;
  /// When it said so, by this host's clock since its boot.
  std::uint64_t preshared_ns = 0;
};

struct MemberStatus {
  std::map<NodeId, MemberHeard> heard;
  /// Frames that were dropped, by what was wrong with them.
  std::map<std::string, std::uint64_t> dropped;
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_taken = 0;
};

// -- witness ------------------------------------------------------------------

/// Asks for the heads of ledgers of nodes with greater ids.
struct HeadsRequest {
  NodeId after;
};

struct ToldHead {
  NodeId node;
  store::SignedHead head;

  bool operator==(const ToldHead&) const = default;
};

struct Heads {
  std::vector<ToldHead> heads;
  bool is_last = false;
};

struct GrowthRequest {
  NodeId node;
  store::SignedHead from;
  std::uint64_t to = 0;
};

/// Two heads of a node that can not stand together.
struct ForkTold {
  NodeId node;
  store::SignedHead first;
  store::SignedHead second;
  /// Of a second one that is smaller: the frame that says so.
  Bytes frame;
};

/// What witnesses say to each other.
using WitnessLetter = std::variant<HeadsRequest, Heads, GrowthRequest, Growth,
                                   Cosignature, ForkTold>;

struct WitnessPost {
  NodeId to;
  WitnessLetter letter;
};

struct HeardWitness {
  NodeId from;
  WitnessLetter letter;
  /// The frame that it came in, with its signature.
  Bytes frame;
};

/// What this node remembers of the ledger of another one.
struct WitnessedLedger {
  /// The newest that was found to have grown only.
  std::optional<store::TreeHead> head;
  /// When that was found, since 1970.
  std::uint64_t cosigned_seconds = 0;
  /// A newer one that its node signed, and did not prove to have grown from it.
  std::optional<std::uint64_t> unproven_size;
  /// Since when, by this node's clock.
  std::int64_t unproven_since_ns = 0;
  /// It spoke since, and did not prove it.
  bool is_withheld = false;
  /// When its node told of it last, by this node's clock; 0: not in this life.
  std::int64_t heard_ns = 0;
  /// What stands against the node.
  std::optional<schema::Clash> clash;
  /// It was seen, and the operator acknowledged it.
  bool is_acknowledged = false;
};

/// What another node vouches for of this node's ledger.
struct OwnCosignature {
  std::uint64_t size = 0;
  std::uint64_t seconds = 0;
  /// As that node told it, in this life.
  std::optional<PublicKey> key;
};

struct WitnessStatus {
  std::map<NodeId, WitnessedLedger> ledgers;
  std::map<NodeId, OwnCosignature> cosigned;
  /// Checks the cosignatures of this node.
  std::string key;
  /// Somebody follows another recovery for the epoch that this node is in.
  bool is_split = false;
};

// -- guests -------------------------------------------------------------------

struct VmStatus {
  /// Nothing once it is deleted.
  std::optional<events::Vm> vm;
  events::VmSight sight;
  /// What of it can not be done, if so.
  std::string problem;
};

/// A file of this host that is to become an image.
struct AddImage {
  std::string path;
  std::string name;
  /// Whose rights open the file.
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  store::Principal principal = {};
};

/// As far as it came: what is being checked and copied, or was lately.
struct ImageProgress {
  std::string name;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  /// Once it is over: why not, or what came of it.
  std::optional<std::string> failure = std::nullopt;
  std::optional<Hash> digest = std::nullopt;
  /// It was there already.
  bool was_there = false;
};

struct PoolStatus {
  events::Pool pool;
  events::Acceleration acceleration;
  std::map<Id, VmStatus> vms;
  std::map<Id, ImageProgress> images;
  /// Why guests can not be run, if so.
  std::optional<std::string> problem;
};

// -- fleet --------------------------------------------------------------------

/// The largest document that members give each other.
inline constexpr std::size_t document_max = std::size_t{1} << 20U;

/// The controller gives a document that says what the host is to do.
struct Dispatch {
  Id request;
  Hash document;
  std::uint32_t size = 0;
  /// Of the guest's user data, sealed for the host.
  std::optional<Hash> sealed = std::nullopt;
};

/// What the fleet came to under the controller before is given likewise.
struct Inheritance {
  Hash document;
  std::uint32_t size = 0;
};

struct DispatchAnswer {
  Id request;
  schema::DispatchStage stage{};
  /// Of a refusal; of a fetch, what goes wrong, if so.
  std::string reason = {};
  /// Of the entry of the host's ledger that says so.
  std::uint64_t sequence = 0;
  /// Bytes of images, of so many.
  std::uint64_t fetched = 0;
  std::uint64_t to_fetch = 0;
};

/// A host of the fleet, as far as the controller knows it.
struct FleetHostStatus {
  std::string name;
  events::FleetHost recorded;
  events::HostStanding standing{};
  /// Since it was heard last; nothing if it was not yet.
  std::optional<std::uint64_t> age_ns = std::nullopt;
  std::optional<events::HostReport> report = std::nullopt;
  events::GuestSummaries guests = {};
  /// Of what it says that it has left, to guests that it does not show yet.
  events::Promised promised = {};
};

struct FleetRequestStatus {
  events::FleetRequest request;
  /// Of images, while the host fetches them.
  std::uint64_t fetched = 0;
  std::uint64_t to_fetch = 0;
  /// What its host says that goes wrong, if so.
  std::string trouble = {};
};

struct FleetStatus {
  /// Why nothing is known here; empty if this node is the controller.
  std::string refusal = {};
  /// The name of who was it before, as long as what the fleet came to there is
  /// not taken here; empty: nothing is waited for.
  std::string waits_for = {};
  std::uint64_t margin_mb = 0;
  std::map<NodeId, FleetHostStatus> hosts;
  std::map<Id, FleetRequestStatus> requests = {};
  std::map<Id, events::FleetGuest> guests = {};
  std::map<std::string, events::Quota> quotas = {};
};

// -- node ---------------------------------------------------------------------

enum class NodeMode : std::uint8_t { starting, running, read_only, stopping };

struct NodeStatus {
  NodeId id;
  std::string name;
  std::uint64_t boot = 0;
  NodeMode mode = NodeMode::starting;
  /// Why it is read-only, if it is.
  std::string reason;
  /// How often each actor was respawned.
  std::map<std::string, std::uint64_t> respawns;
};

}  // namespace ppn::actors
