#include "events/stored_vm.hpp"

#include "events/mesh.hpp"

namespace ppn::events {

namespace {

/// What was recorded is shorter.
constexpr flatbuffers::uoffset_t text_max = 1000;

std::string text(const flatbuffers::String* string) {
  return string == nullptr ? std::string{} : string->str();
}

bool is_too_long(const flatbuffers::String* string) {
  return string != nullptr && string->size() > text_max;
}

}  // namespace

std::unique_ptr<schema::VmStateT> stored(const Id& id, const Vm& vm) {
  auto all = std::make_unique<schema::VmStateT>();
  all->vm = std::make_unique<schema::Id>(id.stored());
  all->name = vm.name;
  all->spec = std::make_unique<schema::VmSpecT>(stored(vm.spec));
  all->wish = vm.wish;
  all->forced = vm.is_forced;
  all->deleting = vm.is_deleting;
  all->resetting = vm.is_resetting;
  all->outcome = vm.outcome;
  all->start = vm.start;
  all->accelerator = vm.accelerator;
  all->pause_cause = vm.pause_cause;
  all->stop_cause = vm.stop_cause;
  all->crash_cause = vm.crash_cause;
  all->detail = vm.detail;
  all->ends_in_row = vm.ends_in_row;
  all->gave_up = vm.gave_up;
  all->changed_ns = vm.changed_ns;
  all->changed_since_boot_ns = vm.changed_since_boot_ns;
  all->started_since_boot_ns = vm.started_since_boot_ns;
  all->stop_since_boot_ns = vm.stop_since_boot_ns;
  all->unresponsive = vm.is_unresponsive;
  all->silent_ns = vm.silent_ns;
  all->silences_in_hour = vm.silences_in_hour;
  return all;
}

std::optional<Vm> read_vm(const schema::VmState& stored) {
  Vm vm;
  vm.name = stored.name()->str();
  auto spec = read_spec(*stored.spec());
  if (!is_member_name(vm.name) || !spec) return std::nullopt;
  if (is_too_long(stored.accelerator()) || is_too_long(stored.detail()))
    return std::nullopt;
  vm.spec = std::move(*spec);
  vm.wish = stored.wish();
  vm.is_forced = stored.forced();
  vm.is_deleting = stored.deleting();
  vm.is_resetting = stored.resetting();
  vm.outcome = stored.outcome();
  vm.start = stored.start();
  vm.accelerator = text(stored.accelerator());
  vm.pause_cause = stored.pause_cause();
  vm.stop_cause = stored.stop_cause();
  vm.crash_cause = stored.crash_cause();
  vm.detail = text(stored.detail());
  vm.ends_in_row = stored.ends_in_row();
  vm.gave_up = stored.gave_up();
  vm.changed_ns = stored.changed_ns();
  vm.changed_since_boot_ns = stored.changed_since_boot_ns();
  vm.started_since_boot_ns = stored.started_since_boot_ns();
  vm.stop_since_boot_ns = stored.stop_since_boot_ns();
  vm.is_unresponsive = stored.unresponsive();
  vm.silent_ns = stored.silent_ns();
  vm.silences_in_hour = stored.silences_in_hour();
  return vm;
}

}  // namespace ppn::events
