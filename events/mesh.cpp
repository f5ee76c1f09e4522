#include "events/mesh.hpp"

#include <algorithm>
#include <set>

#include "events/recovery.hpp"
#include "events/stored_address.hpp"
#include "events/stored_member.hpp"

namespace ppn::events {

namespace {

using schema::Role;

constexpr std::uint8_t range_length_min = 8;
constexpr std::uint8_t range_length_max = 30;
constexpr std::uint8_t range6_length_min = 32;
/// What is left has room for every place in a range of IPv4.
constexpr std::uint8_t range6_length_max = 96;

bool has(Role roles, Role role) { return (roles & role) == role; }

NodeId* holder_of(Mesh& mesh, Role role) {
  switch (role) {
    case Role::authority:
      return &mesh.authority;
    case Role::hub:
      return &mesh.hub;
    case Role::controller:
      return &mesh.controller;
    default:
      return nullptr;
  }
}

std::uint32_t number_of(const IpAddress& address) {
  std::uint32_t number = 0;
  for (auto byte : address.view().first<4>()) number = number << 8U | byte;
  return number;
}

std::vector<TunnelKey> tunnel_keys_of(const FormerMember& gone) {
  auto keys = gone.other_tunnel_keys;
  keys.push_back(gone.tunnel_key);
  return keys;
}

/// False if one of them is somebody's already.
bool hold_all(Holders& holders, const std::vector<TunnelKey>& keys,
              const NodeId& node) {
  return std::all_of(keys.begin(), keys.end(), [&](const TunnelKey& key) {
    return holders.tunnel_keys.emplace(key, node).second;
  });
}

/// The address so many places after the first of a range.
IpAddress at(const IpRange& range, std::uint32_t offset) {
  auto address = range.first().address;
  for (auto i = address.view().size(); offset != 0 && i-- > 0; offset >>= 8U)
    address.bytes[i] |= static_cast<std::uint8_t>(offset & 0xffU);
  return address;
}

std::uint32_t offset_in(const IpRange& range, const IpAddress& address) {
  return number_of(address) - number_of(range.first().address);
}

std::uint64_t size_of(const IpRange& range) {
  return std::uint64_t{1} << (32U - range.length);
}

// -- what may be a member -----------------------------------------------------

constexpr const char* no_member_name =
    "a name is 1 to 63 of a-z, 0-9 and inner hyphens";

Contradiction check_range(const IpRange& range,
                          const std::optional<IpRange>& range6) {
  if (range.address.is_v6) return "the first range must be one of IPv4";
  if (range.length < range_length_min || range.length > range_length_max)
    return "a range of IPv4 has a length of 8 to 30";
  if (range != range.first())
    return range.text() + " is no range: it begins at " + range.first().text();
  if (!range6) return {};
  if (!range6->address.is_v6) return "the second range must be one of IPv6";
  if (range6->length < range6_length_min ||
      range6->length > range6_length_max || *range6 != range6->first())
    return "a range of IPv6 begins at its first address, and has a length of "
           "32 to 96";
  return {};
}

Contradiction check_address(const Mesh& mesh, const Member& member) {
  auto offset = offset_in(mesh.range, member.address);
  if (!mesh.range.contains(member.address) || offset == 0 ||
      offset == size_of(mesh.range) - 1)
    return member.address.text() + " is no address of the mesh's range " +
           mesh.range.text();
  auto address6 = mesh.range6 ? std::optional{at(*mesh.range6, offset)}
                              : std::nullopt;
  if (member.address6 != address6)
    return "the address of IPv6 must be the one that goes with " +
           member.address.text();
  return {};
}

Contradiction check_endpoints(const std::vector<Endpoint>& endpoints) {
  if (endpoints.size() > endpoints_max)
    return "a member has at most " + std::to_string(endpoints_max) +
           " endpoints";
  for (const auto& endpoint : endpoints)
    if (endpoint.port == 0) return "an endpoint needs a port";
  return {};
}

template <class What>
std::optional<NodeId> holder_in(const std::map<What, NodeId>& holders,
                                const What& what) {
  auto found = holders.find(what);
  return found == holders.end() ? std::nullopt : std::optional{found->second};
}

Contradiction check_unique(const Mesh& mesh, const NodeId& node,
                           const Member& member) {
  // It stands for nobody where a role is nobody's.
  if (node == NodeId{}) return "a node id of zeros is none";
  if (mesh.members.contains(node)) return node.hex() + " is a member already";
  if (mesh.former.contains(node))
    return node.hex() +
           " was removed, and does not come back under that "
           "identity: give it a new state directory";
  const auto& holders = mesh.holders;
  if (holders.names.contains(member.name))
    return "there is a member of the name " + member.name;
  if (auto there = holder_in(holders.addresses, member.address))
    return mesh.find(*there)->name + " has the address " +
           member.address.text();
  auto same_key = holder_in(holders.keys, member.key);
  for (const auto& key : tunnel_keys_of(member))
    if (!same_key) same_key = holder_in(holders.tunnel_keys, key);
  if (!same_key) return {};
  if (const auto* there = mesh.find(*same_key))
    return there->name + " has the same key";
  return "its key is that of " + mesh.former.at(*same_key).name +
         ", which was removed";
}

Contradiction check_member(const Mesh& mesh, const NodeId& node,
                           const Member& member) {
  if (!is_member_name(member.name)) return no_member_name;
  if (auto wrong = check_address(mesh, member)) return wrong;
  if (auto wrong = check_endpoints(member.endpoints)) return wrong;
  auto keys = tunnel_keys_of(member);
  if (std::set(keys.begin(), keys.end()).size() != keys.size())
    return "one key is named twice";
  return check_unique(mesh, node, member);
}

// -- decisions ----------------------------------------------------------------

template <class Event>
std::vector<Draft> draft_of(const Mesh& mesh, Event event) {
  std::vector<Draft> drafts(1);
  drafts[0].stream = roster_stream_of(mesh);
  drafts[0].payload.Set(std::move(event));
  return drafts;
}

Member member_of(const Newcomer& newcomer, const IpAddress& address,
                 const Mesh& mesh) {
  Member member{newcomer.name, newcomer.key, newcomer.tunnel_key,
                address,       {},           newcomer.endpoints};
  if (mesh.range6)
    member.address6 = at(*mesh.range6, offset_in(mesh.range, address));
  return member;
}

Refusal range_is_full(const Mesh& mesh) {
  return {"the range " + mesh.range.text() +
          " is full: no address is free, and those of removed members rest "
          "for 24 hours, by a clock that is synchronised"};
}

Decision decide(Mesh mesh, const FoundMesh& founding, const Moment&) {
  if (mesh.founded())
    return Refusal{"this node is in the mesh " + mesh.name + " already"};
  if (auto wrong = check_range(founding.range, founding.range6))
    return Refusal{*wrong};
  Mesh empty;
  empty.range = founding.range;
  empty.range6 = founding.range6;
  auto founder = member_of(founding.founder, at(founding.range, 1), empty);
  if (auto wrong = found(mesh, founding, founder)) return Refusal{*wrong};
  schema::MeshFoundedT event;
  event.mesh = std::make_unique<schema::Id>(founding.mesh.stored());
  event.name = founding.name;
  event.range = stored(founding.range);
  if (founding.range6) event.range6 = stored(*founding.range6);
  event.recovery_key =
      std::make_unique<schema::PublicKey>(founding.recovery_key.stored());
  event.founder = stored(founding.founder.node, founder);
  return draft_of(mesh, std::move(event));
}

Decision decide(Mesh mesh, const AddMember& command, const Moment& now) {
  auto address = free_address(mesh, now);
  if (!address) return range_is_full(mesh);
  auto member = member_of(command.newcomer, *address, mesh);
  if (auto wrong = add(mesh, command.newcomer.node, member))
    return Refusal{*wrong};
  schema::MemberAddedT event;
  event.member = stored(command.newcomer.node, member);
  return draft_of(mesh, std::move(event));
}

/// The newcomer's, or else those of whom it replaces.
std::vector<Endpoint> endpoints_of(const Mesh& mesh,
                                   const ReplaceMember& command) {
  const auto& given = command.newcomer.endpoints;
  const auto* old = mesh.find(command.old);
  return given.empty() && old != nullptr ? old->endpoints : given;
}

Decision decide(Mesh mesh, const ReplaceMember& command, const Moment& now) {
  const auto* old = mesh.find(command.old);
  if (old == nullptr) return Refusal{not_a_member(command.old)};
  auto member = member_of(command.newcomer, old->address, mesh);
  member.name = old->name;
  member.endpoints = endpoints_of(mesh, command);
  if (auto wrong =
          replace(mesh, command.old, command.newcomer.node, member, now.utc_ns))
    return Refusal{*wrong};
  schema::MemberReplacedT event;
  event.old = std::make_unique<schema::NodeId>(command.old.stored());
  event.member = stored(command.newcomer.node, member);
  return draft_of(mesh, std::move(event));
}

Decision decide(Mesh mesh, const RemoveMember& command, const Moment& now) {
  if (command.reason.size() > reason_max)
    return Refusal{"the reason is longer than " + std::to_string(reason_max) +
                   " bytes"};
  auto roles = mesh.roles_of(command.node);
  if (auto wrong = remove(mesh, command.node, now.utc_ns))
    return Refusal{*wrong};
  if (roles != Role{} && !command.force)
    return Refusal{"it is the " + in_words(roles) +
                   ": move that to another member first, or force it and " +
                   what_stops(roles)};
  schema::MemberRemovedT event;
  event.node = std::make_unique<schema::NodeId>(command.node.stored());
  event.reason = command.reason;
  return draft_of(mesh, std::move(event));
}

Decision decide(Mesh mesh, const TakeBack& command, const Moment&) {
  if (auto wrong = take_back(mesh, command.node)) return Refusal{*wrong};
  schema::MemberRemovedT event;
  event.node = std::make_unique<schema::NodeId>(command.node.stored());
  event.reason = "it never came";
  event.never_came = true;
  return draft_of(mesh, std::move(event));
}

Decision decide(Mesh mesh, const MoveRole& command, const Moment&) {
  if (auto wrong = move_role(mesh, command.role, command.to))
    return Refusal{*wrong};
  schema::RoleMovedT event;
  event.role = command.role;
  event.to = std::make_unique<schema::NodeId>(command.to.stored());
  return draft_of(mesh, std::move(event));
}

Decision decide(Mesh mesh, const ChangeEndpoints& command, const Moment&) {
  if (auto wrong = change_endpoints(mesh, command.node, command.endpoints))
    return Refusal{*wrong};
  schema::EndpointsChangedT event;
  event.node = std::make_unique<schema::NodeId>(command.node.stored());
  event.endpoints = stored(command.endpoints);
  return draft_of(mesh, std::move(event));
}

Decision decide(const Mesh& mesh, const RecoverMesh& command, const Moment&) {
  return decide_recovery(mesh, command);
}

// -- in words -----------------------------------------------------------------

std::string at_endpoints(const std::vector<Endpoint>& endpoints) {
  std::string words;
  for (const auto& endpoint : endpoints)
    words += (words.empty() ? "" : ", ") + endpoint.text();
  return words.empty() ? "no endpoint" : words;
}

std::vector<std::string> words_for(const Mesh&, const FoundMesh& founding,
                                   const Moment&) {
  auto founder = at(founding.range, 1);
  return {"found the mesh " + founding.name + " with the addresses " +
              founding.range.text() +
              (founding.range6 ? " and " + founding.range6->text() : ""),
          founding.founder.name + " is its authority, hub and controller, at " +
              founder.text() + ", reached at " +
              at_endpoints(founding.founder.endpoints)};
}

std::vector<std::string> words_for(const Mesh& mesh, const AddMember& command,
                                   const Moment& now) {
  auto address = free_address(mesh, now);
  const auto& newcomer = command.newcomer;
  return {"add " + newcomer.name + " to the mesh " + mesh.name + " at " +
              (address ? address->text() : "no address"),
          "its node id is " + newcomer.node.hex() + ", its signing key " +
              newcomer.key.hex()};
}

std::vector<std::string> words_for(const Mesh& mesh,
                                   const ReplaceMember& command,
                                   const Moment&) {
  return {"replace " + name_of(mesh, command.old) + " by the node " +
              command.newcomer.node.hex() +
              ", which gets its name, its address and its roles",
          "it is reached at " + at_endpoints(endpoints_of(mesh, command)),
          "no member will speak to the old one any more"};
}

std::vector<std::string> words_for(const Mesh& mesh,
                                   const RemoveMember& command, const Moment&) {
  std::vector<std::string> words{"remove " + name_of(mesh, command.node) +
                                 " from the mesh " + mesh.name + ": " +
                                 command.reason};
  auto roles = mesh.roles_of(command.node);
  if (roles != Role{}) words.push_back(what_stops(roles));
  return words;
}

std::vector<std::string> words_for(const Mesh& mesh, const TakeBack& command,
                                   const Moment&) {
  return {"take back that " + name_of(mesh, command.node) +
          " was added to the mesh " + mesh.name + ": it never came"};
}

std::vector<std::string> words_for(const Mesh& mesh, const MoveRole& command,
                                   const Moment&) {
  auto to = name_of(mesh, command.to);
  std::vector<std::string> words{"make " + to + " the " +
                                 in_words(command.role)};
  if (command.role == Role::authority)
    words.push_back("from then on only the operator of " + to +
                    " admits and removes members");
  if (command.role == Role::hub)
    words.push_back("what can not go directly goes by " + to);
  return words;
}

std::vector<std::string> words_for(const Mesh& mesh,
                                   const ChangeEndpoints& command,
                                   const Moment&) {
  return {name_of(mesh, command.node) + " is reached at " +
          at_endpoints(command.endpoints)};
}

std::vector<std::string> words_for(const Mesh& mesh, const RecoverMesh& command,
                                   const Moment&) {
  return recovery_in_words(mesh, command);
}

}  // namespace

std::string not_a_member(const NodeId& node) {
  return node.hex() + " is not a member";
}

bool is_member_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= name_max && name.front() != '-' &&
         name.back() != '-' && std::all_of(name.begin(), name.end(), allowed);
}

