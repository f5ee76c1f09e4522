// What an operator asks of the fleet: a new guest somewhere, or something of a
// guest that is there. The controller records where the guest goes, and why;
// from then on that host has the room for it, as far as the controller gives
// any away, until it says that it has the guest, or does not take it. A request
// is only ever for one host.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/fleet_quota.hpp"
#include "events/guest_needs.hpp"
#include "events/mesh.hpp"
#include "events/placement.hpp"
#include "events/vm_spec.hpp"
#include "schema/entry_generated.h"

namespace ppn::events {

struct Fleet;

/// So many requests are open at once.
inline constexpr std::size_t open_requests_max = 1024;
/// So many that ended are kept in mind, the newest.
inline constexpr std::size_t ended_requests_max = 256;
/// So many verdicts of a placement are recorded, the best ones.
inline constexpr std::size_t verdicts_recorded_max = 64;
inline constexpr std::size_t labels_max = 16;
/// Of one guest: below its disks, a kernel and an initrd.
inline constexpr std::size_t guest_images_max = disks_max + 2;
/// An image as its host keeps it.
struct ImageOfGuest {
  Hash digest;
  std::string name;
  /// In bytes, of the file.
  std::uint64_t size = 0;
  schema::DiskFormat format{};

  bool operator==(const ImageOfGuest&) const = default;
};

/// A guest that the controller gave a place, until its host has it no more.
struct FleetGuest {
  NodeId node;
  std::string name;
  /// Empty: nobody's.
  std::string owner = {};
  /// Sorted.
  std::vector<std::string> labels = {};
  GuestNeeds needs;
  /// What it is made of, sorted.
  std::vector<Hash> images = {};

  bool operator==(const FleetGuest&) const = default;
};

struct FleetRequest {
  NodeId node;
  Id vm;
  /// Otherwise an order to a guest that is there.
  bool is_placement = false;
  /// What its host had room for it was given back. It may still take it.
  bool is_lapsed = false;
  /// Of the entry that the host is shown.
  std::uint64_t sequence = 0;
  /// Unknown while it is open.
  schema::RequestOutcome outcome{};
  std::string reason = {};
  // Of a change; 0: as it is.
  std::uint16_t vcpus = 0;
  std::uint32_t memory_mb = 0;

  bool operator==(const FleetRequest&) const = default;
};

bool is_open(const FleetRequest& request);

/// Null if the fleet has no such guest there.
const FleetGuest* find_guest(const Fleet& fleet, const Id& vm,
                             const NodeId& node);

/// Whose hosts did not say yet that they took them.
std::set<Id> guests_to_come(const Fleet& fleet);

// -- what is wished -----------------------------------------------------------

struct PlaceGuest {
  /// Ones that never were; see OperatorGate.
  Id request;
  Id vm;
  std::string name;
  VmSpec spec;
  bool start = false;
  std::string owner = {};
  std::vector<std::string> labels = {};
  std::vector<std::string> near = {};
  std::vector<std::string> apart = {};
  bool prefers_accelerator = false;
  /// All that it is made of.
  std::vector<ImageOfGuest> images = {};
};

/// What a guest that is there is to do, or to be.
struct GuestOrder {
  schema::GuestVerb verb{};
  /// Of a stop or a removal: at once.
  bool force = false;
  /// Of a change; nothing: as it is.
  std::optional<std::uint16_t> vcpus = std::nullopt;
  std::optional<std::uint32_t> memory_mb = std::nullopt;
  std::optional<std::uint32_t> floor_mb = std::nullopt;
  std::optional<std::uint16_t> cpu_weight = std::nullopt;

  bool operator==(const GuestOrder&) const = default;
};

struct OrderGuest {
  Id request;
  NodeId node;
  Id vm;
  /// As its host calls it.
  std::string name;
  GuestOrder order;
};

// -- what is decided ----------------------------------------------------------

/// What the guest takes of its host, with QEMU's own.
GuestNeeds needs_of(const PlaceGuest& wish);
PlacementRequest placement_of(const PlaceGuest& wish);

/// What is promised on a host to guests that it does not show yet.
struct Promised {
  std::uint64_t memory_mb = 0;
  std::uint64_t vcpus = 0;
  std::uint64_t disk_mb = 0;
  std::uint64_t guests = 0;

  bool operator==(const Promised&) const = default;
};

/// `shown`: the guests of which nothing is promised any more, for what their
/// host says it has left is without what they take.
std::map<NodeId, Promised> promised_in(const Fleet& fleet,
                                       const std::set<Id>& shown);
/// What is left of the room.
void take_away(HostRoom& room, const Promised& promised);

/// Labels and images of the room, as far as they are of guests of the fleet.
/// What the host may still have to fetch is not among the images.
void add_guests_of(const Fleet& fleet, HostRoom& room);

/// Where it goes and why, recorded; refused if it can go nowhere, with the
/// reasons of all, or its owner may have no more. `rooms` is what hosts have
/// left without what is promised. `where_name_is`: the host that has a guest of
/// that name; empty: none.
Decision decide_place(const Fleet& fleet, const PlaceGuest& wish,
                      std::uint64_t margin_mb,
                      const std::vector<HostRoom>& rooms,
                      const std::string& where_name_is);

/// Refused if that is no member, or the fleet waits for too much already. A
/// change that an owner's quota does not allow is refused too.
Decision decide_order(const Fleet& fleet, const Mesh& mesh,
                      const OrderGuest& wish);

/// What its host made of a request; no drafts if that is not open. So much of
/// the reason is recorded as of a refusal. `sequence` is of the host's ledger.
Decision decide_ended(const Fleet& fleet, const Id& request,
                      schema::RequestOutcome outcome, const std::string& reason,
                      std::uint64_t sequence);

/// The room for it is given back; no drafts if there is none to give.
Decision decide_lapsed(const Fleet& fleet, const Id& request);

/// Hosts that show all they have, and not these guests, of which no request is
/// open.
Decision decide_gone(const Fleet& fleet, const std::set<Id>& vms);

/// What is over with those who are no members any more: their requests, and
/// their guests.
Decision decide_left(const Fleet& fleet, const Mesh& mesh);

/// This node is not the controller any more: what is open is over.
Decision decide_role_lost(const Fleet& fleet);

// -- what is recorded ---------------------------------------------------------

/// All that is open is dropped, for that reason.
void drop_open(Fleet& fleet, const std::string& reason);

Contradiction apply(Fleet& fleet, const schema::Entry& entry,
                    const schema::GuestPlaced& event);
Contradiction apply(Fleet& fleet, const schema::Entry& entry,
                    const schema::GuestOrdered& event);
Contradiction apply(Fleet& fleet, const schema::RequestEnded& event);
Contradiction apply(Fleet& fleet, const schema::RequestLapsed& event);
Contradiction apply(Fleet& fleet, const schema::GuestGone& event);

/// Nothing unless they are just the images that a guest like that is made of.
std::optional<std::vector<ImageOfGuest>> read_images(
    const schema::GuestPlaced& event, const VmSpec& spec);

/// What a record says of an order; nothing if it is none that can be.
std::optional<GuestOrder> read_order(const schema::GuestOrdered& event);

using StoredLabels =
    flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;
/// Nothing if they are too many, or not sorted, or one is none.
std::optional<std::vector<std::string>> read_labels(const StoredLabels* stored);

}  // namespace ppn::events
