#include "tests/simulation/vm_operators.hpp"

#include "actors/pool.hpp"

namespace ppn::simulation {

namespace {

constexpr std::uint64_t guests_usual = 4;

const store::Principal owner{schema::PrincipalKind::operator_, "uid/0"};

template <class Map>
typename Map::key_type some_key(Scene& scene, const Map& map) {
  auto place = map.begin();
  std::advance(place, scene.random.below(map.size()));
  return place->first;
}

actors::PoolActor pool_of(const Host& host) {
  return host.process->kept<actors::PoolActor>(actors::PoolState::name);
}

}  // namespace

events::VmSpec some_spec(Scene& scene, const events::Images& images) {
  auto& random = scene.random;
  events::VmSpec spec;
  spec.vcpus = static_cast<std::uint16_t>(1 + random.below(3));
  spec.memory_mb = static_cast<std::uint32_t>(256 + random.below(1024));
  spec.floor_mb = events::floor_usual(spec.memory_mb);
  spec.disks = {{"root", schema::DiskFormat::qcow2, 1024}};
  if (!images.empty() && scene.one_in(2)) spec.kernel = some_key(scene, images);
  spec.autostart = !scene.one_in(3);
  constexpr std::array policies{schema::RestartPolicy::never,
                                schema::RestartPolicy::on_failure,
                                schema::RestartPolicy::always};
  spec.restart = policies[random.below(policies.size())];
  return spec;
}

void VmOperators::operate(Host& host) {
  if (!host.process) return;
  const auto& vms = host.shadow.state().vms;
  if (vms.empty() || (vms.size() < guests_usual && scene_.one_in(4)))
    return define(host);
  auto id = some_key(scene_, vms);
  auto what = scene_.random.below(16);
  if (what == 0)
    remove(host, id);
  else if (what < 3)
    change(host, id);
  else if (what == 3)
    add_image(host);
  else if (what == 4)
    remove_image(host);
  else if (what == 5)
    use_host(host);
  else
    tell(host, id);
}

void VmOperators::define(Host& host) {
  events::DefineVm wish;
  wish.name = "guest-" + std::to_string(++defined_);
  wish.spec = some_spec(scene_, host.shadow.state().images);
  wish.start = scene_.one_in(2);
  scene_.trace.note(host.index, "guest wanted", defined_);
  operators_.propose(host, wish);
}

void VmOperators::change(Host& host, const Id& id) {
  auto spec = some_spec(scene_, host.shadow.state().images);
  if (scene_.one_in(2)) {
    // What needs no new start.
    auto weight = 1 + scene_.random.below(events::cpu_weight_max);
    spec = host.shadow.state().vms.at(id).spec;
    spec.cpu_weight = static_cast<std::uint16_t>(weight);
    spec.floor_mb =
        static_cast<std::uint32_t>(1 + scene_.random.below(spec.memory_mb));
  }
  operators_.propose(host, events::ChangeVm{id, spec});
}

void VmOperators::remove(Host& host, const Id& id) {
  operators_.propose(host, events::DeleteVm{id, scene_.one_in(2)});
}

void VmOperators::tell(Host& host, const Id& id) {
  auto pool = pool_of(host);
  if (!pool) return;
  constexpr std::array verbs{events::VmVerb::start,  events::VmVerb::start,
                             events::VmVerb::stop,   events::VmVerb::pause,
                             events::VmVerb::resume, events::VmVerb::reset};
  events::VmCommand command{verbs[scene_.random.below(verbs.size())],
                            scene_.one_in(3)};
  scene_.weather
      ->request(pool, caf::infinite, actors::order_atom::value, id, command,
                owner)
      .then(
          [this, &host, identity = host.identity](std::uint64_t last) {
            scene_.trace.note(host.index, "guest told", last);
            if (host.identity == identity && last >= host.shadow.entries())
              scene_.violate(host,
                             "a guest's operator was told of an entry "
                             "that is not durable");
          },
          [this, &host](caf::error& error) {
            scene_.trace.note(host.index, "refused", error.code());
          });
}

void VmOperators::add_image(Host& host) {
  auto pool = pool_of(host);
  if (!pool) return;
  auto wish = std::make_shared<actors::AddImage>();
  wish->path = std::string(1 + scene_.random.below(3), '/');
  wish->name = "image";
  wish->principal = owner;
  scene_.weather
      ->request(pool, caf::infinite, actors::take_atom::value,
                actors::AddImagePtr{wish})
      .then([](const Id&) {}, [](caf::error&) {});
}

void VmOperators::remove_image(Host& host) {
  const auto& images = host.shadow.state().images;
  if (images.empty()) return;
  operators_.propose(host, actors::RemoveImage{some_key(scene_, images)});
}

/// Of its mesh, whether it is the controller or not.
void VmOperators::use_host(Host& host) {
  const auto& members = host.shadow.state().mesh.members;
  if (members.empty()) return;
  events::UseHost wish{some_key(scene_, members)};
  if (scene_.one_in(2)) wish.drained = scene_.one_in(2);
  if (scene_.one_in(2)) wish.reserved = scene_.one_in(2);
  operators_.propose(host, wish);
}

}  // namespace ppn::simulation
