// The map: every typed interface of the actors, and what they say to each
// other. Messages never leave the process through CAF.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/caf.hpp"
#include "actors/messages.hpp"
#include "events/admission.hpp"
#include "events/balloon.hpp"
#include "events/paths.hpp"
#include "events/state.hpp"
#include "events/tunnel_key.hpp"
#include "store/ledger.hpp"
#include "store/sealing.hpp"

namespace ppn::actors {

// -- port: clock --------------------------------------------------------------

/// The clocks of this host as they are now.
using ClockPort =
    caf::typed_actor<caf::replies_to<read_atom>::with<store::ClockReading>>;

// -- ledger -------------------------------------------------------------------

/// Events to be recorded all together or not at all.
struct Append {
  store::AppendRequest request;
  /// The grant that the events call upon; it must be live when they are
  /// recorded.
  std::optional<events::Need> need;
  /// Who must have the role of the controller then.
  std::optional<NodeId> controller = std::nullopt;
};
using AppendPtr = std::shared_ptr<const Append>;

/// The bytes of entries, in the order of the ledger, each checked.
using Entries = std::vector<Bytes>;
using EntriesPtr = std::shared_ptr<const Entries>;

using BytesPtr = std::shared_ptr<const Bytes>;
/// 32 bytes.
using SecretPtr = std::shared_ptr<const store::SecretBytes>;
using SecretBufferPtr = std::shared_ptr<const store::SecretBuffer>;

using EntryProofPtr = std::shared_ptr<const EntryProof>;
using GrowthPtr = std::shared_ptr<const Growth>;
using CosignWishPtr = std::shared_ptr<const CosignWish>;
using WitnessNotesPtr = std::shared_ptr<const WitnessNotes>;

/// What the first `size` entries add up to.
struct StateAt {
  std::uint64_t size = 0;
  events::State state;
};
using StatePtr = std::shared_ptr<const StateAt>;

/// Told once, when the ledger takes no more appends.
using LedgerWatcher =
    caf::typed_actor<caf::reacts_to<read_only_atom, std::string>>;

/// Told the new number of entries after each commit.
using LedgerFollower =
    caf::typed_actor<caf::reacts_to<grew_atom, std::uint64_t>>;

using LedgerActor = caf::typed_actor<
    /// Answered once it is durable, with the entries as they stand in the
    /// ledger. Has no time-out: only the answer tells the outcome.
    caf::replies_to<append_atom, AppendPtr>::with<EntriesPtr>,
    /// The entries of a stream after a version, all that were asked for before
    /// among them.
    caf::replies_to<replay_atom, std::string, std::uint64_t>::with<EntriesPtr>,
    /// The durable entries from a sequence on, at most so many, and fewer if
    /// they are large.
    caf::replies_to<read_atom, std::uint64_t, std::uint64_t>::with<EntriesPtr>,
    /// The records of a stream after a version, at most so many: entries with
    /// their signatures, for others who trust nothing else.
    caf::replies_to<records_atom, std::string, std::uint64_t,
                    std::uint64_t>::with<EntriesPtr>,
    /// bad_input if there is no such entry.
    caf::replies_to<prove_atom, std::uint64_t>::with<EntryProofPtr>,
    /// How this ledger grew from what this node signed to a size, or to all
    /// that it has if that is less. bad_input if it did not sign that, io.
    caf::replies_to<grow_atom, store::SignedHead,
                    std::uint64_t>::with<GrowthPtr>,
    /// Remembers the checkpoint of another node, durably, and vouches for it.
    /// version_conflict if something else is remembered than the wish says, io.
    caf::replies_to<cosign_atom, CosignWishPtr>::with<Cosignature>,
    /// Another node is remembered no more, and vouches for nothing.
    caf::reacts_to<forget_atom, NodeId>,
    /// Keeps what another node vouches for of this ledger. damaged if it is not
    /// of this ledger, or by no such key, io.
    caf::replies_to<take_atom, NodeId, Cosignature>::with<bool>,
    caf::replies_to<heads_atom>::with<WitnessNotesPtr>,
    /// Opens what was sealed for this node. damaged.
    caf::replies_to<unseal_atom, BytesPtr>::with<SecretBufferPtr>,
    /// Signs a frame, also when nothing more is recorded.
    caf::replies_to<sign_atom, BytesPtr>::with<Signature>,
    /// Signs what binds this node to its side of a channel of a ceremony.
    caf::replies_to<sign_atom, Hash>::with<Signature>,
    /// What all durable entries add up to.
    caf::replies_to<state_atom>::with<StatePtr>,
    caf::replies_to<status_atom>::with<LedgerStatus>,
    caf::reacts_to<watch_atom, LedgerWatcher>,
    caf::reacts_to<follow_atom, LedgerFollower>,
    /// Publishes the newest checkpoint and gives up the reserve: the last
    /// append of an orderly stop is to come.
    caf::replies_to<stop_atom>::with<bool>, caf::reacts_to<publish_atom>>;

// -- port: wireguard ----------------------------------------------------------

/// What the port saw, and by which implementation.
struct DeviceSeen {
  events::ObservedDevice device;
  std::string implementation;
  /// Of this host's other interfaces, the best ones first.
  std::vector<events::IpAddress> host_addresses = {};
};
using DeviceSeenPtr = std::shared_ptr<const DeviceSeen>;

/// And when, by this host's clock.
struct DeviceLook {
  DeviceSeenPtr seen;
  std::int64_t utc_ns = 0;
};

using DeviceChangePtr = std::shared_ptr<const events::DeviceChange>;

/// A change that its device shall be told, and all keys whose private halves
/// are still of use. Whoever asked holds it as long as he waits: what nobody
/// waits for was decided on what is no longer true.
struct DeviceWish {
  std::weak_ptr<const events::DeviceChange> change;
  std::vector<events::TunnelKey> kept_keys = {};
};

using HashesPtr = std::shared_ptr<const std::vector<Hash>>;

/// The one WireGuard device of this node.
using WireguardPort = caf::typed_actor<
    /// A new private key, kept durably; answers its public half.
    caf::replies_to<create_key_atom>::with<events::TunnelKey>,
    /// A preshared key, kept durably under that hash.
    caf::replies_to<preshared_atom, Hash, SecretPtr>::with<bool>,
    /// The preshared keys that are still of use.
    caf::reacts_to<preshared_atom, HashesPtr>,
    caf::replies_to<look_atom>::with<DeviceLook>,
    /// Stops at the first thing that can not be done: look again. Does nothing
    /// if nobody waits for it any more.
    caf::replies_to<apply_atom, DeviceWish>::with<bool>>;

// -- port: wire ---------------------------------------------------------------

struct Datagram {
  /// Where it goes, or came from.
  events::IpAddress peer;
  Bytes bytes;
  /// How many that came before it nobody was given: too many waited.
  std::uint64_t dropped_before = 0;
};
using DatagramPtr = std::shared_ptr<const Datagram>;

using DatagramReceiver =
    caf::typed_actor<caf::reacts_to<datagram_atom, DatagramPtr>>;

/// UDP between the mesh addresses of the members, port 9206. None may arrive,
/// or twice, or late.
using WirePort = caf::typed_actor<
    /// Listen at a member's own address and its tunnel address, and give what
    /// comes to somebody; once more is harmless.
    caf::reacts_to<bind_atom, events::IpAddress, events::IpAddress,
                   DatagramReceiver>,
    caf::reacts_to<datagram_atom, DatagramPtr>>;

// -- port: journal ------------------------------------------------------------

/// For the log of the host: an event and its fields. Nothing secret.
struct Notice {
  std::string event;
  std::map<std::string, std::string> fields;
};

using JournalPort = caf::typed_actor<caf::reacts_to<notice_atom, Notice>>;

// -- port: pairing wire -------------------------------------------------------

/// No two of a process have the same.
using PairingConnection = std::uint64_t;

/// Where others may come in.
struct PairingListen {
  /// At all addresses of this host.
  bool is_everywhere = false;
  /// What comes out of the tunnels to this address of theirs.
  std::optional<events::IpAddress> own = std::nullopt;