std::string in_words(Role roles) {
  std::string words;
  auto note = [&](Role role, const char* name) {
    if (has(roles, role))
      words += (words.empty() ? "" : ", ") + std::string{name};
  };
  note(Role::authority, "authority");
  note(Role::hub, "hub");
  note(Role::controller, "controller");
  return words;
}

std::string what_stops(Role roles) {
  std::string words;
  auto note = [&](Role role, const char* stops) {
    if (has(roles, role))
      words += (words.empty() ? "" : "; ") + std::string{stops};
  };
  note(Role::authority, "nobody can change the mesh");
  note(Role::hub,
       "members that can not reach each other directly lose each "
       "other");
  note(Role::controller, "no guest is placed on any node");
  return words;
}

const Member* Mesh::find(const NodeId& node) const {
  auto found = members.find(node);
  return found == members.end() ? nullptr : &found->second;
}

const Member* Mesh::authority_member() const {
  if (!restating) return find(authority);
  return &restating->members.at(authority);
}

std::optional<NodeId> Mesh::named(std::string_view wanted) const {
  auto found = holders.names.find(wanted);
  return found == holders.names.end() ? std::nullopt
                                      : std::optional{found->second};
}

Role Mesh::roles_of(const NodeId& node) const {
  Role roles{};
  if (!members.contains(node)) return roles;
  if (authority == node) roles |= Role::authority;
  if (hub == node) roles |= Role::hub;
  if (controller == node) roles |= Role::controller;
  return roles;
}

