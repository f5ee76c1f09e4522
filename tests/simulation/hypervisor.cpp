#include "tests/simulation/hypervisor.hpp"

#include "tests/simulation/scene.hpp"
#include "tests/simulation/vm_memory.hpp"

namespace ppn::simulation {

namespace {

using events::VmEnd;
using events::VmOrder;
using events::VmRun;
using Self = actors::HypervisorPort::pointer;

constexpr std::uint64_t hears_within_ns = 30 * second;

store::Error no_such_process() {
  return {store::ErrorCode::not_found, "the guest has no such process"};
}

void show(Scene& scene, Host& host, const Id& id) {
  const auto& sight = host.vms[id].sight;
  scene.trace.note(host.index, "guest seen",
                   static_cast<std::uint64_t>(sight.run));
  if (!host.process) return;
  auto follower = host.process->vm_followers.find(id);
  if (follower == host.process->vm_followers.end()) return;
  caf::anon_send(follower->second, actors::observed_atom::value,
                 std::make_shared<const events::VmSight>(sight));
}

void end(Scene& scene, Host& host, const Id& id, VmEnd::Kind kind) {
  auto& sight = host.vms[id].sight;
  if (sight.process == 0) return;
  sight.ended = sight.process;
  sight.end = {kind, "simulated"};
  sight.process = 0;
  sight.run = VmRun::unknown;
  sight.silence.reset();
  show(scene, host, id);
}

/// Unless that very process is gone by then.
void plan_for(Scene& scene, Host& host, const Id& id, std::uint64_t delay_ns,
              const std::function<void(SimulatedVm&)>& what) {
  auto process = host.vms[id].sight.process;
  scene.plan(delay_ns,
             [&scene, &host, id, process, what, identity = host.identity] {
               auto vm = host.vms.find(id);
               if (host.identity != identity || vm == host.vms.end() ||
                   vm->second.sight.process != process)
                 return;
               what(vm->second);
               show(scene, host, id);
             });
}

void plan_end(Scene& scene, Host& host, const Id& id, std::uint64_t delay_ns,
              VmEnd::Kind kind) {
  plan_for(scene, host, id, delay_ns, [&scene, &host, id, kind](SimulatedVm&) {
    end(scene, host, id, kind);
  });
}

template <class T>
caf::result<T> say_nothing(Self self, Scene& scene, Host& host) {
  scene.trace.note(host.index, "hypervisor says nothing");
  auto promise = self->make_response_promise<T>();
  host.process->unanswered.push_back(promise);
  return promise;
}

/// The node dies at this very moment, if that is how it is to be.
bool dies(Scene& scene, Host& host) {
  auto& process = *host.process;
  if (process.is_dying || !scene.strikes(Fault::hypervisor_kills)) return false;
  process.disk->die();
  process.is_dying = true;
  process.takes_machine_along = scene.one_in(3);
  return true;
}

/// Persist first: the ledger must speak of that very start.
Complaint check_launch(const Host& host, const actors::VmProcess& wish) {
  const auto& vms = host.shadow.state().vms;
  auto vm = vms.find(wish.vm);
  if (vm == vms.end()) return "a guest is launched that no entry defines";
  if (vm->second.start < wish.start)
    return "a start is made that no entry speaks of";
  auto there = host.vms.find(wish.vm);
  if (there != host.vms.end() && there->second.sight.process != 0 &&
      there->second.sight.process != wish.start)
    return "a guest is launched whose process of before is still there";
  return {};
}

caf::result<bool> launch(Self self, Scene& scene, Host& host,
                         const actors::VmProcess& wish) {
  scene.check(host, check_launch(host, wish));
  if (dies(scene, host) || scene.strikes(Fault::hypervisor_dumb))
    return say_nothing<bool>(self, scene, host);
  auto& vm = host.vms[wish.vm];
  vm.has_files = true;
  if (dies(scene, host)) return say_nothing<bool>(self, scene, host);
  // It is there, or it was.
  if (vm.sight.process == wish.start || vm.sight.ended >= wish.start)
    return true;
  if (scene.strikes(Fault::hypervisor_fails)) {
    if (scene.one_in(2)) {
      vm.sight.ended = wish.start;
      vm.sight.end = {VmEnd::Kind::not_started, "simulated"};
      show(scene, host, wish.vm);
    }
    return actors::to_message({store::ErrorCode::io, "it can not be started"});
  }
  vm.sight.process = wish.start;
  vm.sight.run = VmRun::prepared;
  vm.sight.accelerator = "simulated";
  vm.sight.cpu_weight = events::cpu_weight_usual;
  begin_memory(scene, host, wish.vm, wish.spec.memory_mb);
  vm.is_deaf = scene.one_in(8);
  show(scene, host, wish.vm);
  if (scene.strikes(Fault::guest_ends))
    plan_end(scene, host, wish.vm, scene.random.below(second),
             VmEnd::Kind::failed);
  if (dies(scene, host) || scene.strikes(Fault::hypervisor_acts_silently))
    return say_nothing<bool>(self, scene, host);
  return true;
}

bool is_held(VmRun run) {
  return run == VmRun::paused || run == VmRun::disk_error;
}

void carry_out(Scene& scene, Host& host, const Id& id, VmOrder order) {
  auto& vm = host.vms[id];
  auto& run = vm.sight.run;
  switch (order) {
    case VmOrder::resume:
      if (run == VmRun::prepared || is_held(run) ||
          (run == VmRun::disk_full && vm.sight.has_room))
        run = VmRun::running;
      break;
    case VmOrder::pause:
      if (run == VmRun::running) run = VmRun::paused;
      break;
    case VmOrder::reset:
      vm.resets += 1;
      break;
    case VmOrder::power_down:
      if (run == VmRun::running && !vm.is_deaf)
        plan_end(scene, host, id, scene.random.below(hears_within_ns),
                 VmEnd::Kind::shut_down);
      break;
    case VmOrder::quit:
      return end(scene, host, id, VmEnd::Kind::quit);
    case VmOrder::kill:
      return end(scene, host, id, VmEnd::Kind::killed);
  }
  show(scene, host, id);
}

caf::result<bool> take_order(Self self, Scene& scene, Host& host, const Id& id,
                             std::uint64_t start, VmOrder order) {
  scene.trace.note(host.index, "guest ordered",
                   static_cast<std::uint64_t>(order));
  auto vm = host.vms.find(id);
  if (vm == host.vms.end() || vm->second.sight.process != start || start == 0)
    return actors::to_message(no_such_process());
  if (dies(scene, host) || scene.strikes(Fault::hypervisor_dumb))
    return say_nothing<bool>(self, scene, host);
  // A signal needs no monitor.
  if (vm->second.sight.silence && order != VmOrder::kill)
    return say_nothing<bool>(self, scene, host);
  carry_out(scene, host, id, order);
  if (dies(scene, host) || scene.strikes(Fault::hypervisor_acts_silently))
    return say_nothing<bool>(self, scene, host);
  return true;
}

caf::result<bool> weigh(Self self, Scene& scene, Host& host, const Id& id,
                        std::uint64_t start, std::uint16_t weight) {
  auto vm = host.vms.find(id);
  if (vm == host.vms.end() || vm->second.sight.process != start || start == 0)
    return actors::to_message(no_such_process());
  if (dies(scene, host) || scene.strikes(Fault::hypervisor_dumb))
    return say_nothing<bool>(self, scene, host);
  vm->second.sight.cpu_weight = weight;
  show(scene, host, id);
  return true;
}

Complaint check_forget(const Host& host, const Id& id) {
  const auto& vms = host.shadow.state().vms;
  auto vm = vms.find(id);
  if (vm != vms.end() && !vm->second.is_deleting)
    return "the files of a guest go that is not to be deleted";
  auto there = host.vms.find(id);
  if (there != host.vms.end() && there->second.sight.process != 0)
    return "the files of a guest go whose process is there";
  return {};
}

caf::result<bool> forget(Self self, Scene& scene, Host& host, const Id& id) {
  scene.check(host, check_forget(host, id));
  if (dies(scene, host) || scene.strikes(Fault::hypervisor_dumb))
    return say_nothing<bool>(self, scene, host);
  host.vms.erase(id);
  if (dies(scene, host) || scene.strikes(Fault::hypervisor_acts_silently))
    return say_nothing<bool>(self, scene, host);
  return true;
}

actors::AccelerationPtr proof() {
  return std::make_shared<const events::Acceleration>(events::Acceleration{
      "simulated", {{"simulated", true, "the guest ran"}}, "simulated", "1"});
}

}  // namespace

actors::HypervisorPort::behavior_type hypervisor_port(Self self, Scene* scene,
                                                      Host* host) {
  return {
      [=](actors::prove_atom, const actors::AccelerationPtr&)
          -> caf::result<actors::AccelerationPtr> {
        if (scene->strikes(Fault::hypervisor_dumb))
          return say_nothing<actors::AccelerationPtr>(self, *scene, *host);
        return proof();
      },
      [=](actors::launch_atom, const actors::VmProcessPtr& wish) {
        return launch(self, *scene, *host, *wish);
      },
      [=](actors::order_atom, const Id& id, std::uint64_t start,
          events::VmOrder order) {
        return take_order(self, *scene, *host, id, start, order);
      },
      [=](actors::weigh_atom, const Id& id, std::uint64_t start,
          std::uint16_t weight) {
        return weigh(self, *scene, *host, id, start, weight);
      },
      [=](actors::forget_atom, const Id& id) {
        return forget(self, *scene, *host, id);
      },
      // Operators of simulations give their guests no user data.
      [](actors::bind_atom, const events::IpAddress&) {},
      [](actors::read_atom,
         const Hash&) -> caf::result<actors::SecretBufferPtr> {
        return actors::to_message(
            {store::ErrorCode::not_found, "there is none"});
      },
      [](actors::take_atom, const Hash&, const actors::SecretBufferPtr&) {
        return true;
      },
      [](actors::forget_atom, const Hash&) {},
      [=](actors::follow_atom, const Id& id,
          const actors::VmFollower& follower) {
        host->process->vm_followers[id] = follower;
        if (!host->vms.contains(id))
          caf::anon_send(follower, actors::observed_atom::value,
                         std::make_shared<const events::VmSight>());
        else
          show(*scene, *host, id);
      },
  };
}

actors::ImagePort::behavior_type image_port(actors::ImagePort::pointer,
                                            Scene* scene, Host* host) {
  return {
      [=](actors::take_atom, const actors::ImageFilePtr& file, const Id& id,
          const actors::ImageFollower& follower)
          -> caf::result<actors::ImageKept> {
        if (scene->strikes(Fault::hypervisor_fails))
          return actors::to_message(
              {store::ErrorCode::not_found, "there is no " + file->path});
        caf::anon_send(follower, actors::progress_atom::value, id,
                       std::uint64_t{1}, std::uint64_t{1});
        Hash digest;
        digest.bytes.fill(static_cast<std::uint8_t>(file->path.size()));
        bool is_new = host->images.insert(digest).second;
        return actors::ImageKept{digest, 1, schema::DiskFormat::raw, !is_new};
      },
      [=](actors::forget_atom, const Hash& digest) {
        if (host->shadow.state().images.contains(digest))
          scene->violate(*host, "an image goes that is recorded");
        host->images.erase(digest);
      },
  };
}

actors::HypervisorPort::behavior_type no_hypervisor(Self, int) {
  auto none = [] {
    return actors::to_message({store::ErrorCode::io, "there is no QEMU"});
  };
  return {
      [=](actors::prove_atom, const actors::AccelerationPtr&)
          -> caf::result<actors::AccelerationPtr> { return none(); },
      [=](actors::launch_atom,
          const actors::VmProcessPtr&) -> caf::result<bool> { return none(); },
      [=](actors::order_atom, const Id&, std::uint64_t,
          events::VmOrder) -> caf::result<bool> { return none(); },
      [=](actors::weigh_atom, const Id&, std::uint64_t,
          std::uint16_t) -> caf::result<bool> { return none(); },
      [=](actors::forget_atom, const Id&) -> caf::result<bool> {
        return none();
      },
      [](actors::bind_atom, const events::IpAddress&) {},
      [=](actors::read_atom, const Hash&)
          -> caf::result<actors::SecretBufferPtr> { return none(); },
      [=](actors::take_atom, const Hash&, const actors::SecretBufferPtr&)
          -> caf::result<bool> { return none(); },
      [](actors::forget_atom, const Hash&) {},
      [](actors::follow_atom, const Id&, const actors::VmFollower&) {},
  };
}

actors::ImagePort::behavior_type no_images(actors::ImagePort::pointer, int) {
  return {
      [](actors::take_atom, const actors::ImageFilePtr&, const Id&,
         const actors::ImageFollower&) -> caf::result<actors::ImageKept> {
        return actors::to_message(
            {store::ErrorCode::io, "there is no place for images"});
      },
      [](actors::forget_atom, const Hash&) {},
  };
}

namespace {

constexpr std::array ends{VmEnd::Kind::shut_down, VmEnd::Kind::quit,
                          VmEnd::Kind::failed,    VmEnd::Kind::killed,
                          VmEnd::Kind::panicked,  VmEnd::Kind::reset_storm,
                          VmEnd::Kind::unknown};

void fall_silent(Scene& scene, Host& host, const Id& id, SimulatedVm& vm) {
  if (vm.sight.silence) return;
  vm.sight.silence = "simulated";
  show(scene, host, id);
  plan_for(scene, host, id, scene.some_time(second),
           [](SimulatedVm& again) { again.sight.silence.reset(); });
}

void fill_disk(Scene& scene, Host& host, const Id& id, SimulatedVm& vm) {
  if (vm.sight.run != VmRun::running) return;
  vm.sight.run = VmRun::disk_full;
  vm.sight.has_room = false;
  show(scene, host, id);
  plan_for(scene, host, id, scene.some_time(second),
           [](SimulatedVm& again) { again.sight.has_room = true; });
}

/// Somebody at its monitor, who may forget it there.
void hold(Scene& scene, Host& host, const Id& id, SimulatedVm& vm) {
  if (vm.sight.run != VmRun::running) return;
  vm.sight.run = VmRun::paused;
  show(scene, host, id);
  if (scene.one_in(2)) return;
  plan_for(scene, host, id, scene.some_time(second), [](SimulatedVm& again) {
    if (again.sight.run == VmRun::paused) again.sight.run = VmRun::running;
  });
}

}  // namespace

void befall_vms(Scene& scene, Host& host) {
  befall_memory(scene, host);
  for (auto& [id, vm] : host.vms) {
    if (vm.sight.process == 0) continue;
    if (scene.strikes(Fault::guest_ends)) {
      end(scene, host, id, ends[scene.random.below(ends.size())]);
      continue;
    }
    if (scene.strikes(Fault::guest_silent)) fall_silent(scene, host, id, vm);
    if (scene.strikes(Fault::guest_disk_full)) fill_disk(scene, host, id, vm);
    if (scene.strikes(Fault::guest_held)) hold(scene, host, id, vm);
  }
}

void heal_vms(Scene& scene, Host& host) {
  heal_memory(host);
  for (auto& [id, vm] : host.vms) {
    vm.sight.silence.reset();
    vm.sight.has_room = vm.sight.run == VmRun::disk_full;
    show(scene, host, id);
  }
}

void end_vms(Scene& scene, Host& host) {
  // Where it ran, nothing outlives the machine either.
  for (auto& [id, vm] : host.vms) {
    vm.sight = {};
    show(scene, host, id);
  }
}

}  // namespace ppn::simulation
