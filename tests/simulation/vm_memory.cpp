#include "tests/simulation/vm_memory.hpp"

#include <algorithm>

#include "tests/simulation/scene.hpp"

namespace ppn::simulation {

namespace {

using events::VmRun;

constexpr std::uint64_t unbelievable_mb = std::uint64_t{1} << 40U;

std::uint64_t used_by(const SimulatedVm& vm) {
  return std::min(vm.memory.used_mb, vm.memory.actual_mb);
}

/// A guest that is held answers nothing, and what it said grows old.
bool speaks(const SimulatedVm& vm) {
  return vm.sight.run == VmRun::running && !vm.memory.is_mute &&
         !vm.sight.silence;
}

std::uint64_t available_in(const Host& host) {
  auto used = host.others_mb;
  for (const auto& [id, vm] : host.vms) used += used_by(vm);
  return host_memory_mb - std::min(used, host_memory_mb);
}

/// What it says every few seconds, unless it does not.
std::optional<events::GuestMemory> said_by(const Scene& scene,
                                           const SimulatedVm& vm) {
  if (speaks(vm))
    return events::GuestMemory{
        vm.memory.lies ? unbelievable_mb : vm.memory.actual_mb - used_by(vm), 0,
        vm.memory.actual_mb};
  if (!vm.memory.mute_since_ns) return std::nullopt;
  return events::GuestMemory{vm.memory.actual_mb - used_by(vm),
                             scene.now() - *vm.memory.mute_since_ns,
                             vm.memory.actual_mb};
}

Complaint check_target(const Host& host, const Id& id,
                       std::uint64_t target_mb) {
  const auto& vms = host.shadow.state().vms;
  auto vm = vms.find(id);
  if (vm == vms.end()) return "a balloon is told of a guest that is not there";
  if (target_mb > vm->second.spec.memory_mb)
    return "a guest is to have more memory than it has";
  // What its floor was until now may still be on its way.
  if (target_mb < std::min<std::uint64_t>(vm->second.spec.floor_mb,
                                          host.vms.at(id).memory.floor_mb))
    return "a guest is to have less memory than its floor";
  return {};
}

actors::MemoryLookPtr look_at_memory(const Scene& scene, const Host& host) {
  auto look = std::make_shared<actors::MemoryLook>();
  look->total_mb = host_memory_mb;
  look->available_mb = available_in(host);
  for (const auto& [id, vm] : host.vms)
    if (vm.sight.process != 0)
      look->vms[id] = {vm.sight.process, vm.resets, vm.memory.actual_mb,
                       used_by(vm), said_by(scene, vm)};
  return look;
}

store::Status tell_balloon(Scene& scene, Host& host, const Id& id,
                           std::uint64_t start, std::uint64_t target_mb) {
  auto vm = host.vms.find(id);
  if (vm == host.vms.end() || start == 0 || vm->second.sight.process != start)
    return store::Error{store::ErrorCode::not_found, "no such process"};
  scene.trace.note(host.index, "balloon", target_mb);
  scene.check(host, check_target(host, id, target_mb));
  auto& memory = vm->second.memory;
  memory.target_mb = target_mb;
  if (memory.is_stuck) return {};
  scene.plan(scene.random.below(3 * second), [&host, id, start, target_mb] {
    auto there = host.vms.find(id);
    if (there != host.vms.end() && there->second.sight.process == start &&
        there->second.memory.target_mb == target_mb)
      there->second.memory.actual_mb = target_mb;
  });
  return {};
}

template <class T>
caf::result<T> say_nothing(actors::MemoryPort::pointer self, Host& host) {
  auto promise = self->make_response_promise<T>();
  host.process->unanswered.push_back(promise);
  return promise;
}

}  // namespace

actors::MemoryPort::behavior_type memory_port(actors::MemoryPort::pointer self,
                                              Scene* scene, Host* host) {
  return {
      [=](actors::measure_atom) -> caf::result<actors::MemoryLookPtr> {
        if (scene->strikes(Fault::hypervisor_dumb))
          return say_nothing<actors::MemoryLookPtr>(self, *host);
        return look_at_memory(*scene, *host);
      },
      [=](actors::balloon_atom, const Id& id, std::uint64_t start,
          std::uint64_t target_mb) -> caf::result<bool> {
        if (scene->strikes(Fault::hypervisor_dumb))
          return say_nothing<bool>(self, *host);
        auto told = tell_balloon(*scene, *host, id, start, target_mb);
        if (scene->strikes(Fault::hypervisor_acts_silently))
          return say_nothing<bool>(self, *host);
        if (!told) return actors::to_message(told.error());
        return true;
      },
  };
}

actors::HostPort::behavior_type host_port(actors::HostPort::pointer self,
                                          Scene* scene, Host* host) {
  return {
      [=](actors::measure_atom) -> caf::result<actors::HostLook> {
        if (scene->strikes(Fault::hypervisor_dumb)) {
          auto promise = self->make_response_promise<actors::HostLook>();
          host->process->unanswered.push_back(promise);
          return promise;
        }
        constexpr std::uint64_t disk_left_mb = 100'000;
        return actors::HostLook{4, 0, disk_left_mb};
      },
  };
}

actors::HostPort::behavior_type no_host(actors::HostPort::pointer, int) {
  return {[](actors::measure_atom) { return actors::HostLook{}; }};
}

actors::MemoryPort::behavior_type no_memory(actors::MemoryPort::pointer, int) {
  return {
      [](actors::measure_atom) -> caf::result<actors::MemoryLookPtr> {
        return std::make_shared<const actors::MemoryLook>();
      },
      [](actors::balloon_atom, const Id&, std::uint64_t,
         std::uint64_t) -> caf::result<bool> {
        return actors::to_message(
            {store::ErrorCode::not_found, "there is no guest"});
      },
  };
}

void begin_memory(Scene& scene, Host& host, const Id& id,
                  std::uint64_t memory_mb) {
  auto& memory = host.vms.at(id).memory;
  memory = {};
  memory.actual_mb = memory.target_mb = memory_mb;
  memory.used_mb = scene.random.below(memory_mb);
}

void befall_memory(Scene& scene, Host& host) {
  if (scene.strikes(Fault::memory_taken))
    host.others_mb = scene.one_in(2) ? host_memory_mb - scene.random.below(2048)
                                     : scene.random.below(host_memory_mb);
  for (auto& [id, vm] : host.vms) {
    auto& memory = vm.memory;
    if (vm.sight.process == 0) continue;
    const auto& vms = host.shadow.state().vms;
    if (auto known = vms.find(id); known != vms.end())
      memory.floor_mb = known->second.spec.floor_mb;
    if (scene.one_in(4)) memory.used_mb = scene.random.below(2048);
    if (scene.strikes(Fault::guest_lies)) memory.lies = scene.one_in(2);
    if (scene.strikes(Fault::guest_mute)) {
      memory.is_mute = !memory.is_mute;
      if (memory.is_mute) memory.mute_since_ns = scene.now();
    }
    if (scene.strikes(Fault::balloon_stuck)) memory.is_stuck = scene.one_in(2);
  }
}

void heal_memory(Host& host) {
  host.others_mb = 0;
  for (auto& [id, vm] : host.vms) {
    auto& memory = vm.memory;
    memory.lies = memory.is_mute = false;
    // What it did not follow it does now.
    if (std::exchange(memory.is_stuck, false))
      memory.actual_mb = memory.target_mb;
  }
}

}  // namespace ppn::simulation
