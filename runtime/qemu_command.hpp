// The command that runs a guest: QEMU and its arguments, made of what the guest
// is to be and of where this host has what it is made of.
//
// What somebody chose is a word for itself or a string in JSON. Where it must
// stand within an option of another syntax, it can not end its place there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "events/vm_spec.hpp"

namespace ppn::runtime {

/// Of a host, and so of its guests.
enum class Architecture : std::uint8_t { x86_64, aarch64 };

/// Where a disk is.
struct QemuDisk {
  /// The guest's own, or the device that the spec names.
  std::filesystem::path file;
  /// The image that lies below it, if the spec has one. What the two files
  /// themselves say lies below them is not asked. But a qcow2 that says its
  /// data is in another file would be believed: such a one is no image to keep.
  std::filesystem::path base = {};
  schema::DiskFormat base_format = schema::DiskFormat::raw;
};

/// The descriptors that QEMU is started with: sockets that listen already, and
/// with a bridge a tap that is in it.
struct QemuDescriptors {
  int control = 3;
  int rescue = 4;
  int serial = 5;
  int tap = 6;
};

struct QemuGuest {
  Id id;
  std::string name;
  events::VmSpec spec;
  /// Number of this start.
  std::uint64_t start = 0;

  std::filesystem::path program = "qemu-system-x86_64";
  Architecture architecture = Architecture::x86_64;
  std::string accelerator = "tcg";
  /// Empty: what QEMU takes by itself.
  std::string cpu_model = {};

  /// One for each of the spec's.
  std::vector<QemuDisk> disks = {};
  /// If the spec has them.
  std::filesystem::path kernel = {};
  std::filesystem::path initrd = {};
  /// Has meta-data and user-data, if the spec has a cloud-init.
  std::filesystem::path seed = {};
  /// What the guest says on its serial port is added to it.
  std::filesystem::path console_log;
  QemuDescriptors descriptors = {};
  /// Of the host in the mesh, if the spec has forwards there.
  std::string mesh_address = {};
};

/// The program of that name runs guests.
std::string qemu_program(Architecture architecture);

/// What query-name answers: the guest's name and the number of its start.
std::string qemu_name(const std::string& name, std::uint64_t start);

/// As -uuid has the guest's id.
std::string qemu_uuid(const Id& id);

/// What a guest that is interpreted may have translated at a time, in MB.
inline constexpr std::uint64_t translated_mb = 128;

/// The object to ask about the balloon (qom-get guest-stats).
inline constexpr const char* qemu_balloon = "/machine/peripheral/balloon";

/// The program and its arguments. It holds the guest until it is told "cont",
/// and keeps an end of the guest apart from others: it exits with 0 after a
/// shutdown and with 1 after a panic. A guest that meets an error of a disk is
/// paused. `guest` has no flaw.
std::vector<std::string> qemu_command(const QemuGuest& guest);

}  // namespace ppn::runtime
