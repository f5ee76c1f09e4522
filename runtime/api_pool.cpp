#include "runtime/api_pool.hpp"

#include <map>
#include <string>

#include "actors/balloon_status.hpp"
#include "events/above.hpp"

namespace ppn::runtime {

namespace {

using actors::BalloonOf;
using actors::BalloonStatus;
using actors::MemoryLook;
using actors::PoolStatus;
using actors::VmMemory;
using events::above;
using events::GuestMemory;
using events::Vm;
using schema::Json;

constexpr std::uint64_t ns_per_s = 1'000'000'000;

template <class T>
const T* there(const std::optional<T>& value) {
  return value ? &*value : nullptr;
}

template <class T, class Field>
Json field_or_null(const T* of, Field T::*field) {
  return of != nullptr ? Json(of->*field) : Json();
}

// -- of one guest -------------------------------------------------------------

Json weight_applied(const PoolStatus& status, const Id& id) {
  auto found = status.vms.find(id);
  if (found == status.vms.end() || !found->second.sight.cpu_weight) return {};
  return *found->second.sight.cpu_weight;
}

Json vm_json(const PoolStatus& status, const BalloonStatus& balloons,
             const Id& id, const Vm& vm) {
  const auto* memory = actors::memory_of(balloons, id, vm);
  const auto* decided = actors::decided_of(balloons, id, vm);
  const auto* says = memory != nullptr ? there(memory->says) : nullptr;
  return {
      {"id", id.hex()},
      {"name", vm.name},
      {"phase", events::phase_of(vm)},
      {"memory_mb", vm.spec.memory_mb},
      {"floor_mb", vm.spec.floor_mb},
      {"target_mb", field_or_null(decided, &BalloonOf::target_mb)},
      {"actual_mb", field_or_null(memory, &VmMemory::actual_mb)},
      {"available_mb", field_or_null(says, &GuestMemory::available_mb)},
      {"resident_mb", field_or_null(memory, &VmMemory::resident_mb)},
      {"said_ago_s", says != nullptr ? Json(says->age_ns / ns_per_s) : Json()},
      {"overhead_mb", events::overhead_mb(vm.spec)},
      {"reason",
       decided != nullptr ? Json(events::name_of(decided->reason)) : Json()},
      {"cpu_weight", vm.spec.cpu_weight},
      {"cpu_weight_applied", weight_applied(status, id)}};
}

// -- of all -------------------------------------------------------------------

std::uint64_t overhead_mb(const events::Vms& vms) {
  std::uint64_t sum = 0;
  for (const auto& [id, vm] : vms) sum += events::overhead_mb(vm.spec);
  return sum;
}

/// By their names.
Json vms_json(const PoolStatus& status, const BalloonStatus& balloons) {
  std::map<std::string, Id> by_name;
  for (const auto& [id, vm] : status.pool.vms) by_name[vm.name] = id;
  auto vms = Json::array();
  for (const auto& [name, id] : by_name)
    vms.push_back(vm_json(status, balloons, id, status.pool.vms.at(id)));
  return vms;
}

}  // namespace

Json pool_document(const PoolStatus& status, const BalloonStatus& balloons) {
  const auto& limits = status.pool.limits;
  const auto* look = there(balloons.look);
  auto use = events::use_of(status.pool.vms);
  return {{"schema", "ppn.pool.v1"},
          {"total_mb", field_or_null(look, &MemoryLook::total_mb)},
          {"available_mb", field_or_null(look, &MemoryLook::available_mb)},
          {"reserve_mb", look != nullptr
                             ? Json(above(look->total_mb, limits.memory_mb))
                             : Json()},
          {"guests_mb", limits.memory_mb},
          {"overhead_mb", overhead_mb(status.pool.vms)},
          {"guaranteed_mb", above(limits.memory_mb, use.memory_mb)},
          {"reclaimable_mb", actors::reclaimable_mb(status.pool.vms, balloons)},
          {"host_is_short", balloons.host_is_short},
          {"problem", balloons.problem ? Json(*balloons.problem) : Json()},
          {"vcpus", use.vcpus},
          {"vcpus_max", limits.vcpus_max},
          {"guests", use.guests},
          {"guests_max", limits.guests_max},
          {"vms", vms_json(status, balloons)}};
}

}  // namespace ppn::runtime
