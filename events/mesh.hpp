// The mesh: who belongs to it, under which name, address and keys, and who has
// which role. The authority alone decides; everybody else takes its entries,
// one version after the other.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/device.hpp"
#include "events/ip.hpp"
#include "events/moment.hpp"
#include "schema/entry_generated.h"
#include "schema/fixed_bytes.hpp"

namespace ppn::events {

/// That of the first epoch.
inline constexpr const char* roster_stream = "roster";

/// That of a later one, which a member began.
std::string roster_stream_of(std::uint64_t epoch, const NodeId& recovered_by);
/// The epoch that a stream is of; nothing if it is none of a roster.
std::optional<std::uint64_t> epoch_of(std::string_view stream);

/// An entry of the roster with its signature fits a frame. The limits below
/// keep every one that small.
inline constexpr std::size_t roster_entry_max = 900;
inline constexpr std::size_t endpoints_max = 4;
inline constexpr std::size_t name_max = 63;
inline constexpr std::size_t reason_max = 120;
/// Of a former member: the one before its last, and one announced.
inline constexpr std::size_t other_tunnel_keys_max = 2;
/// How long the address of a removed member is nobody's.
inline constexpr std::int64_t quarantine_ns = 24LL * 3600 * 1'000'000'000;

/// 1 to 63 of a-z, 0-9 and inner hyphens.
bool is_member_name(std::string_view name);

struct Member {
  std::string name;
  /// Signs its entries and frames.
  PublicKey key;
  TunnelKey tunnel_key;
  IpAddress address;
  /// In a mesh that has a range of IPv6.
  std::optional<IpAddress> address6;
  std::vector<Endpoint> endpoints;
  /// Announced, and not in use as far as the authority knows.
  std::optional<TunnelKey> next_tunnel_key = std::nullopt;
  /// The one before tunnel_key.
  std::optional<TunnelKey> last_tunnel_key = std::nullopt;
  /// When a key was announced last, by the authority's clock; 0: never.
  std::int64_t key_announced_ns = 0;

  bool operator==(const Member&) const = default;
};

/// What is kept of a member that was removed or replaced.
struct FormerMember {
  std::string name;
  PublicKey key;
  TunnelKey tunnel_key;
  IpAddress address;
  /// When the authority removed it, by its clock.
  std::int64_t removed_ns = 0;
  /// The address went on to a new identity.
  bool replaced = false;
  /// Others that were its own, or announced.
  std::vector<TunnelKey> other_tunnel_keys = {};

  bool operator==(const FormerMember&) const = default;
};

/// Who has what only one may have; all of it follows from the members, and from
/// those that were.
struct Holders {
  std::map<std::string, NodeId, std::less<>> names;
  std::map<IpAddress, NodeId> addresses;
  /// Also those of former members, for ever.
  std::map<PublicKey, NodeId> keys;
  std::map<TunnelKey, NodeId> tunnel_keys;

  bool operator==(const Holders&) const = default;
};

/// What came so far of the roster of a new epoch.
struct Restating {
  NodeId hub;
  NodeId controller;
  /// How many are still to come.
  std::uint32_t members_left = 0;
  std::uint32_t former_left = 0;
  std::map<NodeId, Member> members;
  std::map<NodeId, FormerMember> former;
  Holders holders;

  bool operator==(const Restating&) const = default;
};

struct Mesh {
  Id id;
  std::string name;
  IpRange range;
  std::optional<IpRange> range6;
  PublicKey recovery_key;
  /// Of the newest entry of the roster, in its epoch; 0: this node is in no
  /// mesh.
  std::uint64_t version = 0;
  /// Rises with each recovery.
  std::uint64_t epoch = 0;
  /// Who began it; nobody the first.
  NodeId recovered_by;
  NodeId authority;
  NodeId hub;
  NodeId controller;
  /// Who had that role before; nobody: it never moved.
  NodeId former_controller;
  /// Place of the roster at which it came to who has it.
  std::uint64_t controller_epoch = 0;
  std::uint64_t controller_version = 0;
  std::map<NodeId, Member> members;
  std::map<NodeId, FormerMember> former;
  Holders holders;
  /// Set from a recovery on until all that it restates came. What stands above
  /// is that of the epoch before, but for version, epoch and authority.
  std::optional<Restating> restating;

  [[nodiscard]] bool founded() const { return version != 0; }
  /// Null if it is no member.
  [[nodiscard]] const Member* find(const NodeId& node) const;
  /// The authority's own, which may be known only since it recovered the mesh.
  /// Null if nobody has the role.
  [[nodiscard]] const Member* authority_member() const;
  /// Nothing if no member has that name.
  [[nodiscard]] std::optional<NodeId> named(std::string_view wanted) const;
  [[nodiscard]] schema::Role roles_of(const NodeId& node) const;

