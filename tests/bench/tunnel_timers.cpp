#include "tests/bench/tunnel_timers.hpp"

namespace ppn::bench {

namespace {

using simulation::Host;
using simulation::PacketKind;

/// Who gets packets and sends none says so after that time.
constexpr auto answer_after_ns = 10 * simulation::second;

}  // namespace

TunnelTimers::TunnelTimers(simulation::Scene& scene,
                           simulation::Tunnels& tunnels)
    : scene_(scene),
      tunnels_(tunnels),
      ends_(scene.hosts.size() * scene.hosts.size()) {
  tick();
}

TunnelTimers::End& TunnelTimers::end_of(int host, int other) {
  return ends_[static_cast<std::size_t>(host) * scene_.hosts.size() +
               static_cast<std::size_t>(other)];
}

void TunnelTimers::note(const Host& from, const Host& to, PacketKind kind) {
  auto& sender = end_of(from.index, to.index);
  auto& recipient = end_of(to.index, from.index);
  sender.passed_ns = recipient.passed_ns = scene_.now();
  if (sender.owes_answer) sender.turn += 1;
  sender.owes_answer = false;
  if (kind != PacketKind::datagram) return;
  if (recipient.owes_answer)
    recipient.owes_another = true;
  else
    owe_answer(to.index, from.index);
}

void TunnelTimers::owe_answer(int host, int other) {
  auto& end = end_of(host, other);
  end.owes_answer = true;
  auto turn = ++end.turn;
  scene_.plan(answer_after_ns,
              [this, host, other, turn] { answer(host, other, turn); });
}

void TunnelTimers::answer(int host, int other, std::uint64_t turn) {
  auto& end = end_of(host, other);
  if (end.turn != turn) return;
  end.owes_answer = false;
  tunnels_.keep_alive(scene_.hosts[static_cast<std::size_t>(host)],
                      scene_.hosts[static_cast<std::size_t>(other)]);
  if (std::exchange(end.owes_another, false)) owe_answer(host, other);
}

void TunnelTimers::tick() {
  scene_.plan(simulation::second, [this] { tick(); });
  for (auto& host : scene_.hosts) keep_alive(host);
}

void TunnelTimers::keep_alive(Host& host) {
  if (!host.device.can_talk()) return;
  std::vector<Host*> whom;
  for (const auto& [key, peer] : host.device.shown().peers) {
    auto interval = peer.config.keepalive_seconds * simulation::second;
    auto* other = interval == 0 ? nullptr : host_with(key);
    if (other == nullptr) continue;
    auto since = end_of(host.index, other->index).passed_ns;
    if (scene_.now() - since >= interval) whom.push_back(other);
  }
  for (auto* other : whom) tunnels_.keep_alive(host, *other);
}

Host* TunnelTimers::host_with(const events::TunnelKey& key) {
  for (auto& host : scene_.hosts)
    if (host.device.can_talk() && host.device.shown().key == key) return &host;
  return nullptr;
}

}  // namespace ppn::bench
