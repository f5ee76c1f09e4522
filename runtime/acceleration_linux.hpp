// Finds out by which accelerators a QEMU of this host runs guests, by having it
// run one. See runtime/acceleration.hpp.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "events/acceleration.hpp"
#include "runtime/acceleration.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// A QEMU, and who runs it.
struct Qemu {
  /// The whole path.
  std::filesystem::path program;
  /// As in its name.
  std::string architecture;
  /// Who has no rights beside those that guests need. Others than those of
  /// this process are for root alone to give.
  uid_t uid = 0;
  gid_t gid = 0;
  /// Where the devices of accelerators are.
  std::filesystem::path devices = "/dev";
};

/// The group that lets a process which runs as nobody special open the device;
/// nothing if there is none, or if it is root's.
std::optional<gid_t> device_group(const std::filesystem::path& device);

/// What tells this QEMU from others: its version, its path, and since when it
/// is there. not_found, io.
store::Result<std::string> name_of(const Qemu& qemu);

/// The same of the kernel that runs.
std::string kernel_name();

/// Runs a guest by each accelerator that QEMU lists, one after the other, and
/// each no longer than `patience`. Nothing of them is left behind. not_found,
/// io.
store::Result<events::Acceleration> prove_acceleration(
    const Qemu& qemu, std::chrono::milliseconds patience = probe_patience);

}  // namespace ppn::runtime
