#include "tests/simulation/mesh_rules.hpp"

#include <algorithm>

#include "actors/device.hpp"
#include "actors/mesh.hpp"
#include "actors/witness.hpp"
#include "events/topology.hpp"
#include "events/tunnel_key.hpp"

namespace ppn::simulation {

namespace {

Complaint check_mesh_actor(const Process& process, const Shadow& shadow) {
  const auto* mesh =
      process.look_into_kept<actors::MeshState, actors::MeshActor>();
  if (mesh == nullptr || !mesh->aggregate.idle()) return {};
  if (mesh->roster.mesh != shadow.state().mesh)
    return "the mesh actor's roster is not the replay of its stream";
  if (mesh->roster.head != shadow.roster_head())
    return "the mesh actor's newest entry is not that of its stream";
  return {};
}

Complaint check_tunnel_actor(const actors::TunnelActor& handle,
                             const NodeId& node, const Shadow& shadow) {
  const auto* tunnel = look_into<actors::TunnelState>(handle);
  if (tunnel == nullptr || !tunnel->aggregate.idle()) return {};
  auto recorded = shadow.state().tunnels.find(node);
  auto replayed = recorded == shadow.state().tunnels.end() ? events::Tunnel{}
                                                           : recorded->second;
  if (tunnel->tunnel != replayed)
    return "a tunnel's state is not the replay of its stream";
  return {};
}

/// A few at a time.
Complaint check_tunnel_actors(const actors::DeviceState& device,
                              Process& process, const Shadow& shadow) {
  constexpr std::size_t at_a_time = 16;
  auto count = std::min(at_a_time, device.tunnels.size());
  auto next = device.tunnels.upper_bound(process.checked_tunnel);
  for (std::size_t i = 0; i < count; ++i) {
    if (next == device.tunnels.end()) next = device.tunnels.begin();
    const auto& [node, handle] = *next++;
    process.checked_tunnel = node;
    if (auto complaint = check_tunnel_actor(handle, node, shadow))
      return complaint;
  }
  return {};
}

Complaint check_device_actor(Process& process, const Shadow& shadow) {
  const auto* device =
      process.look_into_kept<actors::DeviceState, actors::DeviceActor>();
  if (device == nullptr) return {};
  if (device->aggregate.idle() && device->own != shadow.state().device)
    return "the device actor's state is not the replay of its stream";
  return check_tunnel_actors(*device, process, shadow);
}

Complaint check_witness_actor(const Process& process, const Shadow& shadow) {
  const auto* witness =
      process.look_into_kept<actors::WitnessState, actors::WitnessActor>();
  if (witness == nullptr || !witness->aggregate.idle()) return {};
  if (witness->clashes != shadow.state().clashes)
    return "the witness actor's clashes are not those of its stream";
  return {};
}

}  // namespace

Complaint check_mesh_actors(Process& process, const Shadow& shadow,
                            const Step& step) {
  if (step.concerns_kept(actors::MeshState::name))
    if (auto complaint = check_mesh_actor(process, shadow)) return complaint;
  if (step.concerns_kept(actors::DeviceState::name))
    if (auto complaint = check_device_actor(process, shadow)) return complaint;
  if (step.concerns_kept(actors::WitnessState::name))
    return check_witness_actor(process, shadow);
  return {};
}

Complaint check_device(const Host& host, std::int64_t wall_ns) {
  const auto& state = host.shadow.state();
  const auto& shown = host.device.shown();
  if (!state.mesh.founded() || !state.device.key || !host.process) return {};
  const auto* actor =
      host.process->look_into_kept<actors::DeviceState, actors::DeviceActor>();
  if (actor == nullptr || !actor->choices)
    return "its device does not know the paths";
  auto desired = events::desired_device(
      state.mesh, state.node.id,
      events::key_of_device(
          state.mesh, state.node.id, state.device, shown.key,
          actor->has_told && actor->told_key == state.device.key),
      tunnel_port, *actor->choices, actor->members_seen,
      events::preshared_keys(state.pairing, state.mesh));
  auto change = events::difference(desired, shown, wall_ns);
  if (change.empty()) return {};
  auto words = events::in_words(
      change, [](const events::TunnelKey& key) { return key.hex(); });
  return "its device is not as it should be; it would " + words.front();
}

/// Who says nothing true of its roster may be waited for.
bool waits_without_reason(const Host& host, const std::set<NodeId>& liars) {
  const auto* device =
      host.process->look_into_kept<actors::DeviceState, actors::DeviceActor>();
  return std::none_of(device->waits_for.begin(), device->waits_for.end(),
                      [&](const NodeId& node) { return liars.contains(node); });
}

/// Whether the authority could have announced a key for longer than all needed
/// to come to rest.
bool is_announcement_due(const events::Member& member,
                         std::int64_t authority_ns) {
  constexpr std::int64_t patience_ns = 600LL * 1'000'000'000;
  return authority_ns - member.key_announced_ns >=
         events::key_rest_ns + patience_ns;
}

/// What is requested is not left half done; only the authority may have reason
/// to wait before it announces a key.
Complaint check_rotation(const Host& host, const std::set<NodeId>& liars,
                         std::int64_t authority_ns) {
  const auto& state = host.shadow.state();
  const auto* member = state.mesh.find(state.node.id);
  const auto& own = state.device;
  if (member == nullptr || !own.key) return {};
  if (!member->next_tunnel_key) {
    bool is_left = own.next_key && !liars.contains(state.node.id) &&
                   is_announcement_due(*member, authority_ns);
    return is_left ? Complaint{"a key that it requested is not announced"}
                   : Complaint{};
  }
  bool is_own = member->next_tunnel_key == own.next_key ||
                member->next_tunnel_key == own.key ||
                std::find(own.former_keys.begin(), own.former_keys.end(),
                          *member->next_tunnel_key) != own.former_keys.end();
  if (!is_own) return "a key of it is announced that it did not request";
  bool keeps_it_back = liars.contains(state.node.id);
  if (!keeps_it_back && waits_without_reason(host, liars))
    return "a key of it is announced, and the roster does not say that it "
           "changed";
  return {};
}

Complaint check_member_at_rest(const Host& host, const RosterHistory& history,
                               const std::set<NodeId>& liars,
                               std::int64_t wall_ns,
                               std::int64_t authority_ns) {
  const auto& state = host.shadow.state();
  if (!history.is_at_newest(state.node.id))
    return "it has version " + std::to_string(state.mesh.version) +
           " of the roster in epoch " + std::to_string(state.mesh.epoch) +
           ", and " + std::to_string(history.version()) + " of epoch " +
           std::to_string(history.epoch()) + " is the newest";
  if (auto complaint = check_device(host, wall_ns)) return complaint;
  if (auto complaint = check_rotation(host, liars, authority_ns))
    return complaint;
  for (const auto& [node, gone] : history.gone())
    if (host.device.shown().peers.contains(gone.known.tunnel_key))
      return "its device has the key of a member that was removed";
  for (const auto& [node, member] : history.members()) {
    bool is_due = node != state.node.id &&
                  (node == history.hub() || state.node.id == history.hub());
    if (!is_due) continue;
    auto peer = host.device.shown().peers.find(member.tunnel_key);
    // Who keeps it from the authority may have another one.
    if (peer == host.device.shown().peers.end() && member.next_key &&
        liars.contains(node))
      peer = host.device.shown().peers.find(*member.next_key);
    if (peer == host.device.shown().peers.end())
      return "its device does not know " + member.name;
    if (!events::is_live(peer->second, wall_ns)) {
      const auto& at = peer->second.config.endpoint;
      return "nothing passes through its tunnel to " + member.name + " at " +
             (at ? at->text() : "no endpoint") +
             (peer->second.config.preshared == Hash{}
                  ? ""
                  : ", with a preshared key");
    }
    auto tunnel = state.tunnels.find(node);
    bool is_recorded = tunnel != state.tunnels.end() && tunnel->second.is_up;
    bool may_be_late = tunnel != state.tunnels.end() &&
                       tunnel->second.changes_in_hour >=
                           events::tunnel_changes_an_hour;
    if (!is_recorded && !may_be_late)
      return "its tunnel to " + member.name + " is up and not recorded so";
  }
  return {};
}

}  // namespace ppn::simulation
