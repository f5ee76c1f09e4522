// ppnctl vm create: a guest is to be, after its operator saw what that takes.
#include <fmt/format.h>

#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/vm_commands.hpp"
#include "tools/ppnctl/vm_elsewhere.hpp"
#include "tools/ppnctl/vm_find.hpp"
#include "tools/ppnctl/vm_parts.hpp"
#include "tools/ppnctl/vm_watch.hpp"

namespace ppn::ctl {

namespace {

int follow_start(const Global& global, const std::string& name) {
  auto vm = find_vm(global, name);
  if (!vm) return fail(vm.error());
  return follow(global, {{vm->id, vm->name, VmGoal::runs, 0}});
}

}  // namespace

int vm_create(const Global& global, const VmCreateOptions& options) {
  if (options.fleet.is_meant) return create_in_fleet(global, options);
  auto parts = gather_parts(global, options);
  if (!parts) return fail(parts.error());
  auto change = create_change(options, *parts);
  if (!change) return fail(change.error());
  auto code = propose(global, options.consent, *change);
  bool follows = code == exit_ok && is_committed(options.consent) &&
                 !options.no_start && !options.no_wait;
  return follows ? follow_start(global, options.name) : code;
}

}  // namespace ppn::ctl
