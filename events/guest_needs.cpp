#include "events/guest_needs.hpp"

#include <algorithm>
#include <limits>

#include "events/above.hpp"
#include "events/megabytes.hpp"
#include "events/pool.hpp"

namespace ppn::events {

namespace {

/// Of what the guest may write to.
std::uint64_t disk_mb_of(const VmSpec& spec, const ImageSizes& sizes) {
  std::uint64_t sum = 0;
  for (const auto& disk : spec.disks) {
    if (disk.read_only || !disk.device.empty()) continue;
    auto base = disk.base ? sizes.find(*disk.base) : sizes.end();
    if (disk.size_mb != 0)
      sum += disk.size_mb;
    else if (base != sizes.end())
      sum += in_whole_mb(base->second);
  }
  return sum;
}

std::uint64_t qemu_mb(std::uint32_t vcpus) {
  VmSpec spec;
  spec.vcpus = static_cast<std::uint16_t>(vcpus);
  return overhead_mb(spec);
}

/// Without QEMU's own.
std::uint64_t own_memory_mb(const GuestNeeds& needs) {
  return above(needs.memory_mb, qemu_mb(needs.vcpus));
}

GuestNeeds with_size(GuestNeeds needs, std::uint32_t vcpus,
                     std::uint64_t own_mb) {
  needs.vcpus = vcpus;
  needs.memory_mb = own_mb + qemu_mb(vcpus);
  return needs;
}

}  // namespace

GuestNeeds needs_of(const VmSpec& spec, const ImageSizes& sizes) {
  return {spec.memory_mb + overhead_mb(spec), spec.vcpus,
          disk_mb_of(spec, sizes)};
}

GuestNeeds changed(const GuestNeeds& needs, std::uint32_t vcpus,
                   std::uint64_t own_mb) {
  return with_size(needs, vcpus == 0 ? needs.vcpus : vcpus,
                   own_mb == 0 ? own_memory_mb(needs) : own_mb);
}

GuestNeeds raised(const GuestNeeds& needs, std::uint32_t vcpus,
                  std::uint64_t own_mb) {
  return with_size(needs, std::max(needs.vcpus, vcpus),
                   std::max(own_memory_mb(needs), own_mb));
}

bool can_be(const GuestNeeds& needs) {
  // No disk is larger than its image can be in bytes.
  constexpr auto disk_most_mb =
      disks_max * (std::numeric_limits<std::uint64_t>::max() / bytes_in_mb + 1);
  if (needs.vcpus == 0 || needs.vcpus > vcpus_max) return false;
  auto least_mb = vm_memory_mb_min + qemu_mb(needs.vcpus);
  auto most_mb = vm_memory_mb_max + qemu_mb(needs.vcpus);
  return needs.memory_mb >= least_mb && needs.memory_mb <= most_mb &&
         needs.disk_mb <= disk_most_mb;
}

}  // namespace ppn::events
