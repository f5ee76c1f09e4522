#include "runtime/api_former.hpp"

#include "runtime/api_vm.hpp"

namespace ppn::runtime {

using schema::Json;

Json former_guests_document(const FormerGuests* former, const events::Vms& own,
                            const std::function<bool(const Id&)>& lives) {
  Json document{{"schema", "ppn.former-guests.v1"}, {"node", nullptr}};
  auto guests = Json::array();
  if (former != nullptr) {
    document["node"] = former->node.hex();
    for (const auto& [id, vm] : former->vms)
      guests.push_back({{"id", id.hex()},
                        {"name", vm.name},
                        {"vcpus", vm.spec.vcpus},
                        {"memory_mb", vm.spec.memory_mb},
                        {"lives", lives(id)},
                        {"adopted", own.contains(id)}});
  }
  document["guests"] = std::move(guests);
  return document;
}

Json adoption_json(const events::AdoptVm& wish) {
  return {{"kind", "vm-adopt"},
          {"vm", wish.vm.hex()},
          {"name", wish.name},
          {"from", wish.from.hex()},
          {"spec", spec_json(wish.spec, nullptr, {})},
          {"start", wish.start}};
}

}  // namespace ppn::runtime