std::optional<IpAddress> free_address(const Mesh& mesh, const Moment& now) {
  std::set<IpAddress> resting;
  for (const auto& [node, gone] : mesh.former) {
    bool rested = now.synchronised &&
                  gone.removed_ns <= now.utc_ns - quarantine_ns;
    if (!rested) resting.insert(gone.address);
  }
  for (std::uint32_t offset = 1; offset + 1 < size_of(mesh.range); ++offset) {
    auto address = at(mesh.range, offset);
    if (!mesh.holders.addresses.contains(address) && !resting.contains(address))
      return address;
  }
  return std::nullopt;
}

std::set<NodeId> nodes_of(const Mesh& mesh) {
  std::set<NodeId> nodes;
  for (const auto& [node, member] : mesh.members)
    nodes.emplace_hint(nodes.end(), node);
  return nodes;
}

std::vector<TunnelKey> tunnel_keys_of(const Member& member) {
  std::vector<TunnelKey> keys{member.tunnel_key};
  for (const auto& other : {member.next_tunnel_key, member.last_tunnel_key})
    if (other) keys.push_back(*other);
  return keys;
}

bool enlist(Mesh& mesh, const NodeId& node, const Member& member) {
  auto& holders = mesh.holders;
  return mesh.members.emplace(node, member).second &&
         holders.names.emplace(member.name, node).second &&
         holders.addresses.emplace(member.address, node).second &&
         holders.keys.emplace(member.key, node).second &&
         hold_all(holders, tunnel_keys_of(member), node);
}

