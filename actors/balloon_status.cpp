#include "actors/balloon_status.hpp"

#include "events/above.hpp"

namespace ppn::actors {

const VmMemory* memory_of(const BalloonStatus& balloons, const Id& id,
                          const events::Vm& vm) {
  if (!balloons.look || !events::has_process(vm)) return nullptr;
  auto found = balloons.look->vms.find(id);
  bool is_there = found != balloons.look->vms.end();
  return is_there && found->second.start == vm.start ? &found->second : nullptr;
}

const BalloonOf* decided_of(const BalloonStatus& balloons, const Id& id,
                            const events::Vm& vm) {
  if (!events::has_process(vm)) return nullptr;
  auto found = balloons.vms.find(id);
  bool is_there = found != balloons.vms.end();
  return is_there && found->second.memory.start == vm.start ? &found->second
                                                            : nullptr;
}

std::uint64_t reclaimable_mb(const events::Vms& vms,
                             const BalloonStatus& balloons) {
  std::uint64_t sum = 0;
  for (const auto& [id, vm] : vms) {
    const auto* memory = memory_of(balloons, id, vm);
    bool goes_on = vm.outcome == schema::VmOutcome::running;
    if (memory != nullptr && goes_on)
      sum += events::above<std::uint64_t>(memory->actual_mb, vm.spec.floor_mb);
  }
  return sum;
}

}  // namespace ppn::actors
