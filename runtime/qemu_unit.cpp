#include "runtime/qemu_unit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "events/pool.hpp"
#include "runtime/acceleration.hpp"

namespace ppn::runtime {

namespace {

/// More than it was ever seen to take, since what takes more than is allowed is
/// killed: room for what QEMU keeps of each qcow2 file, for its page tables,
/// and to spare.
std::uint64_t memory_max_of(const QemuGuest& guest) {
  constexpr std::uint64_t slack_mb = 128;
  constexpr std::uint64_t cache_mb = 32;
  constexpr std::uint64_t tables_part = 64;
  bool is_interpreted = guest.accelerator == "tcg";
  std::uint64_t files = 0;
  for (const auto& disk : guest.spec.disks) files += disk.base ? 2 : 1;
  return guest.spec.memory_mb + events::overhead_mb(guest.spec) +
         (is_interpreted ? translated_mb : 0) + files * cache_mb +
         guest.spec.memory_mb / tables_part + slack_mb;
}

std::vector<std::filesystem::path> images_of(const QemuGuest& guest) {
  std::vector<std::filesystem::path> images;
  for (const auto& disk : guest.disks)
    if (!disk.base.empty()) images.push_back(disk.base);
  for (const auto& file : {guest.kernel, guest.initrd})
    if (!file.empty()) images.push_back(file);
  return images;
}

}  // namespace

GuestUnit qemu_unit(const QemuGuest& guest, const QemuPlaces& places) {
  GuestUnit unit;
  unit.name = fmt::format("ppn-guest-{}-{}", guest.id.hex(), guest.start);
  unit.description = fmt::format("Guest {}, start {}", guest.name, guest.start);
  unit.memory_max_mb = memory_max_of(guest);
  unit.cpu_weight = guest.spec.cpu_weight;
  if (auto device = device_of(guest.accelerator); !device.empty())
    unit.devices.push_back(std::filesystem::path{"/dev"} / device);
  for (std::size_t i = 0; i < guest.spec.disks.size(); ++i)
    if (!guest.spec.disks[i].device.empty())
      unit.devices.push_back(guest.disks.at(i).file);
  unit.hidden = {places.guest_dir, "/run"};
  if (!places.run_dir.native().starts_with("/run/"))
    unit.hidden.push_back(places.run_dir);
  unit.readable = images_of(guest);
  unit.writable = {places.own};
  const auto& forwards = guest.spec.forwards;
  unit.has_forwards = !forwards.empty();
  unit.is_open = std::any_of(forwards.begin(), forwards.end(),
                             [](const auto& forward) { return forward.open; });
  return unit;
}

}  // namespace ppn::runtime
