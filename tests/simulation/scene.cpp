#include "tests/simulation/scene.hpp"

#include <algorithm>
#include <utility>

namespace ppn::simulation {

namespace {

constexpr std::int64_t some_date_ns = 1'780'000'000'000'000'000;

/// As many as are asked for, or as chance has it.
std::uint64_t number_of_hosts(const Settings& settings, Random& random) {
  if (settings.hosts != 0) return settings.hosts;
  return random.below(2) == 0 ? 3 : 3 + random.below(3);
}

}  // namespace

Scene::Scene(const Settings& settings)
    : random(settings.seed),
      trace(settings.sink),
      system(config),
      coordinator(coordinator_of(system)) {
  if (!settings.without_faults) faults = Faults::drawn(random, settings.faults);
  weather_ = system.spawn(
      [](Weather* self, Scene* scene) -> caf::behavior {
        scene->weather = self;
        return {
            [scene](happen_atom, std::uint64_t plan) { scene->happen(plan); }};
      },
      this);
  counts_what_is_lost = one_in(2);
  auto count = number_of_hosts(settings, random);
  has_vms = !faults.on(Fault::node_cloned);
  hosts.resize(count);
  clone.index = static_cast<int>(count);
  clone.is_off = true;
  deaf.assign(count + 1, std::vector<bool>(count + 1));
}

void Scene::end() {
  caf::anon_send_exit(weather_, caf::exit_reason::kill);
  weather_ = nullptr;
  coordinator.run();
}

store::ClockReading Scene::read_clock(const Host& host) const {
  return {some_date_ns + static_cast<std::int64_t>(now()) + host.clock_skew_ns,
          now() - host.machine_started_ns, host.clock_synchronised};
}

void Scene::plan(std::uint64_t delay_ns, std::function<void()> what) {
  auto number = next_plan_++;
  plans_.emplace(number, std::move(what));
  caf::delayed_anon_send(weather_, std::chrono::nanoseconds(delay_ns),
                         happen_atom::value, number);
}

void Scene::happen(std::uint64_t number) {
  auto found = plans_.find(number);
  auto what = std::move(found->second);
  plans_.erase(found);
  what();
}

void Scene::finish_step() {
  for (auto& change : std::exchange(changes_, {})) change();
}

std::uint64_t Scene::some_time(std::uint64_t lowest) {
  auto scale = random.below(4);
  auto time = lowest;
  for (std::uint64_t i = 0; i < scale; ++i) time *= 10;
  return time + random.below(time);
}

Id Scene::next_id() {
  Id id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.next());
  return id;
}

events::TunnelKey Scene::next_tunnel_key() {
  events::TunnelKey key;
  for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(random.next());
  return key;
}

Host* Scene::host_of(const NodeId& node) {
  auto is_it = [&](const Host& host) {
    return host.shadow.state().node.id == node;
  };
  auto& last = nodes_[node];
  if (last != nullptr && is_it(*last)) return last;
  auto found = std::find_if(hosts.begin(), hosts.end(), is_it);
  return found == hosts.end() ? nullptr : last = &*found;
}

void Scene::violate(const Host& host, const std::string& what) {
  violate("host " + std::to_string(host.index) + ": " + what);
}

void Scene::violate(const std::string& what) {
  if (violation) return;
  trace.note(-1, "VIOLATION " + what);
  violation = what;
}

}  // namespace ppn::simulation
