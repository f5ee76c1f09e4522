// What a guest's QEMU may take and reach as a unit of systemd, made of what the
// guest is to be.
#pragma once

#include <filesystem>

#include "runtime/guest_unit.hpp"
#include "runtime/qemu_command.hpp"

namespace ppn::runtime {

/// By their real paths. Of the first two a guest sees no more than its own
/// folder in the one, and the images that it is made of.
struct QemuPlaces {
  std::filesystem::path guest_dir;
  std::filesystem::path run_dir;
  std::filesystem::path own;
};

GuestUnit qemu_unit(const QemuGuest& guest, const QemuPlaces& places);

}  // namespace ppn::runtime
