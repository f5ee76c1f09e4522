#include "tests/simulation/mesh_ports.hpp"

#include "actors/device.hpp"
#include "actors/paths.hpp"

namespace ppn::simulation {

namespace {

using Wireguard = actors::WireguardPort::pointer;

/// What a handshake is good for; written anew, not borrowed.
constexpr std::uint64_t handshake_lasts_ns = 180 * second;

template <class T>
caf::result<T> say_nothing(Wireguard self, Scene& scene, Host& host) {
  scene.trace.note(host.index, "wireguard says nothing");
  host.disturbed_ns = scene.now();
  auto promise = self->make_response_promise<T>();
  host.process->unanswered.push_back(promise);
  return promise;
}

/// Packets pass, and the node could see that when it looked.
bool is_seen_live(const Scene& scene, const Host& host,
                  const events::TunnelKey& key) {
  auto session = host.device.session(key);
  return session.id != 0 && session.made_ns < host.looked_ns &&
         session.made_ns > host.clock_changed_ns &&
         scene.now() - session.made_ns < handshake_lasts_ns;
}

/// Notes whom the node calls, who was asked in vain or has no handshake.
void note_called(const Scene& scene, Host& host) {
  const auto* actor =
      host.process->look_into_kept<actors::PathsState, actors::PathsActor>();
  if (actor == nullptr) return;
  for (const auto& [node, call] : actor->candidates.calls())
    if (call.endpoint) host.called_ns[node] = scene.now();
}

/// When it looked last, it called the holder of that key.
bool was_called(const Host& host, const events::TunnelKey& key) {
  constexpr std::uint64_t a_while = 10 * second;
  const auto& holders = host.shadow.state().mesh.holders.tunnel_keys;
  auto holder = holders.find(key);
  if (holder == holders.end()) return false;
  auto called = host.called_ns.find(holder->second);
  return called != host.called_ns.end() &&
         called->second + a_while >= host.looked_ns;
}

void see_copies(Scene& scene, const Host& host) {
  if (!scene.faults.on(Fault::tunnel_key_copied)) return;
  for (auto& other : scene.hosts) {
    const auto& key = other.device.shown().key;
    if (!other.copy || !key) continue;
    auto peer = host.device.shown().peers.find(*key);
    // Who calls a member moves it itself.
    if (was_called(host, *key))
      other.fights[host.index] = {};
    else if (peer != host.device.shown().peers.end())
      other.fights[host.index].look(peer->second.config.endpoint == other.copy,
                                    scene.now());
  }
}

/// What may not be asked of a device.
Complaint check_change(const Scene& scene, const Host& host,
                       const events::DeviceChange& change) {
  if (change.empty()) return "it sends its device a change of nothing";
  for (const auto& peer : change.peers) {
    if (peer.remove) continue;
    if (!host.named_keys.contains(peer.key))
      return "its device gets a peer that no durable roster names";
    bool is_there = host.device.shown().peers.contains(peer.key);
    if (is_there && !peer.add && peer.endpoint &&
        is_seen_live(scene, host, peer.key) && !was_called(host, peer.key))
      return "the endpoint of a peer is overwritten through which packets pass";
  }
  return {};
}

caf::result<events::TunnelKey> create_key(Wireguard self, Scene& scene,
                                          Host& host) {
  if (scene.strikes(Fault::wireguard_dumb))
    return say_nothing<events::TunnelKey>(self, scene, host);
  auto key = scene.next_tunnel_key();
  host.device.keep(key);
  host.process->made_keys.push_back(key);
  scene.trace.note(host.index, "tunnel key", 0, key.view());
  if (scene.strikes(Fault::wireguard_acts_silently))
    return say_nothing<events::TunnelKey>(self, scene, host);
  return key;
}

caf::result<bool> keep_preshared(Wireguard self, Scene& scene, Host& host,
                                 const Hash& hash) {
  if (scene.strikes(Fault::wireguard_dumb))
    return say_nothing<bool>(self, scene, host);
  host.device.keep_preshared(hash);
  scene.trace.note(host.index, "preshared key", 0, hash.view());
  if (scene.strikes(Fault::wireguard_acts_silently))
    return say_nothing<bool>(self, scene, host);
  return true;
}

/// What is asked after this waits.
void hang(Scene& scene, Host& host) {
  auto time = 10 * second + scene.random.below(90 * second);
  scene.trace.note(host.index, "wireguard hangs", time);
  host.hangs_until_ns = scene.now() + time;
  // Somebody has to be there when it ends.
  scene.plan(time, [] {});
}

caf::result<actors::DeviceLook> look(Wireguard self, Scene& scene, Host& host) {
  if (scene.strikes(Fault::wireguard_dumb))
    return say_nothing<actors::DeviceLook>(self, scene, host);
  if (scene.strikes(Fault::wireguard_fails)) {
    host.disturbed_ns = scene.now();
    return actors::to_message({store::ErrorCode::io, "it can not be read"});
  }
  if (scene.strikes(Fault::wireguard_hangs)) hang(scene, host);
  see_copies(scene, host);
  note_called(scene, host);
  host.looked_ns = scene.now();
  host.looked_revision = host.device.revision();
  return actors::DeviceLook{
      host.device.look(host.router ? host.inside : host.outside),
      scene.read_clock(host).utc_ns};
}

/// What was decided so long ago is not true any more, and nobody waits for it.
Complaint check_wish(const Scene& scene, const Host& host) {
  constexpr std::uint64_t a_moment = second;
  auto patience_ns = static_cast<std::uint64_t>(
      std::chrono::nanoseconds{actors::wireguard_patience}.count());
  bool is_disturbed = host.is_slow || host.is_suspended ||
                      host.disturbed_ns >= host.wished_ns;
  if (host.wish == nullptr || is_disturbed ||
      scene.now() <= host.wished_ns + patience_ns + a_moment)
    return {};
  return "its device gets a change that it no longer waits for";
}

caf::result<bool> apply(Wireguard self, Scene& scene, Host& host,
                        const actors::DeviceWish& wish) {
  auto held = wish.change.lock();
  if (!held) {
    scene.trace.note(host.index, "nobody waits for a change");
    return actors::to_message({store::ErrorCode::io, "nobody waits for it"});
  }
  const auto& change = *held;
  scene.check(host, check_wish(scene, host));
  scene.trace.note(host.index, "device apply", change.peers.size());
  if (scene.strikes(Fault::wireguard_dumb))
    return say_nothing<bool>(self, scene, host);
  note_called(scene, host);
  note_named(host);
  scene.check(host, check_change(scene, host, change));
  auto before = host.device.revision();
  bool failed = false;
  auto applied = host.device.apply(change, [&] {
    failed = failed || scene.strikes(Fault::wireguard_fails);
    return failed;
  });
  if (failed) host.disturbed_ns = scene.now();
  if (applied && change.key) {
    scene.trace.note(host.index, "device has key", 0, change.key->view());
    auto kept = wish.kept_keys;
    kept.insert(kept.end(), host.process->made_keys.begin(),
                host.process->made_keys.end());
    host.device.forget_keys_but(kept);
  }
  if (applied && before == host.device.revision() &&
      before == host.looked_revision)
    scene.violate(host, "it tells its device what the device is already");
  if (scene.strikes(Fault::wireguard_acts_silently))
    return say_nothing<bool>(self, scene, host);
  if (!applied) return actors::to_message(applied.error());
  return true;
}

}  // namespace

void note_named(Host& host) {
  for (const auto& [node, member] : host.shadow.state().mesh.members)
    for (const auto& key : events::tunnel_keys_of(member))
      host.named_keys.insert(key);
}

actors::WireguardPort::behavior_type wireguard_port(Wireguard self,
                                                    Scene* scene,
                                                    Tunnels* tunnels,
                                                    Host* host) {
  return {
      [=](actors::create_key_atom) { return create_key(self, *scene, *host); },
      [=](actors::preshared_atom, const Hash& hash, const actors::SecretPtr&) {
        return keep_preshared(self, *scene, *host, hash);
      },
      [=](actors::preshared_atom, const actors::HashesPtr& kept) {
        host->device.forget_preshared_but(*kept);
      },
      [=](actors::look_atom) { return look(self, *scene, *host); },
      [=](actors::apply_atom, const actors::DeviceWish& wish) {
        auto answer = apply(self, *scene, *host, wish);
        // Whoever was changed is sent what waits for it.
        scene->plan(second / 10, [=] { tunnels->keep_alive(*host); });
        return answer;
      },
  };
}

actors::WirePort::behavior_type mesh_wire_port(
    actors::WirePort::pointer /*self*/, Datagrams* datagrams, Host* host) {
  return {
      [=](actors::bind_atom, const events::IpAddress& own,
          const events::IpAddress& tunnel,
          const actors::DatagramReceiver& receiver) {
        if (!host->device.has_address(own)) return;
        host->process->bound = own;
        host->process->bound_tunnel = tunnel;
        host->process->receiver = receiver;
      },
      [=](actors::datagram_atom, const actors::DatagramPtr& datagram) {
        datagrams->send(*host, datagram);
      },
  };
}

actors::JournalPort::behavior_type journal_port(
    actors::JournalPort::pointer /*self*/, Scene* scene, Host* host) {
  return {[=](actors::notice_atom, const actors::Notice& notice) {
    scene->trace.note(host->index, notice.event, ++host->process->notices);
  }};
}

}  // namespace ppn::simulation