bool keep_in_mind(Mesh& mesh, const NodeId& node, const FormerMember& gone) {
  auto& holders = mesh.holders;
  return mesh.former.emplace(node, gone).second &&
         holders.keys.emplace(gone.key, node).second &&
         hold_all(holders, tunnel_keys_of(gone), node);
}

// -- what happened to a mesh --------------------------------------------------

Contradiction found(Mesh& mesh, const FoundMesh& founding,
                    const Member& founder) {
  if (mesh.founded()) return "the mesh is founded already";
  if (auto wrong = check_range(founding.range, founding.range6)) return wrong;
  if (!is_member_name(founding.name))
    return "the name of a mesh is 1 to 63 of a-z, 0-9 and inner hyphens";
  Mesh fresh;
  fresh.id = founding.mesh;
  fresh.name = founding.name;
  fresh.range = founding.range;
  fresh.range6 = founding.range6;
  fresh.recovery_key = founding.recovery_key;
  const auto& node = founding.founder.node;
  if (auto wrong = check_member(fresh, node, founder)) return wrong;
  enlist(fresh, node, founder);
  fresh.authority = fresh.hub = fresh.controller = node;
  fresh.epoch = 1;
  mesh = std::move(fresh);
  return {};
}

Contradiction add(Mesh& mesh, const NodeId& node, const Member& member) {
  if (auto wrong = check_member(mesh, node, member)) return wrong;
  enlist(mesh, node, member);
  return {};
}

