// ppnctl vm set: a guest is to be another.
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/vm_change.hpp"
#include "tools/ppnctl/vm_elsewhere.hpp"
#include "tools/ppnctl/vm_find.hpp"

namespace ppn::ctl {

int vm_set(const Global& global, const VmSetOptions& options) {
  auto place = GuestPlaces{global}.find(options.name);
  if (!place) return fail(place.error());
  if (place->node) return set_elsewhere(global, *place, options);
  auto change = set_change(options);
  if (!change) return fail(change.error());
  auto vm = find_vm(global, place->name);
  if (!vm) return fail(vm.error());
  (*change)["vm"] = vm->id;
  return propose(global, options.consent, *change);
}

}  // namespace ppn::ctl
