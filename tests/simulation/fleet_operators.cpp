#include "tests/simulation/fleet_operators.hpp"

#include "actors/scheduler.hpp"
#include "tests/simulation/fleet_rules.hpp"
#include "tests/simulation/vm_operators.hpp"

namespace ppn::simulation {

namespace {

using schema::GuestVerb;

constexpr std::size_t guests_usual = 6;
constexpr std::array owners{"ada", "bert", "carla"};
constexpr std::array labels{"web", "db", "cache"};

const store::Principal principal{schema::PrincipalKind::operator_, "uid/0"};

template <class Choices>
auto some_of(Scene& scene, const Choices& choices) {
  return choices[scene.random.below(choices.size())];
}

template <class Map>
auto some_place(Scene& scene, const Map& map) {
  auto place = map.begin();
  std::advance(place, scene.random.below(map.size()));
  return place;
}

void change_some(Scene& scene, events::GuestOrder& order) {
  auto some = [&](std::uint64_t lowest, std::uint64_t choices) {
    return lowest + scene.random.below(choices);
  };
  if (scene.one_in(2)) order.vcpus = static_cast<std::uint16_t>(some(1, 4));
  if (scene.one_in(2))
    order.memory_mb = static_cast<std::uint32_t>(some(256, 1500));
  if (scene.one_in(2))
    order.floor_mb = static_cast<std::uint32_t>(some(1, 256));
  if (scene.one_in(2))
    order.cpu_weight =
        static_cast<std::uint16_t>(some(1, events::cpu_weight_max));
}

events::GuestOrder some_order(Scene& scene) {
  constexpr std::array verbs{
      GuestVerb::start,  GuestVerb::start,  GuestVerb::stop,
      GuestVerb::pause,  GuestVerb::resume, GuestVerb::reset,
      GuestVerb::remove, GuestVerb::remove, GuestVerb::change};
  events::GuestOrder order;
  order.verb = some_of(scene, verbs);
  if (order.verb == GuestVerb::change) change_some(scene, order);
  bool may_force = order.verb == GuestVerb::stop ||
                   order.verb == GuestVerb::remove;
  order.force = may_force && scene.one_in(2);
  return order;
}

}  // namespace

void FleetOperators::operate(Host& host) {
  if (!host.process) return;
  const auto& state = host.shadow.state();
  // Others are to refuse.
  bool controls = is_controller(state.mesh, state.node.id);
  if (!state.mesh.founded() || (!controls && !scene_.one_in(16))) return;
  const auto& guests = state.fleet.guests;
  if (scene_.one_in(10)) return set_quota(host);
  bool are_few = guests.size() < guests_usual;
  if (scene_.one_in(are_few ? 2 : 6)) return place(host);
  order(host);
}

// -- placements ---------------------------------------------------------------

/// Those of its own host, or of another one, which this may not have.
events::Images FleetOperators::images_for(const Host& host) {
  if (!scene_.one_in(3)) return host.shadow.state().images;
  return scene_.hosts[scene_.random.below(scene_.hosts.size())]
      .shadow.state()
      .images;
}

std::vector<std::string> FleetOperators::some_labels() {
  std::vector<std::string> some;
  for (const auto* label : labels)
    if (scene_.one_in(4)) some.emplace_back(label);
  return some;
}

std::optional<NodeId> FleetOperators::some_member(const Host& host) {
  const auto& members = host.shadow.state().mesh.members;
  if (members.empty()) return std::nullopt;
  return some_place(scene_, members)->first;
}

void FleetOperators::place(Host& host) {
  auto images = images_for(host);
  events::PlaceGuest wish;
  wish.name = "placed-" + std::to_string(++placed_);
  wish.spec = some_spec(scene_, images);
  if (scene_.one_in(4)) wish.spec.node = some_member(host);
  for (const auto& digest : events::images_of(wish.spec)) {
    const auto& image = images.at(digest);
    wish.images.push_back({digest, image.name, image.size, image.format});
  }
  wish.start = scene_.one_in(2);
  if (!scene_.one_in(4)) wish.owner = some_of(scene_, owners);
  wish.labels = some_labels();
  if (scene_.one_in(4)) wish.near = some_labels();
  if (scene_.one_in(4)) wish.apart = some_labels();
  wish.prefers_accelerator = scene_.one_in(2);
  scene_.trace.note(host.index, "placement wanted", placed_);
  operators_.propose(host, wish);
  // Another operator asks at the same time for what only one may get.
  if (!scene_.one_in(4)) return;
  wish.name = "placed-" + std::to_string(++placed_);
  operators_.propose(host, wish);
}

// -- orders -------------------------------------------------------------------

std::optional<events::OrderGuest> FleetOperators::some_guest(const Host& host) {
  events::OrderGuest wish;
  const auto& placed = host.shadow.state().fleet.guests;
  if (!placed.empty() && !scene_.one_in(4)) {
    const auto& [vm, guest] = *some_place(scene_, placed);
    wish.vm = vm;
    wish.node = guest.node;
    wish.name = guest.name;
    return wish;
  }
  const auto& other = scene_.hosts[scene_.random.below(scene_.hosts.size())];
  const auto& vms = other.shadow.state().vms;
  if (vms.empty()) return std::nullopt;
  const auto& [vm, guest] = *some_place(scene_, vms);
  wish.vm = vm;
  wish.node = other.shadow.state().node.id;
  wish.name = guest.name;
  return wish;
}

void FleetOperators::order(Host& host) {
  auto wish = some_guest(host);
  if (!wish) return;
  wish->order = some_order(scene_);
  bool needs_consent = wish->order.verb == GuestVerb::remove ||
                       wish->order.verb == GuestVerb::change;
  scene_.trace.note(host.index, "order wanted",
                    static_cast<std::uint64_t>(wish->order.verb));
  if (needs_consent)
    operators_.propose(host, *wish);
  else
    order_at_once(host, *wish);
}

void FleetOperators::order_at_once(Host& host, const events::OrderGuest& wish) {
  auto scheduler =
      host.process->kept<actors::SchedulerActor>(actors::SchedulerState::name);
  if (!scheduler) return;
  scene_.weather
      ->request(scheduler, caf::infinite, actors::order_atom::value,
                std::make_shared<const events::OrderGuest>(wish), principal)
      .then(
          [this, &host, identity = host.identity](const Id& request) {
            scene_.trace.note(host.index, "ordered", 0, request.view());
            bool is_durable =
                host.shadow.state().fleet.requests.contains(request);
            if (host.identity == identity && !is_durable)
              scene_.violate(host,
                             "an order was acknowledged that is not durable");
          },
          [this, &host](caf::error& error) {
            scene_.trace.note(host.index, "refused", error.code());
          });
}

// -- quotas -------------------------------------------------------------------

void FleetOperators::set_quota(Host& host) {
  events::SetQuota wish{some_of(scene_, owners), std::nullopt};
  if (!scene_.one_in(3)) {
    events::Quota quota;
    auto& random = scene_.random;
    if (scene_.one_in(2))
      quota.guests = static_cast<std::uint32_t>(random.below(5));
    if (scene_.one_in(2)) quota.memory_mb = random.below(4096);
    if (scene_.one_in(2))
      quota.vcpus = static_cast<std::uint32_t>(random.below(8));
    wish.quota = quota;
  }
  operators_.propose(host, wish);
}

}  // namespace ppn::simulation
