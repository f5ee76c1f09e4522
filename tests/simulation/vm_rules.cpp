#include "tests/simulation/vm_rules.hpp"

#include "actors/pool.hpp"

namespace ppn::simulation {

namespace {

using events::Vm;
using events::VmRun;
using schema::PauseCause;
using schema::VmOutcome;
using schema::VmWish;

Complaint check_vm(const Host& host, const Id& id, const Vm& vm) {
  auto there = host.vms.find(id);
  auto sight = there == host.vms.end() ? events::VmSight{}
                                       : there->second.sight;
  auto name = "the guest " + vm.name + " ";
  if (vm.is_deleting) return name + "is still being deleted";
  if (vm.wish == VmWish::off) {
    if (sight.process != 0) return name + "is to be off and has a process";
    if (events::has_process(vm))
      return name + "is off and said to be " + events::phase_of(vm);
    return {};
  }
  if (sight.process != vm.start || !events::has_process(vm))
    return name + "is to run and has no process";
  if (vm.is_resetting) return name + "is still to be reset";
  bool is_held = vm.outcome == VmOutcome::paused &&
                 vm.pause_cause == PauseCause::by_others;
  if (is_held) return {};
  bool is_right =
      vm.wish == VmWish::paused
          ? vm.outcome == VmOutcome::paused && sight.run != VmRun::running
          : vm.outcome == VmOutcome::running && sight.run == VmRun::running;
  if (!is_right) return name + "is " + events::phase_of(vm) + " for ever";
  if (vm.is_unresponsive) return name + "is still said to be unresponsive";
  if (sight.cpu_weight != vm.spec.cpu_weight)
    return name + "has not its weight of the CPUs";
  if (vm.wish == VmWish::running &&
      there->second.memory.actual_mb != vm.spec.memory_mb)
    return name + "does not get its memory back";
  return {};
}

}  // namespace

Complaint check_vm_actors(const Process& process, const Shadow& shadow,
                          const Step& step) {
  if (!step.disk_grew) return {};
  const auto* pool =
      process.look_into_kept<actors::PoolState, actors::PoolActor>();
  if (pool == nullptr) return {};
  for (const auto& [id, actor] : pool->actors) {
    const auto* vm = look_into<actors::VmActorState>(actor);
    if (vm == nullptr || !vm->aggregate.idle()) continue;
    auto recorded = shadow.state().vms.find(id);
    auto held = vm->vms.find(id);
    bool is_there = recorded != shadow.state().vms.end();
    if (is_there != (held != vm->vms.end()) ||
        (is_there && recorded->second != held->second))
      return "a guest's actor is not the replay of its stream";
  }
  return {};
}

Complaint check_vms_at_rest(const Host& host) {
  const auto& vms = host.shadow.state().vms;
  for (const auto& [id, vm] : vms)
    if (auto complaint = check_vm(host, id, vm)) return complaint;
  for (const auto& [id, vm] : host.vms)
    if (!vms.contains(id)) return "something is left of a deleted guest";
  const auto* pool =
      host.process->look_into_kept<actors::PoolState, actors::PoolActor>();
  if (pool == nullptr) return "its pool is not there";
  if (pool->pool.vms != vms) return "its pool knows other guests";
  if (pool->pool.images != host.shadow.state().images)
    return "its pool knows other images";
  for (const auto& [digest, image] : pool->pool.images)
    if (!host.images.contains(digest)) return "an image is recorded and gone";
  if (pool->acceleration.accelerator != "simulated")
    return "its accelerator is not proved";
  return {};
}

}  // namespace ppn::simulation