  bool operator==(const Mesh&) const = default;
};

/// A node as it introduces itself, before it has an address.
struct Newcomer {
  NodeId node;
  std::string name;
  PublicKey key;
  TunnelKey tunnel_key;
  std::vector<Endpoint> endpoints;
};

/// All members.
std::set<NodeId> nodes_of(const Mesh& mesh);

/// Where a roster is: its epoch, and its version in that.
struct RosterPlace {
  std::uint64_t epoch = 0;
  std::uint64_t version = 0;

  auto operator<=>(const RosterPlace&) const = default;
};

inline RosterPlace place_of(const Mesh& mesh) {
  return {mesh.epoch, mesh.version};
}

inline std::string roster_stream_of(const Mesh& mesh) {
  return roster_stream_of(mesh.epoch, mesh.recovered_by);
}

// -- commands of the operator of the authority --------------------------------

struct FoundMesh {
  Id mesh;
  std::string name;
  IpRange range;
  std::optional<IpRange> range6;
  PublicKey recovery_key;
  Newcomer founder;
};

struct AddMember {
  Newcomer newcomer;
};

struct ReplaceMember {
  NodeId old;
  Newcomer newcomer;
};

struct RemoveMember {
  NodeId node;
  std::string reason;
  /// It may hold a role, which stops with it.
  bool force = false;
};

/// Of one that was admitted and never came: it may be admitted again, as may
/// any other with what it had.
struct TakeBack {
  NodeId node;
};

struct MoveRole {
  schema::Role role{};
  NodeId to;
};

struct ChangeEndpoints {
  NodeId node;
  std::vector<Endpoint> endpoints;
};

/// The one that any member's operator may give who has the recovery key.
struct RecoverMesh {
  /// Who becomes the authority: the node that decides.
  NodeId node;
  std::uint64_t epoch = 0;
  /// The recovery key's; see schema/recovery_statement.hpp. Checked already.
  Signature signature;
};

using MeshCommand =
    std::variant<FoundMesh, AddMember, ReplaceMember, RemoveMember, TakeBack,
                 MoveRole, ChangeEndpoints, RecoverMesh>;

/// `self` is the node that decides: refused unless it is the authority, founds
/// a mesh and is in none, or recovers the one that it is in.
Decision decide(const Mesh& mesh, const NodeId& self,
                const MeshCommand& command, const Moment& now);

/// What a command will do, in words, one line each.
std::vector<std::string> in_words(const Mesh& mesh, const MeshCommand& command,
                                  const Moment& now);

/// "authority, hub"; empty for no role.
std::string in_words(schema::Role roles);

/// What does not work as long as nobody has these roles.
std::string what_stops(schema::Role roles);

/// The lowest address of the range that is free. Never given are the first and
/// the last of the range, and those of members removed less than a quarantine
/// ago; a clock that nobody synchronised ends no quarantine.
std::optional<IpAddress> free_address(const Mesh& mesh, const Moment& now);

/// Every key that its tunnels have, had last or are to have.
std::vector<TunnelKey> tunnel_keys_of(const Member& member);

/// Makes it a member, or a former one. False, and the mesh is not to be used
/// any more, if something of it is another's.
bool enlist(Mesh& mesh, const NodeId& node, const Member& member);
bool keep_in_mind(Mesh& mesh, const NodeId& node, const FormerMember& gone);

/// Why something is refused to who is none.
std::string not_a_member(const NodeId& node);

// -- what happened to a mesh --------------------------------------------------
//
// Each is refused, and changes nothing, if it can not be.

Contradiction found(Mesh& mesh, const FoundMesh& founding,
                    const Member& founder);
Contradiction add(Mesh& mesh, const NodeId& node, const Member& member);
/// One that was removed or replaced before.
Contradiction add_former(Mesh& mesh, const NodeId& node,
                         const FormerMember& gone);
Contradiction remove(Mesh& mesh, const NodeId& node, std::int64_t utc_ns);
/// As if it had not been added. Refused if it has a role.
Contradiction take_back(Mesh& mesh, const NodeId& node);
Contradiction replace(Mesh& mesh, const NodeId& old, const NodeId& node,
                      const Member& member, std::int64_t utc_ns);
Contradiction move_role(Mesh& mesh, schema::Role role, const NodeId& to);
Contradiction change_endpoints(Mesh& mesh, const NodeId& node,
                               const std::vector<Endpoint>& endpoints);

/// Another authority, in another epoch. Its entries are signed by the key that
/// it has here.
struct Recovery {
  Id mesh;
  std::uint64_t epoch = 0;
  NodeId node;
  Member authority;
  NodeId hub;
  NodeId controller;
  std::uint32_t members = 0;
  std::uint32_t former = 0;
};

Contradiction recover(Mesh& mesh, const Recovery& recovery);
Contradiction restate(Mesh& mesh, const NodeId& node, const Member& member);
Contradiction restate(Mesh& mesh, const NodeId& node, const FormerMember& gone);

}  // namespace ppn::events
