#include "events/pool.hpp"

#include <algorithm>

#include "events/mesh.hpp"

namespace ppn::events {

namespace {

/// Measured of one with a few disks that runs a small kernel; see tools/bench
/// guests.
constexpr std::uint64_t qemu_mb = 96;
constexpr std::uint64_t vcpu_mb = 4;

void add(PoolUse& use, const VmSpec& spec) {
  use.guests += 1;
  use.vcpus += spec.vcpus;
  use.memory_mb += spec.memory_mb + overhead_mb(spec);
}

PoolUse use_of_others(const Vms& vms, const Id& but) {
  PoolUse use;
  for (const auto& [id, vm] : vms)
    if (id != but) add(use, vm.spec);
  return use;
}

/// Of what it does not have already.
std::optional<std::string> lack_of_room(const Pool& pool, const Id& self,
                                        const VmSpec& spec) {
  const auto& limits = pool.limits;
  auto others = use_of_others(pool.vms, self);
  auto before = use_of(pool.vms);
  auto use = others;
  add(use, spec);
  auto sentence = [](const char* what, auto wanted, auto left) {
    return "there is no room: it needs " + std::to_string(wanted) + what +
           " and " + std::to_string(left) + " are left";
  };
  if (use.guests > std::max(limits.guests_max, before.guests))
    return "there are " + std::to_string(others.guests) +
           " guests, and this host takes no more";
  if (use.vcpus > std::max(limits.vcpus_max, before.vcpus))
    return sentence(
        " vCPUs", spec.vcpus,
        limits.vcpus_max - std::min(others.vcpus, limits.vcpus_max));
  if (use.memory_mb > std::max(limits.memory_mb, before.memory_mb))
    return sentence(
        " MB of memory (QEMU's own included)",
        spec.memory_mb + overhead_mb(spec),
        limits.memory_mb - std::min(others.memory_mb, limits.memory_mb));
  return std::nullopt;
}

/// Two guests can not have one port of the host.
std::optional<std::string> clash_of_ports(const Vms& vms, const Id& self,
                                          const VmSpec& spec) {
  for (const auto& [id, vm] : vms)
    for (const auto& theirs : vm.spec.forwards)
      for (const auto& own : spec.forwards)
        if (id != self && own.host_port == theirs.host_port &&
            own.udp == theirs.udp)
          return "port " + std::to_string(own.host_port) +
                 " of this host leads to the guest " + vm.name;
  return std::nullopt;
}

/// Two that write to one device destroy what is on it.
std::optional<std::string> clash_of_devices(const Vms& vms, const Id& self,
                                            const VmSpec& spec) {
  for (const auto& [id, vm] : vms)
    for (const auto& theirs : vm.spec.disks)
      for (const auto& own : spec.disks)
        if (id != self && !own.device.empty() && own.device == theirs.device &&
            !(own.read_only && theirs.read_only))
          return "the device " + own.device +
                 " of this host is a disk of the guest " + vm.name;
  return std::nullopt;
}

std::optional<std::string> lack_of_images(const Images& images,
                                          const VmSpec& spec) {
  for (const auto& digest : images_of(spec))
    if (!images.contains(digest))
      return "there is no image " + digest.hex() + "; ppnctl image add FILE";
  for (const auto& disk : spec.disks) {
    if (!disk.base) continue;
    auto base = images.find(*disk.base);
    if (base->second.format == schema::DiskFormat::unknown)
      return "the image " + base->second.name + " is of no known format";
  }
  return std::nullopt;
}

std::optional<std::string> flaw_here(const Pool& pool, const Id& self,
                                     const VmSpec& spec) {
  if (auto flaw = flaw_of(spec)) return flaw;
  if (auto flaw = flaw_of(spec, pool.limits.allowance)) return flaw;
  if (spec.node && *spec.node != pool.limits.node)
    return "its spec names another node than this one";
  if (auto lack = lack_of_images(pool.images, spec)) return lack;
  if (auto clash = clash_of_ports(pool.vms, self, spec)) return clash;
  if (auto clash = clash_of_devices(pool.vms, self, spec)) return clash;
  return lack_of_room(pool, self, spec);
}

/// A disk that was made is not made anew, and is nothing without its base.
std::optional<std::string> change_of_disks(const Vm& vm, const VmSpec& spec) {
  if (vm.start == 0) return std::nullopt;
  for (const auto& there : vm.spec.disks)
    for (const auto& wanted : spec.disks)
      if (there.name == wanted.name && there.device.empty() &&
          (there.format != wanted.format || there.size_mb != wanted.size_mb ||
           there.base != wanted.base || !wanted.device.empty()))
        return "the disk " + there.name +
               " is there already and stays as it is; give another one "
               "another name";
  return std::nullopt;
}

std::optional<std::string> flaw_of_new(const Pool& pool, const Id& id,
                                       const std::string& name,
                                       const VmSpec& spec) {
  if (!is_member_name(name))
    return "the name of a guest is 1 to 63 of a-z, 0-9 and inner hyphens";
  for (const auto& [other, vm] : pool.vms)
    if (vm.name == name || other == id)
      return "there is a guest " + vm.name + " already";
  return flaw_here(pool, id, spec);
}

template <class Event>
Draft draft_of_new(const Id& vm, Event event) {
  Draft draft;
  draft.stream = vm_stream(vm);
  // Nobody wrote to it before.
  draft.follows = 0;
  event.vm = std::make_unique<schema::Id>(vm.stored());
  draft.payload.Set(std::move(event));
  return draft;
}

}  // namespace

std::uint64_t overhead_mb(const VmSpec& spec) {
  return qemu_mb + vcpu_mb * spec.vcpus;
}

PoolUse use_of(const Vms& vms) {
  PoolUse use;
  for (const auto& [id, vm] : vms) add(use, vm.spec);
  return use;
}

Decision decide_define(const Pool& pool, const DefineVm& wish) {
  if (auto flaw = flaw_of_new(pool, wish.vm, wish.name, wish.spec))
    return Refusal{*flaw};
  schema::VmDefinedT defined;
  defined.name = wish.name;
  defined.spec = std::make_unique<schema::VmSpecT>(stored(wish.spec));
  std::vector<Draft> drafts{draft_of_new(wish.vm, std::move(defined))};
  if (wish.start)
    drafts.push_back(draft_of_new(wish.vm, schema::VmStartRequestedT{}));
  return drafts;
}

Decision decide_adopt(const Pool& pool, const AdoptVm& wish) {
  auto with_images = pool;
  with_images.images.insert(wish.images.begin(), wish.images.end());
  if (auto flaw = flaw_of_new(with_images, wish.vm, wish.name, wish.spec))
    return Refusal{*flaw};
  if (wish.start > vm_start_max || (wish.lives && wish.start == 0))
    return Refusal{"no guest was started so often: look at where it runs"};
  std::vector<Draft> drafts;
  for (const auto& [digest, image] : wish.images) {
    auto added = decide_image(pool.images, digest, image);
    if (std::holds_alternative<Refusal>(added)) return added;
    for (auto& draft : std::get<std::vector<Draft>>(added))
      drafts.push_back(std::move(draft));
  }
  schema::VmAdoptedT adopted;
  adopted.name = wish.name;
  adopted.spec = std::make_unique<schema::VmSpecT>(stored(wish.spec));
  // What does not live is started anew, under the next number.
  bool goes_on = wish.lives && wish.wish != schema::VmWish::off;
  adopted.wish = goes_on ? wish.wish : schema::VmWish::off;
  adopted.start = wish.start;
  adopted.from = std::make_unique<schema::NodeId>(wish.from.stored());
  drafts.push_back(draft_of_new(wish.vm, std::move(adopted)));
  if (!goes_on && wish.wish != schema::VmWish::off)
    drafts.push_back(draft_of_new(wish.vm, schema::VmStartRequestedT{}));
  return drafts;
}

Decision decide_change(const Pool& pool, const ChangeVm& wish) {
  auto found = pool.vms.find(wish.vm);
  if (found == pool.vms.end()) return Refusal{"there is no such guest"};
  const auto& vm = found->second;
  if (auto flaw = flaw_here(pool, wish.vm, wish.spec)) return Refusal{*flaw};
  if (auto change = change_of_disks(vm, wish.spec)) return Refusal{*change};
  return decide_spec(wish.vm, vm, wish.spec);
}

std::variant<Refusal, Id> find_vm(const Vms& vms, std::string_view meant) {
  // A name may look like the id of another one.
  if (auto id = Id::parse_hex(meant); id && vms.contains(*id)) return *id;
  for (const auto& [id, vm] : vms)
    if (vm.name == meant) return id;
  return Refusal{"there is no guest " + std::string{meant} +
                 "; ppnctl vm list shows those that are"};
}

std::optional<std::string> user_of(const Vms& vms, const Hash& image) {
  for (const auto& [id, vm] : vms)
    if (images_of(vm.spec).contains(image)) return vm.name;
  return std::nullopt;
}

}  // namespace ppn::events
