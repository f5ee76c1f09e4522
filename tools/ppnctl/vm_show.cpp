// ppnctl vm show: all that is known of one guest.
#include <fmt/format.h>

#include "tools/ppnctl/clock.hpp"
#include "tools/ppnctl/vm_commands.hpp"
#include "tools/ppnctl/vm_elsewhere.hpp"
#include "tools/ppnctl/vm_find.hpp"
#include "tools/ppnctl/vm_text.hpp"

namespace ppn::ctl {

int vm_show(const Global& global, const VmNameOptions& options) {
  auto place = GuestPlaces{global}.find(options.name);
  if (!place) return fail(place.error());
  if (place->node) return show_elsewhere(global, *place);
  auto vm = find_vm(global, place->name);
  if (!vm) return fail(vm.error());
  fmt::print("{}", global.json ? vm_line(*vm) : vm_text(*vm, clock_now_ns()));
  return exit_ok;
}

}  // namespace ppn::ctl