Contradiction add_former(Mesh& mesh, const NodeId& node,
                         const FormerMember& gone) {
  if (node == NodeId{} || mesh.members.contains(node) ||
      mesh.former.contains(node))
    return node.hex() +
           " can not be a former member: it is one already, or a "
           "member";
  if (!is_member_name(gone.name)) return no_member_name;
  auto keys = tunnel_keys_of(gone);
  auto is_held = [&](const TunnelKey& key) {
    return mesh.holders.tunnel_keys.contains(key);
  };
  if (mesh.holders.keys.contains(gone.key) ||
      std::any_of(keys.begin(), keys.end(), is_held) ||
      std::set(keys.begin(), keys.end()).size() != keys.size())
    return "two that are or were members have the same key";
  keep_in_mind(mesh, node, gone);
  return {};
}

Contradiction remove(Mesh& mesh, const NodeId& node, std::int64_t utc_ns) {
  auto found = mesh.members.find(node);
  if (found == mesh.members.end()) return not_a_member(node);
  if (node == mesh.authority)
    return "the authority can not remove itself: move that role to another "
           "member first";
  const auto& member = found->second;
  auto keys = tunnel_keys_of(member);
  mesh.former[node] = {member.name,
                       member.key,
                       member.tunnel_key,
                       member.address,
                       utc_ns,
                       false,
                       {keys.begin() + 1, keys.end()}};
  if (mesh.hub == node) mesh.hub = {};
  if (mesh.controller == node) mesh.controller = {};
  // Its keys stay in mind with it.
  mesh.holders.names.erase(member.name);
  mesh.holders.addresses.erase(member.address);
  mesh.members.erase(found);
  return {};
}