  bool operator==(const PairingListen&) const = default;
};

/// Somebody came in, and is heard once asked.
struct PairingArrival {
  PairingConnection connection = 0;
  events::IpAddress from;
  /// Out of the tunnels.
  bool is_member = false;
};

using PairingReceiver =
    caf::typed_actor<caf::reacts_to<arrived_atom, PairingArrival>,
                     caf::reacts_to<message_atom, PairingConnection, BytesPtr>,
                     caf::reacts_to<close_atom, PairingConnection>>;

/// Messages over TCP, each behind its length, port 9205 unless configured.
using PairingWirePort = caf::typed_actor<
    /// Listens there and nowhere else, and gives what comes, also on
    /// connections that were dialed, to somebody. io: it can not.
    caf::replies_to<listen_atom, PairingListen, PairingReceiver>::with<bool>,
    /// The port is the usual one if it is 0. io: nobody answers there.
    caf::replies_to<dial_atom, events::Endpoint>::with<PairingConnection>,
    /// To be sent.
    caf::reacts_to<message_atom, PairingConnection, BytesPtr>,
    /// One more message is waited for.
    caf::reacts_to<read_atom, PairingConnection>,
    /// From now on each is given what the other one says, unread; nothing more
    /// is told of either but the end.
    caf::reacts_to<join_both_atom, PairingConnection, PairingConnection>,
    /// Once what was to be sent is.
    caf::reacts_to<close_atom, PairingConnection>>;

// -- operator gate ------------------------------------------------------------

using ChangePtr = std::shared_ptr<const Change>;
using WordsPtr = std::shared_ptr<const std::vector<std::string>>;
using ProposalsPtr = std::shared_ptr<const std::vector<Proposal>>;

/// Proposals live in memory: nothing durable without a commit.
using OperatorGate = caf::typed_actor<
    /// Answers the proposal's id. What is to be granted gets an id here too.
    caf::replies_to<propose_atom, ChangePtr>::with<Id>,
    caf::replies_to<list_atom>::with<ProposalsPtr>,
    /// Decides again on what is true now and records it in the operator's name.
    /// Answers the sequence of its last entry.
    caf::replies_to<commit_atom, Id, store::Principal>::with<std::uint64_t>,
    caf::replies_to<reject_atom, Id>::with<bool>, caf::reacts_to<expire_atom>>;

// -- mesh ---------------------------------------------------------------------

using RosterPtr = std::shared_ptr<const Roster>;

/// Of a node's own key; null: there is none.
using KeyNewsPtr = std::shared_ptr<const events::KeyNews>;

/// The authority admits a newcomer, or takes back one that never came; a
/// newcomer takes the roster that it was given.
using RosterStep =
    std::variant<events::Admit, events::TakeBack, WelcomedRoster>;

/// What a ceremony makes of a roster, and the events of its own that are
/// recorded with that.
struct Admission {
  RosterStep what;
  store::AppendRequest events;
  store::Principal principal;
  std::optional<store::Causation> causation = std::nullopt;
  std::optional<events::Need> need = std::nullopt;
};
using AdmissionPtr = std::shared_ptr<const Admission>;

/// Told the roster when it begins to follow, and whenever it changed.
using RosterFollower = caf::typed_actor<caf::reacts_to<roster_atom, RosterPtr>>;

using MeshActor = caf::typed_actor<
    /// What a change of the mesh would do, in words.
    caf::replies_to<plan_atom, ChangePtr>::with<WordsPtr>,
    /// Decides it and records it in the operator's name, as of a proposal.
    /// Answers the sequence of its last entry.
    caf::replies_to<commit_atom, ChangePtr, Id,
                    store::Principal>::with<std::uint64_t>,
    /// Takes one record of the authority if it is the next one. Answers the
    /// version that it then has.
    caf::replies_to<take_atom, BytesPtr>::with<std::uint64_t>,
    /// What this node gives to others in a file: the records of the roster, or
    /// as long as it is in no mesh those by which it introduces itself.
    caf::replies_to<export_atom>::with<EntriesPtr>,
    /// The records by which this node introduces itself.
    caf::replies_to<introduce_atom>::with<EntriesPtr>,
    caf::replies_to<roster_atom>::with<RosterPtr>,
    /// Answers the entries of the events that came with it.
    caf::replies_to<admit_atom, AdmissionPtr>::with<EntriesPtr>,
    /// What a member says of the key of its tunnels. The authority records what
    /// the roster lacks of it, in the member's name.
    caf::reacts_to<key_atom, NodeId, KeyNewsPtr>,
    /// Once more is harmless.
    caf::reacts_to<follow_atom, RosterFollower>>;

// -- paths --------------------------------------------------------------------

using PathChoicesPtr = std::shared_ptr<const events::PathChoices>;

/// Told what was chosen when it begins to follow, and whenever that changed.
using PathFollower =
    caf::typed_actor<caf::reacts_to<paths_atom, PathChoicesPtr>>;

using HeardWordPtr = std::shared_ptr<const events::HeardWord>;

/// Where another member says that it is, and that this node is.
struct HeardPlace {
  NodeId sender;
  std::optional<events::Whereabouts> whereabouts;
  std::optional<events::Endpoint> seen_at;
};
using HeardPlacePtr = std::shared_ptr<const HeardPlace>;

/// The tunnels of another member are about to have another key.
struct HeardSwitch {
  NodeId sender;
  events::KeySwitch word;
};

/// Where the device sees each member that it reaches.
using SeenAtPtr = std::shared_ptr<const events::SeenAt>;

/// This node's own frames from and to a member; see events::Paths::note_own.
struct OwnBytes {
  NodeId node;
  bool by_path = false;
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};

using PathsActor =
    caf::typed_actor<caf::reacts_to<roster_atom, RosterPtr>,
                     caf::reacts_to<observed_atom, DeviceLook>,
                     caf::reacts_to<word_atom, HeardWordPtr>,
                     caf::reacts_to<word_atom, HeardPlacePtr>,
                     caf::reacts_to<key_atom, HeardSwitch>,
                     /// Of which a member spoke: the moment has come.
                     caf::reacts_to<key_atom, NodeId, events::TunnelKey>,
                     caf::reacts_to<own_atom, OwnBytes>,
                     /// Whether something of one member may be passed on to
                     /// another.
                     caf::replies_to<passed_atom, NodeId, NodeId>::with<bool>,
                     caf::reacts_to<tick_atom>,
                     /// Once more is harmless.
                     caf::reacts_to<follow_atom, PathFollower>>;

// -- pairing ------------------------------------------------------------------

using PairingStatusPtr = std::shared_ptr<const PairingStatus>;
using SharedKeysPtr = std::shared_ptr<const events::SharedKeys>;

/// Told the keys when it begins to follow, and whenever they changed.
using PresharedFollower =
    caf::typed_actor<caf::reacts_to<preshared_atom, SharedKeysPtr>>;

using PairingActor = caf::typed_actor<
    /// The newcomer's operator wants a code to be shown.
    caf::replies_to<offer_atom, PairingOfferWish>::with<ShownCode>,
    /// The authority's operator typed a code; answers the session's id.
    caf::replies_to<approve_atom, PairingApproval>::with<Id>,
    /// And wants whom it was proved to, or does not.
    caf::replies_to<approve_atom, Id, bool, store::Principal>::with<bool>,
    /// A member's operator lets newcomers through to the authority for so many
    /// seconds; none: no longer.
    caf::replies_to<open_door_atom, std::uint32_t,
                    std::optional<events::IpAddress>>::with<bool>,
    /// An operator ends a session.
    caf::replies_to<close_atom, Id, store::Principal>::with<bool>,
    caf::replies_to<status_atom>::with<PairingStatusPtr>,
    caf::reacts_to<arrived_atom, PairingArrival>,
    caf::reacts_to<message_atom, PairingConnection, BytesPtr>,
    caf::reacts_to<close_atom, PairingConnection>,
    caf::reacts_to<roster_atom, RosterPtr>, caf::reacts_to<tick_atom>,
    /// A member said which key it shares with this node, if any.
    caf::reacts_to<preshared_atom, NodeId>,
    /// Once more is harmless.
    caf::reacts_to<follow_atom, PresharedFollower>>;

// -- port: hypervisor ---------------------------------------------------------

/// The process that a start of a guest is to have.
struct VmProcess {
  Id vm;
  std::uint64_t start = 0;
  std::string name;
  events::VmSpec spec;
};
using VmProcessPtr = std::shared_ptr<const VmProcess>;

using VmSightPtr = std::shared_ptr<const events::VmSight>;
using AccelerationPtr = std::shared_ptr<const events::Acceleration>;

/// Told what there is to see of a guest when it begins to follow, and whenever
/// that changed.
using VmFollower = caf::typed_actor<caf::reacts_to<observed_atom, VmSightPtr>>;

/// A process of QEMU for each guest, which outlives this one.
using HypervisorPort = caf::typed_actor<
    /// Which accelerator runs guests here; the one that is known is not tried
    /// again if neither QEMU nor the kernel is another. io: there is no QEMU.
    caf::replies_to<prove_atom, AccelerationPtr>::with<AccelerationPtr>,
    /// Makes what is missing of its disks, and its process. That it is there
    /// already is no error; that one of another start is there is one. What
    /// becomes of it the follower sees.
    caf::replies_to<launch_atom, VmProcessPtr>::with<bool>,
    /// To the process of that start. Answered once its QEMU was told.
    caf::replies_to<order_atom, Id, std::uint64_t, events::VmOrder>::with<bool>,
    /// What it gets of the CPUs from now on, against others. Refused where the
    /// host can not do that; then nobody is shown any weight either.
    caf::replies_to<weigh_atom, Id, std::uint64_t, std::uint16_t>::with<bool>,
    /// All files of a guest that has no process.
    caf::replies_to<forget_atom, Id>::with<bool>,
    /// This host's address in the mesh, where forwards may be.
    caf::reacts_to<bind_atom, events::IpAddress>,
    /// User data that was kept under that hash, with its salt. not_found.
    caf::replies_to<read_atom, Hash>::with<SecretBufferPtr>,
    /// Keeps such, durably. damaged if the hash is not its.
    caf::replies_to<take_atom, Hash, SecretBufferPtr>::with<bool>,
    /// What was kept under that hash and is of no use any more.
    caf::reacts_to<forget_atom, Hash>,
    /// One for each guest: the newest.
    caf::reacts_to<follow_atom, Id, VmFollower>>;

// -- port: memory -------------------------------------------------------------

/// What a guest that runs has of memory, as far as that is known without
/// waiting for it.
struct VmMemory {
  /// Whose process that is, and how often that was reset.
  std::uint64_t start = 0;
  std::uint64_t resets = 0;
  /// What its balloon leaves it.
  std::uint64_t actual_mb = 0;
  /// Of the host, by its process.
  std::uint64_t resident_mb = 0;
  /// What it says itself; nothing if it never did.
  std::optional<events::GuestMemory> says = std::nullopt;
};

/// Of a host and its guests.
struct MemoryLook {
  std::uint64_t total_mb = 0;
  /// What could still be given to programs.
  std::uint64_t available_mb = 0;
  std::map<Id, VmMemory> vms;
};
using MemoryLookPtr = std::shared_ptr<const MemoryLook>;

/// Waits for no start of a guest, and for no guest.
using MemoryPort = caf::typed_actor<
    /// By what was heard last.
    caf::replies_to<measure_atom>::with<MemoryLookPtr>,
    /// How many MB the balloon of that start is to leave. Answered once QEMU
    /// was told, which is before the guest follows, if it does.
    caf::replies_to<balloon_atom, Id, std::uint64_t,
                    std::uint64_t>::with<bool>>;

// -- port: host ---------------------------------------------------------------

/// What a host has beside memory.
struct HostLook {
  std::uint32_t cores = 0;
  /// How busy they are, in thousandths.
  std::uint32_t load_permille = 0;
  /// Where the disks of guests are.
  std::uint64_t disk_left_mb = 0;
};

using HostPort =
    caf::typed_actor<caf::replies_to<measure_atom>::with<HostLook>>;

// -- port: images -------------------------------------------------------------

/// A file that is to be kept as an image.
struct ImageFile {
  std::string path;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
using ImageFilePtr = std::shared_ptr<const ImageFile>;

/// What is kept of it, and under which digest.
struct ImageKept {
  Hash digest;
  std::uint64_t size = 0;
  schema::DiskFormat format{};
  bool was_there = false;
};

/// Told how far it came, in bytes.
using ImageFollower = caf::typed_actor<
    caf::reacts_to<progress_atom, Id, std::uint64_t, std::uint64_t>>;

/// The images of this host, each a file under its digest.
using ImagePort = caf::typed_actor<
    /// Checks and copies a file; the id is what its follower is told.
    /// bad_input, not_found, permission, disk_full, io.
    caf::replies_to<take_atom, ImageFilePtr, Id,
                    ImageFollower>::with<ImageKept>,
    caf::reacts_to<forget_atom, Hash>>;

// -- port: bulk ---------------------------------------------------------------

using DocumentsPtr = std::shared_ptr<const std::map<Hash, BytesPtr>>;
using ImageOfGuestPtr = std::shared_ptr<const events::ImageOfGuest>;

/// What does not fit a frame, by its hash (SHA-256) over TCP between the mesh
/// addresses of members. Waits for nobody longer than half a minute.
using BulkPort = caf::typed_actor<
    /// Give what members ask for, at this own address; and what guests say,
    /// and their consoles, to the controller at the other one, if any. Once
    /// more is harmless.
    caf::reacts_to<listen_atom, events::IpAddress,
                   std::optional<events::IpAddress>>,
    /// The documents that are given from now on, and no others. Images are
    /// given as long as they are kept.
    caf::reacts_to<offer_atom, DocumentsPtr>,
    /// From that member. not_found: it has no such document; damaged: it gave
    /// something else; io: it was not reached, or stopped.
    caf::replies_to<fetch_atom, events::IpAddress, Hash>::with<BytesPtr>,
    /// An image, which is checked and then kept like one that was added; goes
    /// on where an earlier fetch of it stopped. The id is what its follower is
    /// told. And disk_full.
    caf::replies_to<fetch_atom, events::IpAddress, ImageOfGuestPtr, Id,
                    ImageFollower>::with<ImageKept>>;

// -- guests -------------------------------------------------------------------

using VmStatusPtr = std::shared_ptr<const VmStatus>;
using PoolStatusPtr = std::shared_ptr<const PoolStatus>;
using AddImagePtr = std::shared_ptr<const AddImage>;

/// What is to be recorded of a guest, and in whose name.
struct VmOrderWish {
  std::variant<events::VmCommand, events::ChangeVm, events::DeleteVm> what;
  store::Principal principal;
  std::optional<store::Causation> causation = std::nullopt;
  /// The controller wants it; what comes of it is recorded, also a refusal.
  std::optional<events::TakenDispatch> dispatch = std::nullopt;
};
using VmOrderWishPtr = std::shared_ptr<const VmOrderWish>;

using VmActor = caf::typed_actor<
    /// Answers the sequence of its last entry.
    caf::replies_to<commit_atom, VmOrderWishPtr>::with<std::uint64_t>,
    caf::reacts_to<observed_atom, VmSightPtr>,
    /// With the number of the tick that is waited for.
    caf::reacts_to<tick_atom, std::uint64_t>>;

/// What the controller wants, as its entry says that was checked.
struct DispatchedOrder {
  Id vm;
  events::GuestOrder order;
};
struct Dispatched {
  events::TakenDispatch taken;
  /// A refusal, where it can not be done before anybody decides.
  std::variant<events::DefineVm, DispatchedOrder, events::Refusal> what;
};
using DispatchedPtr = std::shared_ptr<const Dispatched>;

/// An image that a dispatched guest is made of.
struct FetchImage {
  events::ImageOfGuest image;
  /// Members that may have it, to be asked one after the other.
  std::vector<events::IpAddress> sources;
  Id request;
};
using FetchImagePtr = std::shared_ptr<const FetchImage>;

using PoolActor = caf::typed_actor<
    /// What a change would do, in words.
    caf::replies_to<plan_atom, ChangePtr>::with<WordsPtr>,
    /// Decides it and records it in the operator's name, as of a proposal.
    /// Answers the sequence of its last entry.
    caf::replies_to<commit_atom, ChangePtr, Id,
                    store::Principal>::with<std::uint64_t>,
    /// The same for what a guest is told at once.
    caf::replies_to<order_atom, Id, events::VmCommand,
                    store::Principal>::with<std::uint64_t>,
    /// Answers the id by which its progress is known.
    caf::replies_to<take_atom, AddImagePtr>::with<Id>,
    caf::reacts_to<progress_atom, Id, std::uint64_t, std::uint64_t>,
    /// Decides and records what the controller wants, or that it is refused.
    /// Answered once that is durable; what became of it its stream says.
    caf::replies_to<dispatch_atom, DispatchedPtr>::with<bool>,
    /// Answered once the image is kept and recorded.
    caf::replies_to<fetch_atom, FetchImagePtr, ImageFollower>::with<bool>,
    /// What became of a guest, as its actor says.
    caf::reacts_to<observed_atom, Id, VmStatusPtr>, caf::reacts_to<tick_atom>,
    caf::replies_to<status_atom>::with<PoolStatusPtr>>;

// -- balloons -----------------------------------------------------------------

/// What was decided of a guest last, and why.
struct BalloonOf {
  VmMemory memory;
  std::uint64_t target_mb = 0;
  events::BalloonReason reason{};
};

struct BalloonStatus {
  /// Of the last look; nothing before the first.
  std::optional<MemoryLook> look;
  bool host_is_short = false;
  std::map<Id, BalloonOf> vms;
  /// Why nothing is decided, if so.
  std::optional<std::string> problem;
};
using BalloonStatusPtr = std::shared_ptr<const BalloonStatus>;

using BalloonActor =
    caf::typed_actor<caf::reacts_to<tick_atom>,
                     caf::replies_to<status_atom>::with<BalloonStatusPtr>>;

// -- headroom and scheduler ---------------------------------------------------

/// Of this host.
struct Headroom {
  events::HostReport report;
  events::GuestSummaries guests;
};
using HeadroomPtr = std::shared_ptr<const Headroom>;

/// Null once it is not known any more.
using HeadroomFollower =
    caf::typed_actor<caf::reacts_to<headroom_atom, HeadroomPtr>>;

using HeadroomActor = caf::typed_actor<
    caf::reacts_to<tick_atom>,
    /// Something of its guests changes: they are looked at now.
    caf::reacts_to<look_atom>, caf::reacts_to<read_only_atom, std::string>,
    /// Once more is harmless.
    caf::reacts_to<follow_atom, HeadroomFollower>>;

/// A member was heard, and may have said something of its host.
struct HeardHost {
  NodeId node;
  events::HostTold told;
};
using HeardHostPtr = std::shared_ptr<const HeardHost>;

using FleetStatusPtr = std::shared_ptr<const FleetStatus>;
using DispatchAnswerPtr = std::shared_ptr<const DispatchAnswer>;
using OrderGuestPtr = std::shared_ptr<const events::OrderGuest>;
using InheritancePtr = std::shared_ptr<const Inheritance>;

using SchedulerActor = caf::typed_actor<
    caf::reacts_to<roster_atom, RosterPtr>,
    caf::reacts_to<observed_atom, HeardHostPtr>,
    caf::reacts_to<headroom_atom, HeadroomPtr>, caf::reacts_to<tick_atom>,
    /// What a change would do, in words.
    caf::replies_to<plan_atom, ChangePtr>::with<WordsPtr>,
    /// Records it in the operator's name, as of a proposal.
    /// Answers the sequence of its last entry.
    caf::replies_to<commit_atom, ChangePtr, Id,
                    store::Principal>::with<std::uint64_t>,
    /// What a guest is told at once; answers the request.
    caf::replies_to<order_atom, OrderGuestPtr, store::Principal>::with<Id>,
    /// What that host made of a dispatch.
    caf::reacts_to<answer_atom, NodeId, DispatchAnswerPtr>,
    /// That member asks what the fleet came to here.
    caf::reacts_to<inherit_atom, NodeId>,
    /// It gives what the fleet came to there.
    caf::reacts_to<inherit_atom, NodeId, InheritancePtr>,
    /// The entry that a request began with.
    caf::replies_to<read_atom, Id>::with<BytesPtr>,
    caf::replies_to<status_atom>::with<FleetStatusPtr>>;

// -- dispatch -----------------------------------------------------------------

using DispatchPtr = std::shared_ptr<const Dispatch>;

using DispatchActor = caf::typed_actor<
    caf::reacts_to<roster_atom, RosterPtr>,
    /// A member wants something of this host. The document is null if it is to
    /// be fetched.
    caf::reacts_to<dispatch_atom, NodeId, DispatchPtr, BytesPtr>,
    caf::reacts_to<progress_atom, Id, std::uint64_t, std::uint64_t>,
    caf::reacts_to<tick_atom>>;

// -- device and tunnels -------------------------------------------------------

/// What there is to see of one tunnel.
struct TunnelSight {
  events::ObservedPeer observed;
  events::TakenPath taken;
  /// The path as long as no other is recorded.
  events::Path usual;
};
using TunnelSightPtr = std::shared_ptr<const TunnelSight>;

using TunnelActor = caf::typed_actor<
    /// Answers what is recorded once it was decided.
    caf::replies_to<observed_atom, TunnelSightPtr>::with<events::Tunnel>>;

using DeviceStatusPtr = std::shared_ptr<const DeviceStatus>;

using DeviceActor =
    caf::typed_actor<caf::reacts_to<roster_atom, RosterPtr>,
                     caf::reacts_to<paths_atom, PathChoicesPtr>,
                     caf::reacts_to<preshared_atom, SharedKeysPtr>,
                     caf::reacts_to<tick_atom>,
                     /// The next of the steps by which the key is switched.
                     caf::reacts_to<key_atom, std::uint32_t>,
                     /// What the next apply would change on the device.
                     caf::replies_to<plan_atom>::with<WordsPtr>,
                     /// What a rotation of its key would do, in words.
                     caf::replies_to<plan_atom, ChangePtr>::with<WordsPtr>,
                     /// Requests it in the operator's name, as of a proposal.
                     /// Answers the sequence of its last entry.
                     caf::replies_to<commit_atom, ChangePtr, Id,
                                     store::Principal>::with<std::uint64_t>,
                     caf::replies_to<status_atom>::with<DeviceStatusPtr>>;

// -- member -------------------------------------------------------------------

using WitnessPostPtr = std::shared_ptr<const WitnessPost>;
using MemberStatusPtr = std::shared_ptr<const MemberStatus>;

using PathLetterPtr = std::shared_ptr<const events::PathLetter>;
using WhereaboutsLetterPtr = std::shared_ptr<const events::WhereaboutsLetter>;

using MemberActor =
    caf::typed_actor<caf::reacts_to<datagram_atom, DatagramPtr>,
                     caf::reacts_to<roster_atom, RosterPtr>,
                     /// To be sent.
                     caf::reacts_to<letter_atom, PathLetterPtr>,
                     caf::reacts_to<letter_atom, WhereaboutsLetterPtr>,
                     caf::reacts_to<seen_atom, SeenAtPtr>,
                     /// The newest checkpoint of another member, as it told it
                     /// by another way.
                     caf::reacts_to<take_atom, NodeId, std::string>,
                     caf::reacts_to<preshared_atom, SharedKeysPtr>,
                     /// What the authority is told of this node's key from now
                     /// on.
                     caf::reacts_to<key_atom, KeyNewsPtr>,
                     /// Told to all members; answers once nothing of it waits
                     /// to be signed any more.
                     caf::replies_to<key_atom, events::KeySwitch>::with<bool>,
                     caf::reacts_to<headroom_atom, HeadroomPtr>,
                     /// That member is asked to say all of its host again.
                     caf::reacts_to<headroom_atom, NodeId>,
                     /// To be sent.
                     caf::reacts_to<dispatch_atom, NodeId, DispatchPtr>,
                     caf::reacts_to<answer_atom, NodeId, DispatchAnswerPtr>,
                     /// That member is asked what the fleet came to there.
                     caf::reacts_to<inherit_atom, NodeId>,
                     /// To be sent.
                     caf::reacts_to<inherit_atom, NodeId, InheritancePtr>,
                     /// To be sent.
                     caf::reacts_to<letter_atom, WitnessPostPtr>,
                     caf::reacts_to<tick_atom>,
                     caf::replies_to<status_atom>::with<MemberStatusPtr>>;

// -- witness ------------------------------------------------------------------

using HeardWitnessPtr = std::shared_ptr<const HeardWitness>;
using WitnessStatusPtr = std::shared_ptr<const WitnessStatus>;

using WitnessActor =
    caf::typed_actor<caf::reacts_to<roster_atom, RosterPtr>,
                     /// The newest checkpoint of a member, as it tells it.
                     caf::reacts_to<take_atom, NodeId, std::string>,
                     caf::reacts_to<letter_atom, HeardWitnessPtr>,
                     caf::reacts_to<tick_atom>,
                     /// Records it, if it is news, and says so.
                     caf::reacts_to<clash_atom, events::ClashNote>,
                     /// What an acknowledgement would do, in words.
                     caf::replies_to<plan_atom, ChangePtr>::with<WordsPtr>,
                     /// Records it in the operator's name, as of a proposal.
                     /// Answers the sequence of its last entry.
                     caf::replies_to<commit_atom, ChangePtr, Id,
                                     store::Principal>::with<std::uint64_t>,
                     caf::replies_to<status_atom>::with<WitnessStatusPtr>>;

// -- node ---------------------------------------------------------------------

using NodeActor =
    caf::typed_actor<caf::replies_to<status_atom>::with<NodeStatus>,
                     /// The actor of that name as it is now; none while it is
                     /// being respawned.
                     caf::replies_to<find_atom, std::string>::with<caf::actor>,
                     /// Records the stop, and ends the node.
                     caf::replies_to<stop_atom, schema::StopReason>::with<bool>,
                     caf::reacts_to<read_only_atom, std::string>,
                     caf::reacts_to<respawn_atom, std::string>,
                     caf::reacts_to<held_atom, std::string, std::uint64_t>>;

}  // namespace ppn::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::store::ClockReading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::store::Principal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::Id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::schema::StopReason)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::AppendPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::EntriesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::StatePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::LedgerStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::ChangePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::ProposalsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::NodeStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::BytesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::Signature)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::events::TunnelKey)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::events::IpAddress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::events::Tunnel)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::DeviceLook)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::DeviceWish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::events::ClashNote)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::DatagramPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::Notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::WordsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::RosterPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::TunnelSightPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::PathChoicesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::HeardPlacePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::SeenAtPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::WhereaboutsLetterPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::SecretPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::HashesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::Hash)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::events::Endpoint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::optional<ppn::events::IpAddress>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::PairingListen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::PairingArrival)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::PairingOfferWish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::ShownCode)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::PairingApproval)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::PairingStatusPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::SharedKeysPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::AdmissionPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::HeardWordPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::OwnBytes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::KeyNewsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::HeardSwitch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::events::KeySwitch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::PathLetterPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::NodeId)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::DeviceStatusPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::MemberStatusPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::VmProcessPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::VmSightPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::AccelerationPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::MemoryLookPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::BalloonStatusPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::HostLook)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::HeadroomPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::HeardHostPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::FleetStatusPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::ImageFilePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::ImageKept)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::VmStatusPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::PoolStatusPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::AddImagePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::VmOrderWishPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::events::VmOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::events::VmCommand)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::EntryProofPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::DocumentsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::ImageOfGuestPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::DispatchedPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::FetchImagePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::DispatchPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::DispatchAnswerPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::OrderGuestPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::InheritancePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::SecretBufferPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::GrowthPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::store::SignedHead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::CosignWishPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::Cosignature)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::WitnessNotesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::WitnessPostPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::HeardWitnessPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::actors::WitnessStatusPtr)
