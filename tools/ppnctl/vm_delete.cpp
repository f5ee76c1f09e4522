// ppnctl vm delete: a guest and its disks are to be gone.
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/vm_change.hpp"
#include "tools/ppnctl/vm_elsewhere.hpp"
#include "tools/ppnctl/vm_find.hpp"
#include "tools/ppnctl/vm_watch.hpp"

namespace ppn::ctl {

int vm_delete(const Global& global, const VmDeleteOptions& options) {
  auto place = GuestPlaces{global}.find(options.name);
  if (!place) return fail(place.error());
  if (place->node) return delete_elsewhere(global, *place, options);
  auto vm = find_vm(global, place->name);
  if (!vm) return fail(vm.error());
  auto code = propose(global, options.consent, delete_change(vm->id, options));
  bool follows = code == exit_ok && is_committed(options.consent) &&
                 !options.no_wait;
  if (!follows) return code;
  return follow(global, {{vm->id, vm->name, VmGoal::gone, 0}});
}

}  // namespace ppn::ctl