Contradiction take_back(Mesh& mesh, const NodeId& node) {
  const auto* member = mesh.find(node);
  if (member == nullptr) return not_a_member(node);
  if (mesh.roles_of(node) != Role{})
    return "it came: it is the " + in_words(mesh.roles_of(node));
  auto& holders = mesh.holders;
  for (const auto& key : tunnel_keys_of(*member))
    holders.tunnel_keys.erase(key);
  holders.keys.erase(member->key);
  holders.addresses.erase(member->address);
  holders.names.erase(member->name);
  mesh.members.erase(node);
  return {};
}

Contradiction replace(Mesh& mesh, const NodeId& old, const NodeId& node,
                      const Member& member, std::int64_t utc_ns) {
  const auto* gone = mesh.find(old);
  if (gone == nullptr) return not_a_member(old);
  if (gone->name != member.name || gone->address != member.address)
    return "who takes a member's place takes its name and its address";
  auto after = mesh;
  auto roles = mesh.roles_of(old);
  if (auto wrong = remove(after, old, utc_ns)) return wrong;
  if (auto wrong = add(after, node, member)) return wrong;
  after.former.at(old).replaced = true;
  if (has(roles, Role::hub)) after.hub = node;
  if (has(roles, Role::controller)) after.controller = node;
  mesh = std::move(after);
  return {};
}

Contradiction move_role(Mesh& mesh, Role role, const NodeId& to) {
  auto* holder = holder_of(mesh, role);
  if (holder == nullptr) return "there is no such role";
  if (!mesh.members.contains(to)) return not_a_member(to);
  if (*holder == to) return "it is the " + in_words(role) + " already";
  *holder = to;
  return {};
}

Contradiction change_endpoints(Mesh& mesh, const NodeId& node,
                               const std::vector<Endpoint>& endpoints) {
  auto found = mesh.members.find(node);
  if (found == mesh.members.end()) return not_a_member(node);
  if (auto wrong = check_endpoints(endpoints)) return wrong;
  if (found->second.endpoints == endpoints)
    return "these are its endpoints already";
  found->second.endpoints = endpoints;
  return {};
}

// -- decisions ----------------------------------------------------------------

Decision decide(const Mesh& mesh, const NodeId& self,
                const MeshCommand& command, const Moment& now) {
  if (!std::holds_alternative<FoundMesh>(command)) {
    if (!mesh.founded())
      return Refusal{
          "this node is in no mesh: found one with `ppnctl mesh "
          "init`, or import the roster of one"};
    if (const auto* recovery = std::get_if<RecoverMesh>(&command)) {
      if (recovery->node != self)
        return Refusal{"a mesh is recovered by who becomes its authority"};
    } else if (mesh.authority != self)
      return Refusal{"only the authority changes the mesh: do this on " +
                     authority_name(mesh)};
  }
  return std::visit([&](const auto& one) { return decide(mesh, one, now); },
                    command);
}

std::vector<std::string> in_words(const Mesh& mesh, const MeshCommand& command,
                                  const Moment& now) {
  return std::visit([&](const auto& one) { return words_for(mesh, one, now); },
                    command);
}

}  // namespace ppn::events
