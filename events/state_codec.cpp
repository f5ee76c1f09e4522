#include "events/state_codec.hpp"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <cstring>

#include "events/stored_address.hpp"
#include "events/stored_fleet.hpp"
#include "events/stored_member.hpp"
#include "events/stored_vm.hpp"
#include "schema/state_generated.h"

namespace ppn::events {

namespace {

using Builder = flatbuffers::FlatBufferBuilder;

flatbuffers::Offset<schema::NodeState> encode(Builder& builder,
                                              const Node& node) {
  std::vector<flatbuffers::Offset<schema::KeyPeriod>> keys;
  for (const auto& period : node.keys) {
    auto key = period.key.stored();
    keys.push_back(schema::CreateKeyPeriod(builder, period.from, &key));
  }
  auto name = builder.CreateString(node.name);
  auto key_vector = builder.CreateVector(keys);
  auto id = node.id.stored();
  auto replaces = node.replaces.value_or(NodeId{}).stored();
  return schema::CreateNodeState(
      builder, &id, name, key_vector, node.boot, node.running,
      node.replaces ? &replaces : nullptr, node.outside_checkpoints_accepted);
}

flatbuffers::Offset<schema::GrantState> encode(Builder& builder, const Id& id,
                                               const Grant& grant) {
  flatbuffers::Offset<schema::Expiry> expiry;
  if (grant.expiry)
    expiry = schema::CreateExpiry(builder, grant.expiry->utc_ns,
                                  grant.expiry->boot,
                                  grant.expiry->since_boot_ns);
  flatbuffers::Offset<flatbuffers::String> parent;
  if (grant.parent) parent = builder.CreateString(grant.parent->hex());
  auto name = builder.CreateString(id.hex());
  auto subject = builder.CreateString(grant.subject);
  auto resource = builder.CreateString(grant.resource);
  return schema::CreateGrantState(builder, name, subject, resource,
                                  grant.rights, expiry, parent,
                                  grant.granted_at);
}

flatbuffers::Offset<schema::CapabilityState> encode(
    Builder& builder, const Capabilities& capabilities) {
  std::vector<flatbuffers::Offset<schema::GrantState>> grants;
  for (const auto& [id, grant] : capabilities.live)
    grants.push_back(encode(builder, id, grant));
  return schema::CreateCapabilityState(builder, builder.CreateVector(grants),
                                       capabilities.revoked);
}

template <class Fixed>
auto stored_id(const Fixed& id) {
  return std::make_unique<decltype(id.stored())>(id.stored());
}

template <class Tables>
void add(Tables& all, const std::map<NodeId, Member>& members) {
  for (const auto& [node, member] : members)
    all.members.push_back(stored(node, member));
}

template <class Tables>
void add(Tables& all, const std::map<NodeId, FormerMember>& former) {
  for (const auto& [node, gone] : former) {
    auto& one =
        all.former.emplace_back(std::make_unique<schema::FormerMemberStateT>());
    one->node = stored_id(node);
    one->name = gone.name;
    one->key = stored_id(gone.key);
    one->tunnel_key = stored_id(gone.tunnel_key);
    one->address = stored(gone.address);
    one->removed_ns = gone.removed_ns;
    one->replaced = gone.replaced;
    one->other_tunnel_keys = stored(gone.other_tunnel_keys);
  }
}

std::unique_ptr<schema::RestatingStateT> stored(const Restating& restating) {
  auto all = std::make_unique<schema::RestatingStateT>();
  if (restating.hub != NodeId{}) all->hub = stored_id(restating.hub);
  if (restating.controller != NodeId{})
    all->controller = stored_id(restating.controller);
  all->members_left = restating.members_left;
  all->former_left = restating.former_left;
  add(*all, restating.members);
  add(*all, restating.former);
  return all;
}

std::unique_ptr<schema::MeshStateT> stored(const Mesh& mesh) {
  auto all = std::make_unique<schema::MeshStateT>();
  all->mesh = stored_id(mesh.id);
  all->name = mesh.name;
  all->range = stored(mesh.range);
  if (mesh.range6) all->range6 = stored(*mesh.range6);
  all->recovery_key = stored_id(mesh.recovery_key);
  all->version = mesh.version;
  all->epoch = mesh.epoch;
  all->authority = stored_id(mesh.authority);
  if (mesh.hub != NodeId{}) all->hub = stored_id(mesh.hub);
  if (mesh.controller != NodeId{}) all->controller = stored_id(mesh.controller);
  add(*all, mesh.members);
  add(*all, mesh.former);
  if (mesh.restating) all->restating = stored(*mesh.restating);
  if (mesh.recovered_by != NodeId{})
    all->recovered_by = stored_id(mesh.recovered_by);
  if (mesh.former_controller != NodeId{})
    all->former_controller = stored_id(mesh.former_controller);
  all->controller_epoch = mesh.controller_epoch;
  all->controller_version = mesh.controller_version;
  return all;
}

/// None makes no list at all, so that a node without a mesh has the state that
/// it always had.
template <class Table>
flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<Table>>> list_of(
    Builder& builder, const std::vector<flatbuffers::Offset<Table>>& tables) {
  if (tables.empty()) return {};
  return builder.CreateVector(tables);
}

flatbuffers::Offset<schema::PathState> encode(
    Builder& builder, const std::optional<RecordedPath>& recorded) {
  if (!recorded) return {};
  const auto& path = recorded->taken.path;
  auto relay = path.relay.value_or(NodeId{}).stored();
  return schema::CreatePathState(builder, path.relay ? &relay : nullptr,
                                 recorded->taken.why, recorded->changed_ns,
                                 recorded->changes_in_hour);
}

auto encode(Builder& builder, const std::map<NodeId, Tunnel>& tunnels) {
  std::vector<flatbuffers::Offset<schema::TunnelState>> tables;
  for (const auto& [node, tunnel] : tunnels) {
    flatbuffers::Offset<schema::Endpoint> endpoint;
    if (tunnel.endpoint)
      endpoint =
          schema::CreateEndpoint(builder, stored(*tunnel.endpoint).get());
    auto path = encode(builder, tunnel.path);
    auto id = node.stored();
    tables.push_back(schema::CreateTunnelState(builder, &id, tunnel.is_up,
                                               endpoint, tunnel.changed_ns,
                                               tunnel.changes_in_hour, path));
  }
  return list_of(builder, tables);
}

flatbuffers::Offset<schema::OwnDeviceState> encode(Builder& builder,
                                                   const OwnDevice& device) {
  auto key = device.key.value_or(TunnelKey{}).stored();
  auto next = device.next_key.value_or(TunnelKey{}).stored();
  auto former = events::stored(device.former_keys);
  flatbuffers::Offset<flatbuffers::Vector<const schema::TunnelKey*>> formers;
  if (!former.empty()) formers = builder.CreateVectorOfStructs(former);
  return schema::CreateOwnDeviceState(
      builder, device.key ? &key : nullptr, device.repairs, device.repaired_ns,
      device.repairs_in_hour, device.next_key ? &next : nullptr,
      device.is_forced, formers);
}

auto encode(Builder& builder, const Clashes& clashes) {
  std::vector<flatbuffers::Offset<schema::ClashState>> tables;
  for (const auto& [what, seen] : clashes) {
    auto node = what.first.stored();
    tables.push_back(schema::CreateClashState(
        builder, &node, what.second, seen.number, seen.is_acknowledged));
  }
  return list_of(builder, tables);
}

std::string text(const flatbuffers::String* string) {
  return string == nullptr ? std::string{} : string->str();
}

std::size_t text_size(const flatbuffers::String* string) {
  return string == nullptr ? 0 : string->size();
}

bool decode(const schema::NodeState& table, Node& node) {
  if (table.id() == nullptr || table.keys() == nullptr) return false;
  node.id = NodeId{*table.id()};
  node.name = text(table.name());
  for (const auto* period : *table.keys())
    node.keys.push_back({period->from(), PublicKey{*period->key()}});
  node.boot = table.boot();
  node.running = table.running();
  if (table.replaces() != nullptr) node.replaces = NodeId{*table.replaces()};
  node.outside_checkpoints_accepted = table.outside_checkpoints_accepted();
  return true;
}

bool decode(const schema::GrantState& table, Capabilities& capabilities) {
  auto id = Id::parse_hex(text(table.grant()));
  if (!id) return false;
  Grant grant;
  grant.subject = text(table.subject());
  grant.resource = text(table.resource());
  grant.rights = table.rights();
  grant.granted_at = table.granted_at();
  if (const auto* expiry = table.expiry())
    grant.expiry =
        Expiry{expiry->utc_ns(), expiry->boot(), expiry->since_boot_ns()};
  if (table.parent() != nullptr) {
    grant.parent = Id::parse_hex(text(table.parent()));
    if (!grant.parent) return false;
  }
  return capabilities.live.emplace(*id, std::move(grant)).second;
}

NodeId id_or_none(const schema::NodeId* node) {
  return node == nullptr ? NodeId{} : NodeId{*node};
}

/// The members and the former ones of either kind of table.
template <class Table>
bool decode_members(const Table& table, Mesh& mesh) {
  if (table.members() != nullptr)
    for (const auto* stored : *table.members()) {
      auto member = read_member(*stored);
      if (!member || !enlist(mesh, NodeId{*stored->node()}, *member))
        return false;
    }
  if (table.former() != nullptr)
    for (const auto* stored : *table.former()) {
      auto gone = read_former(*stored);
      if (!gone || !keep_in_mind(mesh, NodeId{*stored->node()}, *gone))
        return false;
    }
  return true;
}

bool decode(const schema::RestatingState& table, Mesh& mesh) {
  Mesh restated;
  if (!decode_members(table, restated)) return false;
  // Only its own entry says that it is the authority.
  if (!restated.members.contains(mesh.authority)) return false;
  mesh.restating =
      Restating{id_or_none(table.hub()),     id_or_none(table.controller()),
                table.members_left(),        table.former_left(),
                std::move(restated.members), std::move(restated.former),
                std::move(restated.holders)};
  return true;
}

bool decode(const schema::MeshState& table, Mesh& mesh) {
  auto range = read_range(*table.range());
  if (!range || range->address.is_v6 || table.version() == 0) return false;
  mesh.id = Id{*table.mesh()};
  mesh.name = table.name()->str();
  mesh.range = *range;
  if (table.range6() != nullptr) {
    mesh.range6 = read_range(*table.range6());
    if (!mesh.range6 || !mesh.range6->address.is_v6) return false;
  }
  mesh.recovery_key = PublicKey{*table.recovery_key()};
  mesh.version = table.version();
  mesh.epoch = table.epoch();
  mesh.authority = NodeId{*table.authority()};
  mesh.hub = id_or_none(table.hub());
  mesh.controller = id_or_none(table.controller());
  mesh.recovered_by = id_or_none(table.recovered_by());
  mesh.former_controller = id_or_none(table.former_controller());
  mesh.controller_epoch = table.controller_epoch();
  mesh.controller_version = table.controller_version();
  if (!decode_members(table, mesh)) return false;
  return table.restating() == nullptr || decode(*table.restating(), mesh);
}

RecordedPath decode(const schema::PathState& table) {
  RecordedPath recorded;
  if (table.relay() != nullptr)
    recorded.taken.path.relay = NodeId{*table.relay()};
  recorded.taken.why = table.why();
  recorded.changed_ns = table.changed_ns();
  recorded.changes_in_hour = table.changes_in_hour();
  return recorded;
}

bool decode(const schema::TunnelState& table,
            std::map<NodeId, Tunnel>& tunnels) {
  Tunnel tunnel;
  tunnel.is_up = table.up();
  tunnel.changed_ns = table.changed_ns();
  tunnel.changes_in_hour = table.changes_in_hour();
  if (table.path() != nullptr) tunnel.path = decode(*table.path());
  if (table.endpoint() != nullptr) {
    tunnel.endpoint = read_endpoint(*table.endpoint());
    if (!tunnel.endpoint) return false;
  }
  return tunnels.emplace(NodeId{*table.node()}, tunnel).second;
}

bool decode(const schema::OwnDeviceState& table, OwnDevice& device) {
  if (table.key() != nullptr) device.key = TunnelKey{*table.key()};
  if (table.next_key() != nullptr)
    device.next_key = TunnelKey{*table.next_key()};
  device.is_forced = table.next_forced();
  if (const auto* keys = table.former_keys()) {
    if (keys->size() > former_keys_max) return false;
    for (const auto* key : *keys) device.former_keys.emplace_back(*key);
  }
  device.repairs = table.repairs();
  device.repaired_ns = table.repaired_ns();
  device.repairs_in_hour = table.repairs_in_hour();
  return true;
}

auto encode(Builder& builder, const std::map<Id, PairingSession>& open) {
  std::vector<flatbuffers::Offset<schema::PairingSessionState>> tables;
  for (const auto& [id, session] : open) {
    auto peer = session.peer.value_or(PairingPeer{});
    flatbuffers::Offset<flatbuffers::String> name;
    if (session.peer) name = builder.CreateString(peer.name);
    auto stored_id = id.stored();
    auto grant = session.grant.stored();
    auto node = peer.node.stored();
    auto key = peer.key.stored();
    auto mesh = peer.mesh.stored();
    tables.push_back(schema::CreatePairingSessionState(
        builder, &stored_id, session.side, session.number, &grant, session.boot,
        session.until_since_boot_ns, session.answered,
        session.peer ? &node : nullptr, name, session.peer ? &key : nullptr,
        session.peer ? &mesh : nullptr));
  }
  return list_of(builder, tables);
}

auto encode(Builder& builder, const std::map<NodeId, Admission>& admissions) {
  std::vector<flatbuffers::Offset<schema::AdmissionState>> tables;
  for (const auto& [id, admission] : admissions) {
    auto node = id.stored();
    auto session = admission.session.stored();
    auto preshared = admission.preshared.stored();
    tables.push_back(schema::CreateAdmissionState(
        builder, &node, &session, &preshared, admission.boot,
        admission.since_boot_ns, admission.is_active, admission.side));
  }
  return list_of(builder, tables);
}

auto encode(Builder& builder, const Vms& vms) {
  std::vector<flatbuffers::Offset<schema::VmState>> tables;
  for (const auto& [id, vm] : vms)
    tables.push_back(schema::CreateVmState(builder, stored(id, vm).get()));
  return list_of(builder, tables);
}

auto encode(Builder& builder, const Images& images) {
  std::vector<flatbuffers::Offset<schema::ImageState>> tables;
  for (const auto& [digest, image] : images) {
    auto name = builder.CreateString(image.name);
    auto hash = digest.stored();
    tables.push_back(schema::CreateImageState(builder, &hash, name, image.size,
                                              image.format));
  }
  return list_of(builder, tables);
}

auto encode(Builder& builder, const std::map<NodeId, FleetHost>& hosts) {
  std::vector<flatbuffers::Offset<schema::FleetHostState>> tables;
  for (const auto& [id, host] : hosts) {
    auto node = id.stored();
    tables.push_back(schema::CreateFleetHostState(
        builder, &node, host.is_drained, host.is_reserved, host.is_silent,
        host.silent_ns, host.silences_in_hour, host.is_decided));
  }
  return list_of(builder, tables);
}

auto encode(Builder& builder, const std::map<Id, FleetGuest>& guests) {
  std::vector<flatbuffers::Offset<schema::FleetGuestState>> tables;
  tables.reserve(guests.size());
  for (const auto& [id, guest] : guests)
    tables.push_back(
        schema::CreateFleetGuestState(builder, stored(id, guest).get()));
  return list_of(builder, tables);
}

std::unique_ptr<schema::FleetRequestStateT> stored(
    const Id& id, const FleetRequest& request) {
  auto all = std::make_unique<schema::FleetRequestStateT>();
  all->request = stored_id(id);
  all->node = stored_id(request.node);
  all->vm = stored_id(request.vm);
  all->placement = request.is_placement;
  all->lapsed = request.is_lapsed;
  all->sequence = request.sequence;
  all->outcome = request.outcome;
  all->reason = request.reason;
  all->vcpus = request.vcpus;
  all->memory_mb = request.memory_mb;
  return all;
}

auto encode(Builder& builder, const std::map<Id, FleetRequest>& requests) {
  std::vector<flatbuffers::Offset<schema::FleetRequestState>> tables;
  tables.reserve(requests.size());
  for (const auto& [id, request] : requests)
    tables.push_back(
        schema::CreateFleetRequestState(builder, stored(id, request).get()));
  return list_of(builder, tables);
}

auto encode(Builder& builder, const std::map<std::string, Quota>& quotas) {
  std::vector<flatbuffers::Offset<schema::QuotaState>> tables;
  for (const auto& [owner, quota] : quotas) {
    auto name = builder.CreateString(owner);
    tables.push_back(schema::CreateQuotaState(builder, name, quota.guests,
                                              quota.memory_mb, quota.vcpus,
                                              quota.is_decided));
  }
  return list_of(builder, tables);
}

flatbuffers::Offset<schema::FleetTermBegun> encode(Builder& builder,
                                                   const FleetTerm& term) {
  if (term == FleetTerm{}) return {};
  return schema::CreateFleetTermBegun(builder, term.epoch, term.version);
}

bool decode(const schema::FleetHostState& table, Fleet& fleet) {
  FleetHost host{table.drained(),   table.reserved(),         table.silent(),
                 table.silent_ns(), table.silences_in_hour(), table.decided()};
  return fleet.hosts.emplace(NodeId{*table.node()}, host).second;
}

bool decode(const schema::FleetGuestState& table, Fleet& fleet) {
  auto guest = read_fleet_guest(table);
  return guest &&
         fleet.guests.emplace(Id{*table.vm()}, std::move(*guest)).second;
}

bool decode(const schema::FleetRequestState& table, Fleet& fleet) {
  FleetRequest request{NodeId{*table.node()}, Id{*table.vm()},
                       table.placement(), table.lapsed(), table.sequence()};
  request.outcome = table.outcome();
  request.vcpus = table.vcpus();
  request.memory_mb = table.memory_mb();
  bool is_change = request.vcpus != 0 || request.memory_mb != 0;
  bool can_change = !request.is_placement && request.vcpus <= vcpus_max &&
                    request.memory_mb <= vm_memory_mb_max;
  if (request.outcome > schema::RequestOutcome::MAX ||
      (request.is_lapsed && !request.is_placement) ||
      (is_change && !can_change) ||
      text_size(table.reason()) > refusal_length_max)
    return false;
  request.reason = text(table.reason());
  return fleet.requests.emplace(Id{*table.request()}, std::move(request))
      .second;
}

bool decode(const schema::QuotaState& table, Fleet& fleet) {
  auto owner = table.owner()->str();
  Quota quota{table.guests(), table.memory_mb(), table.vcpus(),
              table.decided()};
  return is_label(owner) &&
         fleet.quotas.emplace(std::move(owner), quota).second;
}

/// A guest that has to be placed yet is there.
bool is_whole(const Fleet& fleet) {
  return std::all_of(fleet.requests.begin(), fleet.requests.end(),
                     [&](const auto& one) {
                       const auto& request = one.second;
                       if (!request.is_placement || !is_open(request))
                         return true;
                       auto guest = fleet.guests.find(request.vm);
                       return guest != fleet.guests.end() &&
                              guest->second.node == request.node;
                     });
}

/// Nothing is taken before a term began.
bool decode_term(const schema::State& table, Fleet& fleet) {
  if (const auto* term = table.term())
    fleet.term = {term->epoch(), term->version()};
  if (table.taken_from() == nullptr) return true;
  fleet.taken_from = NodeId{*table.taken_from()};
  return table.term() != nullptr;
}

bool decode(const schema::State& table, Fleet& fleet) {
  if (!decode_term(table, fleet)) return false;
  if (table.hosts() != nullptr)
    for (const auto* host : *table.hosts())
      if (!decode(*host, fleet)) return false;
  if (table.fleet_guests() != nullptr)
    for (const auto* guest : *table.fleet_guests())
      if (!decode(*guest, fleet)) return false;
  if (table.requests() != nullptr)
    for (const auto* request : *table.requests())
      if (!decode(*request, fleet)) return false;
  if (table.quotas() != nullptr)
    for (const auto* quota : *table.quotas())
      if (!decode(*quota, fleet)) return false;
  return is_whole(fleet);
}

bool decode(const schema::VmState& table, Vms& vms) {
  auto vm = read_vm(table);
  return vm && vms.emplace(Id{*table.vm()}, std::move(*vm)).second;
}

bool decode(const schema::ImageState& table, Images& images) {
  Image image{table.name()->str(), table.size(), table.format()};
  return is_image_name(image.name) &&
         images.emplace(Hash{*table.digest()}, std::move(image)).second;
}

bool decode(const schema::PairingSessionState& table, Pairing& pairing) {
  PairingSession session{table.side(),
                         table.number(),
                         Id{*table.grant()},
                         table.boot(),
                         table.until_since_boot_ns(),
                         table.answered()};
  if (table.node() != nullptr) {
    if (table.name() == nullptr || table.key() == nullptr ||
        table.mesh() == nullptr || !is_member_name(table.name()->string_view()))
      return false;
    session.peer = PairingPeer{NodeId{*table.node()}, table.name()->str(),
                               PublicKey{*table.key()}, Id{*table.mesh()}};
  }
  return pairing.open.emplace(Id{*table.session()}, session).second;
}

bool decode(const schema::AdmissionState& table, Pairing& pairing) {
  Admission admission{
      table.side(), Id{*table.session()},  Hash{*table.preshared()},
      table.boot(), table.since_boot_ns(), table.active()};
  return pairing.admissions.emplace(NodeId{*table.node()}, admission).second;
}

bool decode(const schema::State& table, State& state) {
  if (table.mesh() != nullptr && !decode(*table.mesh(), state.mesh))
    return false;
  if (table.tunnels() != nullptr)
    for (const auto* tunnel : *table.tunnels())
      if (!decode(*tunnel, state.tunnels)) return false;
  if (table.device() != nullptr && !decode(*table.device(), state.device))
    return false;
  if (table.clashes() != nullptr)
    for (const auto* clash : *table.clashes())
      if (!state.clashes
               .emplace(std::pair{NodeId{*clash->node()}, clash->clash()},
                        SeenClash{clash->number(), clash->acknowledged()})
               .second)
        return false;
  if (table.sessions() != nullptr)
    for (const auto* session : *table.sessions())
      if (!decode(*session, state.pairing)) return false;
  if (table.admissions() != nullptr)
    for (const auto* admission : *table.admissions())
      if (!decode(*admission, state.pairing)) return false;
  if (table.vms() != nullptr)
    for (const auto* vm : *table.vms())
      if (!decode(*vm, state.vms)) return false;
  if (table.images() != nullptr)
    for (const auto* image : *table.images())
      if (!decode(*image, state.images)) return false;
  if (table.acceleration() != nullptr)
    state.acceleration = read_acceleration(*table.acceleration());
  return decode(table, state.fleet);
}

}  // namespace

Bytes encode(const State& state) {
  Builder builder;
  auto node = encode(builder, state.node);
  auto capabilities = encode(builder, state.capabilities);
  flatbuffers::Offset<schema::MeshState> mesh;
  if (state.mesh.founded())
    mesh = schema::CreateMeshState(builder, stored(state.mesh).get());
  auto tunnels = encode(builder, state.tunnels);
  flatbuffers::Offset<schema::OwnDeviceState> device;
  if (state.device != OwnDevice{}) device = encode(builder, state.device);
  auto clashes = encode(builder, state.clashes);
  auto sessions = encode(builder, state.pairing.open);
  auto admissions = encode(builder, state.pairing.admissions);
  auto vms = encode(builder, state.vms);
  auto images = encode(builder, state.images);
  flatbuffers::Offset<schema::AcceleratorProved> acceleration;
  if (state.acceleration != Acceleration{}) {
    auto proved = stored(state.acceleration);
    acceleration = schema::CreateAcceleratorProved(builder, &proved);
  }
  auto hosts = encode(builder, state.fleet.hosts);
  auto guests = encode(builder, state.fleet.guests);
  auto requests = encode(builder, state.fleet.requests);
  auto quotas = encode(builder, state.fleet.quotas);
  auto term = encode(builder, state.fleet.term);
  auto taken_from = state.fleet.taken_from.value_or(NodeId{}).stored();
  schema::FinishStateBuffer(
      builder,
      schema::CreateState(builder, node, capabilities, mesh, tunnels, device,
                          clashes, sessions, admissions, vms, images,
                          acceleration, hosts, guests, requests, quotas, term,
                          state.fleet.taken_from ? &taken_from : nullptr));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

std::optional<State> decode(ByteView bytes) {
  std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
  if (bytes.empty()) return std::nullopt;
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  // A state names every grant, so its tables are bounded by its size only.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier{
      data, bytes.size(), 8,
      static_cast<flatbuffers::uoffset_t>(bytes.size() / 8 + 1)};
  if (!schema::VerifyStateBuffer(verifier)) return std::nullopt;
  const auto* table = schema::GetState(data);
  if (table->node() == nullptr || table->capabilities() == nullptr)
    return std::nullopt;
  State state;
  if (!decode(*table->node(), state.node)) return std::nullopt;
  if (!decode(*table, state)) return std::nullopt;
  std::size_t texts = 0;
  state.capabilities.revoked = table->capabilities()->revoked();
  if (const auto* live = table->capabilities()->live())
    for (const auto* grant : *live) {
      // Texts that overlap in the buffer must not grow beyond it in memory.
      texts += text_size(grant->subject()) + text_size(grant->resource());
      if (texts > bytes.size() || !decode(*grant, state.capabilities))
        return std::nullopt;
    }
  return state;
}

}  // namespace ppn::events
