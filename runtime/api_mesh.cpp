#include "runtime/api_mesh.hpp"

#include <fmt/format.h>

#include "actors/mesh_file.hpp"
#include "actors/roster_record.hpp"
#include "events/clash.hpp"
#include "events/recovery.hpp"
#include "schema/time_text.hpp"
#include "store/base64.hpp"

namespace ppn::runtime {

namespace {

using events::Endpoint;
using events::IpRange;
using schema::Json;
using schema::Role;

Problem refused(std::string why) {
  return {ProblemType::refused, std::move(why)};
}

// -- wishes -------------------------------------------------------------------

/// A member by its name or its node id.
std::optional<NodeId> find_member(const events::Mesh& mesh,
                                  const std::string& node) {
  if (auto named = mesh.named(node)) return named;
  auto id = NodeId::parse_hex(node);
  if (id && mesh.find(*id) != nullptr) return id;
  return std::nullopt;
}

Problem no_such_member(const std::string& node) {
  return refused(
      fmt::format("no member is called {}; `ppnctl mesh show` lists "
                  "them",
                  node));
}

Answer<actors::Change> change_of(const FoundWish& wish,
                                 const events::State& state) {
  if (!state.device.key)
    return refused("the tunnels of this node have no key yet; try again");
  events::FoundMesh founding;
  founding.name = wish.name;
  founding.range = wish.range;
  founding.range6 = wish.range6;
  founding.recovery_key = wish.recovery_key;
  founding.founder = {state.node.id, state.node.name,
                      state.node.keys.back().key, *state.device.key,
                      wish.endpoints};
  return events::MeshCommand{founding};
}

Answer<actors::Change> change_of(const ImportWish& wish,
                                 const events::State& state) {
  auto records = actors::read_mesh_file(wish.file);
  if (!records)
    return Problem{ProblemType::bad_request, records.error().message};
  if (!actors::is_introduction(*records)) {
    if (!wish.endpoints.empty() || !wish.replaces.empty())
      return Problem{ProblemType::bad_request,
                     "the file is a roster: endpoints, and whose place is "
                     "taken, go with the introduction of a node"};
    return actors::ImportRoster{std::move(*records)};
  }
  auto newcomer = actors::read_introduction(*records);
  if (!newcomer) return refused(newcomer.error().message);
  newcomer->endpoints = wish.endpoints;
  if (wish.replaces.empty())
    return events::MeshCommand{events::AddMember{*newcomer}};
  auto old = find_member(state.mesh, wish.replaces);
  if (!old) return no_such_member(wish.replaces);
  return events::MeshCommand{events::ReplaceMember{*old, *newcomer}};
}

Answer<actors::Change> change_of(const RemoveWish& wish,
                                 const events::State& state) {
  auto node = find_member(state.mesh, wish.node);
  if (!node) return no_such_member(wish.node);
  return events::MeshCommand{
      events::RemoveMember{*node, wish.reason, wish.force}};
}

Answer<actors::Change> change_of(const MoveRoleWish& wish,
                                 const events::State& state) {
  auto to = find_member(state.mesh, wish.to);
  if (!to) return no_such_member(wish.to);
  return events::MeshCommand{events::MoveRole{wish.role, *to}};
}

Answer<actors::Change> change_of(const EndpointsWish& wish,
                                 const events::State& state) {
  auto node = find_member(state.mesh, wish.node);
  if (!node) return no_such_member(wish.node);
  return events::MeshCommand{events::ChangeEndpoints{*node, wish.endpoints}};
}

Answer<actors::Change> change_of(const RecoverWish& wish,
                                 const events::State& state) {
  return events::MeshCommand{
      events::RecoverMesh{state.node.id, wish.epoch, wish.signature}};
}

Answer<actors::Change> change_of(const actors::RotateTunnelKey& wish,
                                 const events::State& /*state*/) {
  return actors::Change{wish};
}

Answer<actors::Change> change_of(const AcknowledgeWish& wish,
                                 const events::State& state) {
  auto node = find_member(state.mesh, wish.node);
  if (!node) return no_such_member(wish.node);
  return actors::AcknowledgeClash{*node};
}

Answer<actors::Change> change_of(const FleetUseWish& wish,
                                 const events::State& state) {
  auto node = find_member(state.mesh, wish.node);
  if (!node) return no_such_member(wish.node);
  return events::UseHost{*node, wish.drained, wish.reserved};
}

Answer<actors::Change> change_of(const PlaceGuestWish& wish,
                                 const events::State& state) {
  std::optional<NodeId> node;
  if (!wish.node.empty()) {
    node = find_member(state.mesh, wish.node);
    if (!node) return no_such_member(wish.node);
  }
  auto place = place_of(wish, node, state.images);
  if (const auto* problem = std::get_if<Problem>(&place)) return *problem;
  return std::get<events::PlaceGuest>(std::move(place));
}

Answer<actors::Change> change_of(const events::SetQuota& wish,
                                 const events::State& /*state*/) {
  return wish;
}

Answer<actors::Change> change_of(const actors::RevokeWish& wish,
                                 const events::State&) {
  return wish;
}

Answer<actors::Change> change_of(const GrantWishFor& wish,
                                 const events::State&) {
  return wish.grant;
}

// -- documents ----------------------------------------------------------------

Json text_of(const std::vector<Endpoint>& endpoints) {
  auto list = Json::array();
  for (const auto& endpoint : endpoints) list.push_back(endpoint.text());
  return list;
}

Json text_of(const std::vector<IpRange>& ranges) {
  auto list = Json::array();
  for (const auto& range : ranges) list.push_back(range.text());
  return list;
}

Json roles_json(Role roles) {
  auto list = Json::array();
  for (auto role : {Role::authority, Role::hub, Role::controller})
    if ((roles & role) == role) list.push_back(events::in_words(role));
  return list;
}

template <class Value>
Json text_or_null(const std::optional<Value>& value) {
  return value ? Json(value->text()) : Json();
}

Json key_text(const events::TunnelKey& key) {
  return store::to_base64(key.view());
}

/// Null for what never was.
Json time_or_null(std::int64_t utc_ns) {
  return utc_ns == 0 ? Json() : Json(schema::format_time(utc_ns));
}

Json heard_json(const actors::MemberStatus& status, const NodeId& node) {
  auto heard = status.heard.find(node);
  if (heard == status.heard.end()) return {};
  return {{"boot", heard->second.boot},
          {"roster_version", heard->second.roster_version},
          {"roster_epoch", heard->second.roster_epoch},
          {"ledger_size", heard->second.ledger_size},
          {"time", time_or_null(heard->second.heard_ns)}};
}

Json clash_json(const actors::WitnessStatus& status, const NodeId& node) {
  auto ledger = status.ledgers.find(node);
  bool stands = ledger != status.ledgers.end() && ledger->second.clash;
  return stands ? Json(events::in_words(*ledger->second.clash)) : Json();
}

/// Null but from a recovery on until all of it came.
Json restating_json(const events::Mesh& mesh) {
  if (!mesh.restating) return {};
  return {{"authority", events::authority_name(mesh)},
          {"left", events::entries_left(*mesh.restating)}};
}

Json member_json(const events::Mesh& mesh, const NodeId& node,
                 const events::Member& member) {
  return {{"node", node.hex()},
          {"name", member.name},
          {"roles", roles_json(mesh.roles_of(node))},
          {"address", member.address.text()},
          {"address6", text_or_null(member.address6)},
          {"endpoints", text_of(member.endpoints)},
          {"key", member.key.hex()},
          {"tunnel_key", key_text(member.tunnel_key)}};
}

Json former_json(const NodeId& node, const events::FormerMember& gone) {
  return {{"node", node.hex()},
          {"name", gone.name},
          {"address", gone.address.text()},
          {"removed", time_or_null(gone.removed_ns)},
          {"replaced", gone.replaced}};
}

std::string path_text(const events::Mesh& mesh, const events::Path& path) {
  if (!path.relay) return "direct";
  const auto* relay = mesh.find(*path.relay);
  return path.relay == mesh.hub || relay == nullptr ? "via hub"
                                                    : "via " + relay->name;
}

/// The path to a member, why it was taken and since when. `path_since` is null
/// as long as it is the one that it was from the beginning.
void add_path(Json& json, const events::Mesh& mesh, const NodeId& self,
              const NodeId& node, const actors::DeviceStatus& device) {
  bool is_there = mesh.find(self) != nullptr && !device.implementation.empty();
  auto taken = device.choices.paths.find(node);
  bool is_chosen = is_there && taken != device.choices.paths.end();
  auto path = is_chosen ? taken->second.path
                        : events::usual_path(mesh, self, node);
  json["path"] = is_there ? path_text(mesh, path) : "none";
  bool has_reason = is_chosen && taken->second.why != schema::PathReason{};
  json["path_why"] = has_reason ? Json(events::in_words(taken->second.why))
                                : Json();
  auto tunnel = device.tunnels.find(node);
  bool is_recorded = tunnel != device.tunnels.end() && tunnel->second.path &&
                     tunnel->second.path->taken.path == path;
  json["path_since"] = is_there && is_recorded
                           ? time_or_null(tunnel->second.path->changed_ns)
                           : Json();
}

/// Where it is called now, and what was tried since it was reached last.
void add_calls(Json& json, const NodeId& node,
               const actors::DeviceStatus& device) {
  auto found = device.choices.calls.find(node);
  auto call = found == device.choices.calls.end() ? events::Call{}
                                                  : found->second;
  json["called_at"] = text_or_null(call.endpoint);
  json["tried"] = Json::array();
  for (const auto& candidate : call.tried)
    json["tried"].push_back({{"kind", events::in_words(candidate.kind)},
                             {"endpoint", candidate.endpoint.text()}});
}

Json peer_json(const events::Mesh& mesh, const NodeId& self, const NodeId& node,
               const events::Member& member,
               const actors::DeviceStatus& device) {
  const auto& key = events::key_in_use(node, member, device.choices.keys);
  Json json{{"node", node.hex()},
            {"name", member.name},
            {"address", member.address.text()},
            {"public_key", key_text(key)}};
  auto desired = device.desired.peers.find(key);
  auto observed = device.observed.peers.find(key);
  const auto* wanted = desired == device.desired.peers.end() ? nullptr
                                                             : &desired->second;
  const auto* seen =
      observed == device.observed.peers.end() ? nullptr : &observed->second;
  bool is_member = mesh.find(self) != nullptr;
  auto state = events::peer_state(wanted, seen, device.observed_ns);
  if (device.implementation.empty())
    state = {false, "the tunnels are not made yet"};
  if (!is_member) state = {false, "this node is not in the mesh any more"};
  add_path(json, mesh, self, node, device);
  add_calls(json, node, device);
  json["up"] = state.is_up;
  json["why"] = state.is_up ? Json() : Json(state.why);
  json["endpoint"] = seen == nullptr ? Json()
                                     : text_or_null(seen->config.endpoint);
  json["latest_handshake"] =
      time_or_null(seen == nullptr ? 0 : seen->last_handshake_ns);
  json["received_bytes"] = seen == nullptr ? 0 : seen->received_bytes;
  json["sent_bytes"] = seen == nullptr ? 0 : seen->sent_bytes;
  json["keepalive_seconds"] = seen == nullptr ? 0
                                              : seen->config.keepalive_seconds;
  json["allowed"] = seen == nullptr ? Json::array()
                                    : text_of(seen->config.allowed);
  auto recorded = device.tunnels.find(node);
  json["since"] = recorded == device.tunnels.end()
                      ? Json()
                      : time_or_null(recorded->second.changed_ns);
  return json;
}

/// Null unless the key of this node's tunnels is being rotated.
Json rotation_json(const events::Mesh& mesh,
                   const std::optional<actors::KeyRotation>& rotation) {
  if (!rotation) return {};
  auto waits_for = Json::array();
  for (const auto& node : rotation->waits_for)
    waits_for.push_back(events::name_of(mesh, node));
  return {{"public_key", key_text(rotation->key)},
          {"forced", rotation->is_forced},
          {"announced", rotation->is_announced},
          {"in_use", rotation->is_in_use},
          {"waits_for", std::move(waits_for)}};
}

struct CommandJson {
  Json operator()(const events::FoundMesh& founding) const {
    return {{"kind", "mesh-init"},
            {"name", founding.name},
            {"range", founding.range.text()},
            {"range6", text_or_null(founding.range6)},
            {"recovery_key", founding.recovery_key.hex()},
            {"endpoints", text_of(founding.founder.endpoints)}};
  }
  Json operator()(const events::AddMember& add) const {
    return {{"kind", "mesh-add"},
            {"node", add.newcomer.node.hex()},
            {"name", add.newcomer.name},
            {"endpoints", text_of(add.newcomer.endpoints)}};
  }
  Json operator()(const events::ReplaceMember& replace) const {
    return {{"kind", "mesh-replace"},
            {"old", replace.old.hex()},
            {"node", replace.newcomer.node.hex()},
            {"endpoints", text_of(replace.newcomer.endpoints)}};
  }
  Json operator()(const events::RemoveMember& remove) const {
    return {{"kind", "mesh-remove"},
            {"node", remove.node.hex()},
            {"reason", remove.reason},
            {"force", remove.force}};
  }
  /// Nobody proposes it: the node does so by itself.
  Json operator()(const events::TakeBack& lapsed) const {
    return {{"kind", "mesh-take-back"}, {"node", lapsed.node.hex()}};
  }
  Json operator()(const events::MoveRole& move) const {
    return {{"kind", "mesh-move-role"},
            {"role", events::in_words(move.role)},
            {"to", move.to.hex()}};
  }
  Json operator()(const events::ChangeEndpoints& change) const {
    return {{"kind", "mesh-endpoints"},
            {"node", change.node.hex()},
            {"endpoints", text_of(change.endpoints)}};
  }
  Json operator()(const events::RecoverMesh& recovery) const {
    return {{"kind", "mesh-recover"},
            {"node", recovery.node.hex()},
            {"epoch", recovery.epoch},
            {"signature", recovery.signature.hex()}};
  }
};

}  // namespace

Answer<actors::Change> to_change(const ChangeWish& wish,
                                 const events::State& state) {
  return std::visit([&](const auto& one) { return change_of(one, state); },
                    wish);
}

Json mesh_document(const actors::Roster& roster, const NodeId& self,
                   const actors::MemberStatus& status,
                   const actors::WitnessStatus& witness) {
  const auto& mesh = roster.mesh;
  Json document{{"schema", "ppn.mesh.v1"}, {"mesh", nullptr}};
  if (!mesh.founded()) return document;
  auto members = Json::array();
  for (const auto& [node, member] : mesh.members) {
    auto json = member_json(mesh, node, member);
    json["self"] = node == self;
    json["heard"] = heard_json(status, node);
    json["clash"] = clash_json(witness, node);
    members.push_back(std::move(json));
  }
  auto former = Json::array();
  for (const auto& [node, gone] : mesh.former)
    former.push_back(former_json(node, gone));
  document["mesh"] = {{"id", mesh.id.hex()},
                      {"name", mesh.name},
                      {"range", mesh.range.text()},
                      {"range6", text_or_null(mesh.range6)},
                      {"recovery_key", mesh.recovery_key.hex()},
                      {"version", mesh.version},
                      {"hash", roster.head.hex()},
                      {"epoch", mesh.epoch},
                      {"next_epoch", actors::next_epoch(mesh, status.heard)},
                      {"restating", restating_json(mesh)},
                      {"member", mesh.find(self) != nullptr},
                      {"members", std::move(members)},
                      {"former", std::move(former)}};
  document["frames"] = {{"sent", status.frames_sent},
                        {"taken", status.frames_taken},
                        {"dropped", status.dropped}};
  return document;
}

Json peers_document(const actors::Roster& roster, const NodeId& self,
                    const actors::DeviceStatus& device,
                    const std::string& interface) {
  auto peers = Json::array();
  for (const auto& [node, member] : roster.mesh.members)
    if (node != self)
      peers.push_back(peer_json(roster.mesh, self, node, member, device));
  return {{"schema", "ppn.peers.v1"},
          {"interface", interface},
          {"implementation", device.implementation},
          {"problem", device.problem ? Json(*device.problem) : Json()},
          {"public_key", device.key ? key_text(*device.key) : Json()},
          {"rotation", rotation_json(roster.mesh, device.rotation)},
          {"listen_port", device.observed.listen_port},
          {"addresses", text_of(device.observed.addresses)},
          {"time", time_or_null(device.observed_ns)},
          {"peers", std::move(peers)}};
}

Json device_plan_document(const std::vector<std::string>& changes) {
  return {{"schema", "ppn.device-plan.v1"}, {"changes", changes}};
}

Json mesh_change_json(const events::MeshCommand& command) {
  return std::visit(CommandJson{}, command);
}

}  // namespace ppn::runtime
