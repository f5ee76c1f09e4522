#include "events/recovery.hpp"

#include <charconv>

#include "events/stored_member.hpp"

namespace ppn::events {

namespace {

constexpr std::uint64_t first_epoch = 1;
const std::string later_streams = std::string{roster_stream} + "/";
constexpr std::size_t digits_of_id = 2 * NodeId::size;

/// Members and former ones of the same ranges, and none yet.
Mesh without_members(const Mesh& mesh) {
  Mesh blank;
  blank.range = mesh.range;
  blank.range6 = mesh.range6;
  return blank;
}

void exchange_members(Mesh& mesh, Restating& restating) {
  std::swap(mesh.members, restating.members);
  std::swap(mesh.former, restating.former);
  std::swap(mesh.holders, restating.holders);
}

/// Does something to the members that came so far.
template <class Change>
Contradiction change_restated(Mesh& mesh, Change change) {
  auto blank = without_members(mesh);
  exchange_members(blank, *mesh.restating);
  auto wrong = change(blank);
  exchange_members(blank, *mesh.restating);
  return wrong;
}

/// A role goes on only with who is a member still.
NodeId still_member(const Mesh& mesh, const NodeId& node) {
  return mesh.members.contains(node) ? node : NodeId{};
}

/// All came: from now on it is the roster.
void take_over_if_whole(Mesh& mesh) {
  auto& restating = *mesh.restating;
  if (entries_left(restating) != 0) return;
  exchange_members(mesh, restating);
  mesh.hub = still_member(mesh, restating.hub);
  mesh.controller = still_member(mesh, restating.controller);
  mesh.restating.reset();
}

std::string epoch_in_words(std::uint64_t epoch) {
  return "epoch " + std::to_string(epoch);
}

template <class Event>
void add_draft(std::vector<Draft>& drafts, const RecoverMesh& command,
               Event event) {
  auto& draft = drafts.emplace_back(
      Draft{roster_stream_of(command.epoch, command.node), {}});
  draft.payload.Set(std::move(event));
}

/// What a recovery by a member would be.
Recovery recovery_of(const Mesh& mesh, const RecoverMesh& command) {
  auto authority = mesh.members.at(command.node);
  // The entry has no room for what nobody needs, nor for all endpoints beside
  // another key.
  authority.last_tunnel_key.reset();
  authority.key_announced_ns = 0;
  if (authority.next_tunnel_key && authority.endpoints.size() == endpoints_max)
    authority.endpoints.pop_back();
  return {mesh.id,
          command.epoch,
          command.node,
          authority,
          mesh.hub,
          mesh.controller,
          static_cast<std::uint32_t>(mesh.members.size() - 1),
          static_cast<std::uint32_t>(mesh.former.size())};
}

schema::AuthorityRecoveredT stored(const Recovery& recovery,
                                   const Signature& signature) {
  auto id_or_none = [](const NodeId& node) {
    return node == NodeId{} ? nullptr
                            : std::make_unique<schema::NodeId>(node.stored());
  };
  schema::AuthorityRecoveredT event;
  event.mesh = std::make_unique<schema::Id>(recovery.mesh.stored());
  event.epoch = recovery.epoch;
  event.authority = stored(recovery.node, recovery.authority);
  event.hub = id_or_none(recovery.hub);
  event.controller = id_or_none(recovery.controller);
  event.members = recovery.members;
  event.former = recovery.former;
  event.signature = std::make_unique<schema::Signature>(signature.stored());
  return event;
}

std::string all_names(const Mesh& mesh) {
  std::string names;
  for (const auto& [name, node] : mesh.holders.names)
    names += (names.empty() ? "" : ", ") + name;
  return names;
}

std::string roster_in_words(const Mesh& mesh) {
  if (mesh.restating)
    return "that of the epoch before " + std::to_string(mesh.epoch) +
           ", of which not all is known here";
  return "version " + std::to_string(mesh.version) + " of " +
         epoch_in_words(mesh.epoch);
}

}  // namespace

std::string roster_stream_of(std::uint64_t epoch, const NodeId& recovered_by) {
  if (epoch <= first_epoch) return roster_stream;
  return later_streams + std::to_string(epoch) + "/" + recovered_by.hex();
}

std::optional<std::uint64_t> epoch_of(std::string_view stream) {
  if (stream == roster_stream) return first_epoch;
  if (!stream.starts_with(later_streams) ||
      stream.size() < later_streams.size() + digits_of_id + 2)
    return std::nullopt;
  auto number = stream.substr(later_streams.size());
  auto id = number.substr(number.size() - digits_of_id);
  number.remove_suffix(digits_of_id + 1);
  std::uint64_t epoch = 0;
  const auto* end = number.data() + number.size();
  auto [stopped, error] = std::from_chars(number.data(), end, epoch);
  // A recovery has one stream, so what is written otherwise is none.
  bool is_one = error == std::errc{} && stopped == end && *end == '/' &&
                epoch > first_epoch && std::to_string(epoch) == number &&
                NodeId::parse_hex(id);
  return is_one ? std::optional{epoch} : std::nullopt;
}

std::string name_of(const Mesh& mesh, const NodeId& node) {
  const auto* member = mesh.find(node);
  return member == nullptr ? node.hex() : member->name;
}

std::string authority_name(const Mesh& mesh) {
  const auto* member = mesh.authority_member();
  return member == nullptr ? mesh.authority.hex() : member->name;
}

std::uint64_t entries_left(const Restating& restating) {
  return std::uint64_t{restating.members_left} + restating.former_left;
}

std::uint64_t next_epoch(const Mesh& mesh,
                         const std::vector<std::uint64_t>& told) {
  auto highest = mesh.epoch;
  for (auto epoch : told)
    if (epoch > highest && epoch - mesh.epoch <= epoch_leap_max)
      highest = epoch;
  return highest + 1;
}

// -- what happened to a mesh --------------------------------------------------

Contradiction recover(Mesh& mesh, const Recovery& recovery) {
  if (!mesh.founded()) return "a roster begins with the founding of its mesh";
  if (recovery.mesh != mesh.id) return "it recovers another mesh";
  if (recovery.epoch <= mesh.epoch)
    return "it recovers the mesh in " + epoch_in_words(recovery.epoch) +
           ", and here it is in " + epoch_in_words(mesh.epoch) +
           " already, with the authority " + authority_name(mesh);
  auto restated = without_members(mesh);
  if (auto wrong = add(restated, recovery.node, recovery.authority))
    return wrong;
  Restating restating{recovery.hub,
                      recovery.controller,
                      recovery.members,
                      recovery.former,
                      {},
                      {},
                      {}};
  exchange_members(restated, restating);
  mesh.restating = std::move(restating);
  mesh.epoch = recovery.epoch;
  mesh.recovered_by = recovery.node;
  mesh.authority = recovery.node;
  take_over_if_whole(mesh);
  return {};
}

Contradiction restate(Mesh& mesh, const NodeId& node, const Member& member) {
  if (!mesh.restating || mesh.restating->members_left == 0)
    return "it restates more members than were announced";
  if (auto wrong = change_restated(
          mesh, [&](Mesh& restated) { return add(restated, node, member); }))
    return wrong;
  mesh.restating->members_left -= 1;
  take_over_if_whole(mesh);
  return {};
}

Contradiction restate(Mesh& mesh, const NodeId& node,
                      const FormerMember& gone) {
  if (!mesh.restating || mesh.restating->former_left == 0)
    return "it restates more former members than were announced";
  if (auto wrong = change_restated(mesh, [&](Mesh& restated) {
        return add_former(restated, node, gone);
      }))
    return wrong;
  mesh.restating->former_left -= 1;
  take_over_if_whole(mesh);
  return {};
}

// -- the decision -------------------------------------------------------------

Decision decide_recovery(const Mesh& mesh, const RecoverMesh& command) {
  if (mesh.find(command.node) == nullptr)
    return Refusal{"this node is not a member of the mesh any more"};
  if (command.epoch <= mesh.epoch)
    return Refusal{"the mesh is in " + epoch_in_words(mesh.epoch) +
                   " already, with the authority " + authority_name(mesh) +
                   ": look at it, and recover it again if need be"};
  auto recovery = recovery_of(mesh, command);
  std::vector<Draft> drafts;
  add_draft(drafts, command, stored(recovery, command.signature));
  for (const auto& [node, member] : mesh.members) {
    if (node == command.node) continue;
    schema::MemberRestatedT event;
    event.member = stored(node, member);
    add_draft(drafts, command, std::move(event));
  }
  for (const auto& [node, gone] : mesh.former)
    add_draft(drafts, command, restated(node, gone));
  return drafts;
}

std::vector<std::string> recovery_in_words(const Mesh& mesh,
                                           const RecoverMesh& command) {
  auto name = name_of(mesh, command.node);
  std::vector<std::string> words{
      "recover the mesh " + mesh.name + ": " + name +
          " becomes its authority, in " + epoch_in_words(command.epoch),
      "its members are those that " + name + " knows, by " +
          roster_in_words(mesh) + ": " + all_names(mesh)};
  if (mesh.authority == command.node) return words;
  auto old = authority_name(mesh);
  words.push_back("all of them refuse what " + old +
                  " signs from now on, and what it signed and " + name +
                  " has not heard of");
  if (mesh.members.contains(mesh.authority))
    words.push_back(
        old + " stays a member" +
        (mesh.hub == mesh.authority ? ", and the hub" : "") +
        (mesh.controller == mesh.authority ? ", and the controller" : "") +
        ", until it is removed");
  return words;
}

}  // namespace ppn::events
