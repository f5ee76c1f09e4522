#include "tests/simulation/tampering.hpp"

namespace ppn::simulation {

void tamper(Scene& scene, Host& host, std::uint64_t what) {
  auto& device = host.device;
  const auto& shown = device.shown();
  if (!shown.exists) return;
  scene.trace.note(host.index, "device tampered", what);
  host.disturbed_ns = scene.now();
  events::PeerConfig stolen;
  stolen.endpoint = events::Endpoint{host.outside, 1};
  if (!shown.addresses.empty())
    stolen.allowed = {
        {shown.addresses.front().address, shown.addresses.front().length}};
  auto some_peer = [&] {
    auto peer = shown.peers.begin();
    std::advance(peer, static_cast<std::ptrdiff_t>(
                           scene.random.below(shown.peers.size())));
    return peer->first;
  };
  // Endpoints and ports that are changed again and again look like two
  // machines.
  for (const auto& [key, node] : host.shadow.state().mesh.holders.tunnel_keys)
    host.shadow.expect_fight(node);
  for (auto& other : scene.hosts)
    other.shadow.expect_fight(host.shadow.state().node.id);
  switch (what) {
    case 0:
      return device.vanish();
    case 1:
      return device.set_key(scene.next_tunnel_key());
    case 2:
      return device.set_key({});
    case 3:
      return device.set_port(1);
    case 4:
      return device.set_up(false);
    case 5:
      if (!shown.addresses.empty())
        device.remove_address(shown.addresses.front());
      return;
    case 6:
      return device.set_peer(scene.next_tunnel_key(), stolen);
    case 7:
      if (!shown.peers.empty()) device.remove_peer(some_peer());
      return;
    default:
      if (!shown.peers.empty()) device.set_peer(some_peer(), stolen);
  }
}

}  // namespace ppn::simulation
