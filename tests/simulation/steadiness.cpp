#include "tests/simulation/steadiness.hpp"

#include <algorithm>

namespace ppn::simulation {

void Steadiness::look() {
  for (const auto& host : scene_.hosts) {
    look_at(host);
    for (const auto& other : scene_.hosts)
      if (&other != &host) look_at(host, other);
  }
}

Steadiness::Standing Steadiness::standing_of(const Host& host) const {
  bool is_fit = host.process && !host.is_slow && !host.is_suspended &&
                !host.copy && !host.keeps_from_others &&
                scene_.now() >= host.hangs_until_ns &&
                !host.process->opened->ledger->failure();
  return {is_fit, host.identity, host.shadow.roster_head(), host.router,
          host.outside};
}

void Steadiness::look_at(const Host& host) {
  auto& [standing, since_ns] = hosts_[host.index];
  auto now = standing_of(host);
  if (now == standing) return;
  if (standing.is_fit) failed_ns_ = scene_.now();
  standing = now;
  since_ns = scene_.now();
}

void Steadiness::look_at(const Host& from, const Host& to) {
  auto& way = ways_[{from.index, to.index}];
  bool is_heard = scene_.hears(to, from);
  bool is_open = tunnels_.is_open(from, to);
  if (way.is_heard && !is_heard) failed_ns_ = scene_.now();
  if (is_open != way.is_open) way.since_ns = scene_.now();
  way.is_heard = is_heard;
  way.is_open = is_open;
}

std::uint64_t Steadiness::until_now(std::uint64_t since_ns) const {
  return scene_.now() - std::min(since_ns, scene_.now());
}

std::uint64_t Steadiness::of(const Host& host) const {
  auto found = hosts_.find(host.index);
  if (found == hosts_.end() || !found->second.first.is_fit) return 0;
  return until_now(std::max({found->second.second, host.disturbed_ns,
                             host.hangs_until_ns, host.clock_changed_ns}));
}

const Steadiness::Way& Steadiness::way(const Host& from, const Host& to) const {
  static const Way closed;
  auto found = ways_.find({from.index, to.index});
  return found == ways_.end() ? closed : found->second;
}

std::uint64_t Steadiness::between(const Host& a, const Host& b) const {
  const auto& there = way(a, b);
  const auto& back = way(b, a);
  if (!there.is_open || !back.is_open) return 0;
  return until_now(std::max(there.since_ns, back.since_ns));
}

const Host* Steadiness::relay_of(const Host& a, const Host& b,
                                 std::uint64_t for_ns) const {
  const auto& roster = a.shadow.roster_head();
  if (of(a) < for_ns || of(b) < for_ns || b.shadow.roster_head() != roster)
    return nullptr;
  auto is_good = [&](const Host& relay) {
    const auto& mesh = a.shadow.state().mesh;
    return &relay != &a && &relay != &b && of(relay) >= for_ns &&
           relay.shadow.roster_head() == roster &&
           mesh.find(relay.shadow.state().node.id) != nullptr &&
           between(a, relay) >= for_ns && between(b, relay) >= for_ns;
  };
  auto found = std::find_if(scene_.hosts.begin(), scene_.hosts.end(), is_good);
  return found == scene_.hosts.end() ? nullptr : &*found;
}

}  // namespace ppn::simulation
