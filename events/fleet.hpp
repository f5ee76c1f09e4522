// The fleet: the nodes of the mesh as the controller has them, as hosts of
// guests. What it records of each is what the operator lets it be used for, and
// whether it is silent; and beside them what was asked of the fleet, see
// events/fleet_request.hpp.
#pragma once

#include <map>
#include <optional>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/fleet_request.hpp"
#include "events/mesh.hpp"
#include "events/moment.hpp"
#include "schema/entry_generated.h"

namespace ppn::events {

inline constexpr const char* fleet_stream = "fleet";

/// One that falls silent more often within an hour is not recorded any more
/// until the next one.
inline constexpr std::uint32_t silences_an_hour = 10;

struct FleetHost {
  bool is_drained = false;
  bool is_reserved = false;
  bool is_silent = false;
  /// When it fell silent last, by this node's clock.
  std::int64_t silent_ns = 0;
  std::uint32_t silences_in_hour = 0;
  /// What it may be used for was decided in this term.
  bool is_decided = false;

  bool operator==(const FleetHost&) const = default;
};

/// From where on in the roster a node is the controller.
struct FleetTerm {
  std::uint64_t epoch = 0;
  std::uint64_t version = 0;

  auto operator<=>(const FleetTerm&) const = default;
};

struct Fleet {
  FleetTerm term;
  /// The controller before, once what it left is taken in this term.
  std::optional<NodeId> taken_from;
  /// Of a host that is not in it nothing was ever recorded.
  std::map<NodeId, FleetHost> hosts;
  /// Those that the controller gave a place.
  std::map<Id, FleetGuest> guests;
  /// Those that are open, and the newest of the others.
  std::map<Id, FleetRequest> requests;
  /// By the owner.
  std::map<std::string, Quota> quotas;

  bool operator==(const Fleet&) const = default;
};

/// Of this mesh's controller, whoever that is.
FleetTerm term_of(const Mesh& mesh);

/// What was recorded in an earlier term is nobody's decision any more. No
/// drafts if it began already.
Decision decide_term(const Fleet& fleet, const FleetTerm& term);

/// So many guests are in one entry at most, and fewer if they have many labels.
inline constexpr std::size_t guests_taken_max = 128;

/// What the controller before left.
struct FleetLegacy {
  NodeId from;
  /// Entries of its ledger.
  std::uint64_t size = 0;
  std::map<NodeId, FleetHost> hosts = {};
  std::map<Id, FleetGuest> guests = {};
  std::map<std::string, Quota> quotas = {};
};

/// Taken as far as nothing else was decided in this term; some entries, since
/// it may be much. No drafts if it was taken already.
Decision decide_taken(const Fleet& fleet, const FleetLegacy& legacy);

/// Of a host that may not be in it.
FleetHost host_of(const Fleet& fleet, const NodeId& node);

/// What is to be changed of it; nothing: as it is.
struct UseHost {
  NodeId node;
  std::optional<bool> drained = std::nullopt;
  std::optional<bool> reserved = std::nullopt;
};

/// Refused if it is no member, or that would change nothing.
Decision decide_use(const Fleet& fleet, const Mesh& mesh, const UseHost& wish);

/// Which hosts are silent now, of those that are members.
using SilentHosts = std::map<NodeId, bool>;

/// What of it is not recorded yet, unless it changes too often.
Decision decide_silence(const Fleet& fleet, const SilentHosts& silent,
                        const Moment& now);

Contradiction apply(Fleet& fleet, const schema::HostUseSet& event);
Contradiction apply(Fleet& fleet, const schema::Entry& entry,
                    const schema::HostFellSilent& event);
Contradiction apply(Fleet& fleet, const schema::HostHeardAgain& event);
Contradiction apply(Fleet& fleet, const schema::FleetTermBegun& event);
Contradiction apply(Fleet& fleet, const schema::FleetTaken& event);

}  // namespace ppn::events
