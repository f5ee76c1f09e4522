// What a guest is to be: its machine, its disks, its network. Nothing in it is
// a path or an option of QEMU: files have names within the guest's own folder,
// images digests, and what is the host's own a name in its configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schema/fixed_bytes.hpp"
#include "schema/vm_generated.h"

namespace ppn::events {

inline constexpr std::uint16_t vcpus_max = 256;
inline constexpr std::size_t disks_max = 16;
inline constexpr std::size_t forwards_max = 64;
inline constexpr std::size_t command_line_max = 2047;
inline constexpr std::uint32_t vm_memory_mb_max = 1U << 24U;
inline constexpr std::uint32_t vm_memory_mb_min = 16;
inline constexpr std::uint64_t disk_mb_max = 1ULL << 26U;
inline constexpr std::uint16_t cpu_weight_usual = 100;
inline constexpr std::uint16_t cpu_weight_max = 10'000;
/// As Linux has it for all its interfaces.
inline constexpr std::size_t bridge_name_max = 15;

/// 1 to bridge_name_max of letters, digits, and inner dots, hyphens and
/// underscores.
bool is_bridge_name(std::string_view name);

struct VmDisk {
  /// 1 to 63 of a-z, 0-9 and inner hyphens, as that of a device.
  std::string name;
  schema::DiskFormat format = schema::DiskFormat::qcow2;
  /// 0: as much as its base has.
  std::uint64_t size_mb = 0;
  /// Lies below it.
  std::optional<Hash> base = std::nullopt;
  /// Instead of a file: one that the configuration of the host names so. Raw,
  /// for what lies on it may be the work of another guest.
  std::string device = {};
  bool read_only = false;

  bool operator==(const VmDisk&) const = default;
};

struct VmForward {
  std::uint16_t host_port = 0;
  std::uint16_t guest_port = 0;
  /// A flaw: a guest that may open no connection can not answer it either.
  bool udp = false;
  /// At all addresses of the host.
  bool open = false;
  /// At its address in the mesh alone; a flaw beside `open`.
  bool mesh = false;

  bool operator==(const VmForward&) const = default;
};

struct VmSpec {
  schema::VmKind kind = schema::VmKind::plain;
  std::uint16_t vcpus = 1;
  std::uint32_t memory_mb = 0;
  std::uint32_t floor_mb = 0;
  std::uint16_t cpu_weight = cpu_weight_usual;
  std::vector<VmDisk> disks = {};
  std::optional<Hash> kernel = std::nullopt;
  std::optional<Hash> initrd = std::nullopt;
  std::string command_line = {};
  /// Empty: a network of its own, which ends at this host.
  std::string bridge = {};
  std::vector<VmForward> forwards = {};
  std::optional<Hash> cloud_init = std::nullopt;
  bool autostart = true;
  schema::RestartPolicy restart = schema::RestartPolicy::on_failure;
  std::optional<NodeId> node = std::nullopt;

  bool operator==(const VmSpec&) const = default;
};

/// What the configuration of a host lets guests have beside what is theirs.
struct VmAllowance {
  std::set<std::string, std::less<>> bridges;
  std::set<std::string, std::less<>> devices;
  bool open_forwards = false;
};

/// What that kind has unless somebody says otherwise:
///
///     plain          1 vCPU    512 MB
///     mediakit       2 vCPUs  6144 MB  SSH at port 10022 of the host
///     orchestration  2 vCPUs  4096 MB  SSH at 10023
///     totebox        2 vCPUs  4096 MB  SSH at 10024
///     privategit     2 vCPUs  2048 MB  SSH at 10025
///
/// All but the plain one have an empty disk "root" of 20 GB, and forwards at
/// the loopback to their SSH and their services. The floor is floor_usual(). A
/// totebox is without a flaw once it has a node, a plain guest once it has
/// something to start.
VmSpec profile_of(schema::VmKind kind);

/// A quarter of the memory, and no less than 256 MB unless that is all.
std::uint32_t floor_usual(std::uint32_t memory_mb);

/// As operators spell it: plain, mediakit, totebox, orchestration, privategit;
/// unknown if it is none.
schema::VmKind kind_of(std::string_view name);
/// Empty if it is unknown.
std::string_view name_of(schema::VmKind kind);

/// Why no guest can be so on any host; nothing if one can.
std::optional<std::string> flaw_of(const VmSpec& spec);
/// Why it can not be so on a host that allows so much: that, or something that
/// its configuration would have to say.
std::optional<std::string> flaw_of(const VmSpec& spec,
                                   const VmAllowance& allowance);

/// All images that it is made of.
std::set<Hash> images_of(const VmSpec& spec);

/// Nothing if it is none: what is stored is from outside.
std::optional<VmSpec> read_spec(const schema::VmSpec& stored);
schema::VmSpecT stored(const VmSpec& spec);

}  // namespace ppn::events
