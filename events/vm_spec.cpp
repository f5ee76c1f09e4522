#include "events/vm_spec.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>

#include "events/mesh.hpp"

namespace ppn::events {

namespace {

using schema::DiskFormat;
using schema::RestartPolicy;
using schema::VmKind;

using Flaw = std::optional<std::string>;

// -- kinds --------------------------------------------------------------------

constexpr std::array<std::pair<VmKind, std::string_view>, 5> kind_names{
    {{VmKind::plain, "plain"},
     {VmKind::media_kit, "mediakit"},
     {VmKind::totebox, "totebox"},
     {VmKind::orchestration, "orchestration"},
     {VmKind::private_git, "privategit"}}};

constexpr std::uint16_t ssh_port = 22;
/// A service has the port of the host that is so much higher.
constexpr std::uint16_t service_offset = 10'000;
constexpr std::uint64_t root_disk_mb = std::uint64_t{20} * 1024;

constexpr std::array<std::uint16_t, 8> media_kit_services{
    9090, 9092, 9093, 9095, 9096, 9100, 9101, 9102};
constexpr std::array<std::uint16_t, 3> orchestration_services{9096, 9097, 9180};

struct Profile {
  std::uint16_t vcpus = 0;
  std::uint32_t memory_mb = 0;
  /// Of the host; 0: it has neither that nor a disk.
  std::uint16_t ssh_host_port = 0;
  std::span<const std::uint16_t> services = {};
};

/// An archive reads much of itself, so it has room for what it read; a mirror
/// of repositories mostly waits for its disk.
Profile numbers_of(VmKind kind) {
  switch (kind) {
    case VmKind::media_kit:
      return {2, 6144, 10'022, media_kit_services};
    case VmKind::orchestration:
      return {2, 4096, 10'023, orchestration_services};
    case VmKind::totebox:
      return {2, 4096, 10'024};
    case VmKind::private_git:
      return {2, 2048, 10'025};
    case VmKind::unknown:
    case VmKind::plain:
      break;
  }
  return {1, 512};
}

VmForward service(std::uint16_t port) {
  return {static_cast<std::uint16_t>(port + service_offset), port};
}

// -- flaws --------------------------------------------------------------------

constexpr const char* name_rule = "1 to 63 of a-z, 0-9 and inner hyphens";

template <class Number>
bool is_within(Number number, Number least, Number most) {
  return number >= least && number <= most;
}

std::string up_to(std::uint64_t least, std::uint64_t most) {
  return std::to_string(least) + " to " + std::to_string(most);
}

Flaw machine_flaw(const VmSpec& spec) {
  if (name_of(spec.kind).empty())
    return "a guest is plain, mediakit, totebox, orchestration or privategit: "
           "say which";
  if (!is_within<unsigned>(spec.vcpus, 1, vcpus_max))
    return "give the guest " + up_to(1, vcpus_max) + " vCPUs";
  if (!is_within(spec.memory_mb, vm_memory_mb_min, vm_memory_mb_max))
    return "give the guest " + up_to(vm_memory_mb_min, vm_memory_mb_max) +
           " MB of memory";
  if (!is_within<std::uint32_t>(spec.floor_mb, 1, spec.memory_mb))
    return "give the guest a floor within its memory: " +
           up_to(1, spec.memory_mb) + " MB";
  if (!is_within<unsigned>(spec.cpu_weight, 1, cpu_weight_max))
    return "give the guest a CPU weight of " + up_to(1, cpu_weight_max) + "; " +
           std::to_string(cpu_weight_usual) + " is usual";
  if (!is_within(spec.restart, RestartPolicy::never, RestartPolicy::always))
    return "a guest is restarted never, on failure or always: say which";
  if (spec.kind == VmKind::totebox && !spec.node)
    return "a totebox stays where it is: name its node";
  return {};
}

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

Flaw start_flaw(const VmSpec& spec) {
  if (!spec.kernel && spec.disks.empty())
    return "the guest has nothing to start: give it a kernel or a disk";
  if (!spec.kernel && (spec.initrd || !spec.command_line.empty()))
    return "an initrd and a command line are for a kernel: name that too, or "
           "leave them out";
  if (spec.command_line.size() > command_line_max ||
      !std::all_of(spec.command_line.begin(), spec.command_line.end(),
                   is_printable))
    return "the command line is at most " + std::to_string(command_line_max) +
           " printable ASCII characters: shorten it, or leave out the others";
  return {};
}

Flaw device_flaw(const VmDisk& disk) {
  if (!is_member_name(disk.device))
    return std::string{"the name of a device is "} + name_rule +
           ", as [guests] devices has it";
  if (disk.base || disk.size_mb != 0)
    return "the disk " + disk.name + " is the device " + disk.device +
           " as it is: leave out its base and its size";
  if (disk.format != DiskFormat::raw)
    return "a device is used raw: say so of the disk " + disk.name;
  return {};
}

Flaw file_flaw(const VmDisk& disk) {
  if (disk.base && disk.format == DiskFormat::raw)
    return "a raw disk has no base: make the disk " + disk.name +
           " qcow2, or leave the base out";
  if (!disk.base && disk.size_mb == 0)
    return "the disk " + disk.name + " needs a size, or a base";
  if (disk.size_mb > disk_mb_max)
    return "the disk " + disk.name + " is too large: give it at most " +
           std::to_string(disk_mb_max) + " MB";
  return {};
}

Flaw disks_flaw(const std::vector<VmDisk>& disks) {
  if (disks.size() > disks_max)
    return "give the guest at most " + std::to_string(disks_max) + " disks";
  std::set<std::string_view> names;
  std::set<std::string_view> devices;
  for (const auto& disk : disks) {
    if (!is_member_name(disk.name))
      return std::string{"the name of a disk is "} + name_rule;
    if (!names.insert(disk.name).second)
      return "two disks are called " + disk.name +
             ": give each a name of its own";
    if (!is_within(disk.format, DiskFormat::qcow2, DiskFormat::raw))
      return "a disk is qcow2 or raw: say which " + disk.name + " is";
    if (auto flaw = disk.device.empty() ? file_flaw(disk) : device_flaw(disk))
      return flaw;
    if (!disk.device.empty() && !devices.insert(disk.device).second)
      return "two disks are the device " + disk.device + ": leave one out";
  }
  return {};
}

Flaw forwards_flaw(const std::vector<VmForward>& forwards) {
  if (forwards.size() > forwards_max)
    return "give the guest at most " + std::to_string(forwards_max) +
           " forwards";
  std::set<std::uint16_t> taken;
  for (const auto& forward : forwards) {
    if (forward.host_port == 0 || forward.guest_port == 0)
      return "a forward leads from a port of the host to one of the guest: "
             "give both, each 1 to 65535";
    if (forward.udp)
      return "a guest can not answer to a forward of UDP: leave that out, or "
             "give the guest a bridge";
    if (forward.open && forward.mesh)
      return "a forward is at all addresses of the host or at the one in the "
             "mesh: leave one of the two out";
    if (!taken.insert(forward.host_port).second)
      return "two forwards are at the port " +
             std::to_string(forward.host_port) +
             " of the host: give each one of its own";
  }
  return {};
}

Flaw network_flaw(const VmSpec& spec) {
  if (spec.bridge.empty()) return forwards_flaw(spec.forwards);
  if (!is_bridge_name(spec.bridge))
    return "the name of a bridge is 1 to " + std::to_string(bridge_name_max) +
           " of A-Z, a-z, 0-9, '.', '_' and '-', and the first is no '.' or "
           "'-'";
  if (!spec.forwards.empty())
    return "a guest at a bridge is reached there: leave out its forwards, or "
           "the bridge";
  return {};
}

// -- what is stored -----------------------------------------------------------

template <class Fixed, class Struct>
std::optional<Fixed> read_fixed(const Struct* stored) {
  return stored == nullptr ? std::nullopt : std::optional{Fixed{*stored}};
}

template <class Struct>
std::unique_ptr<Struct> stored_fixed(
    const std::optional<FixedBytes<Struct>>& bytes) {
  return bytes ? std::make_unique<Struct>(bytes->stored()) : nullptr;
}

std::string read_text(const flatbuffers::String* stored) {
  return stored == nullptr ? std::string{} : stored->str();
}

VmDisk read_disk(const schema::VmDisk& stored) {
  return {stored.name()->str(),       stored.format(),
          stored.size_mb(),           read_fixed<Hash>(stored.base()),
          read_text(stored.device()), stored.read_only()};
}

VmForward read_forward(const schema::VmForward& stored) {
  return {stored.host_port(), stored.guest_port(), stored.udp(), stored.open(),
          stored.mesh()};
}

std::unique_ptr<schema::VmDiskT> stored_disk(const VmDisk& disk) {
  auto all = std::make_unique<schema::VmDiskT>();
  all->name = disk.name;
  all->format = disk.format;
  all->size_mb = disk.size_mb;
  all->base = stored_fixed(disk.base);
  all->device = disk.device;
  all->read_only = disk.read_only;
  return all;
}

std::unique_ptr<schema::VmForwardT> stored_forward(const VmForward& forward) {
  auto all = std::make_unique<schema::VmForwardT>();
  all->host_port = forward.host_port;
  all->guest_port = forward.guest_port;
  all->udp = forward.udp;
  all->open = forward.open;
  all->mesh = forward.mesh;
  return all;
}

/// More than `most` are not even looked at: all of them may lie at the same
/// bytes, and be far more once they are read.
template <class Table, class Read>
auto read_all(const flatbuffers::Vector<flatbuffers::Offset<Table>>* stored,
              std::size_t most, Read read) {
  std::optional<std::vector<decltype(read(std::declval<const Table&>()))>> all;
  if (stored != nullptr && stored->size() > most) return all;
  all.emplace();
  if (stored == nullptr) return all;
  for (const auto* one : *stored) all->push_back(read(*one));
  return all;
}

}  // namespace

bool is_bridge_name(std::string_view name) {
  auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= bridge_name_max &&
         name.front() != '-' && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

VmSpec profile_of(VmKind kind) {
  auto profile = numbers_of(kind);
  VmSpec spec;
  spec.kind = kind;
  spec.vcpus = profile.vcpus;
  spec.memory_mb = profile.memory_mb;
  spec.floor_mb = floor_usual(profile.memory_mb);
  if (profile.ssh_host_port == 0) return spec;
  spec.disks = {{"root", DiskFormat::qcow2, root_disk_mb}};
  spec.forwards = {{profile.ssh_host_port, ssh_port}};
  for (auto port : profile.services) spec.forwards.push_back(service(port));
  return spec;
}

std::uint32_t floor_usual(std::uint32_t memory_mb) {
  constexpr std::uint32_t least_mb = 256;
  return std::min(memory_mb, std::max(memory_mb / 4, least_mb));
}

VmKind kind_of(std::string_view name) {
  for (const auto& [kind, its_name] : kind_names)
    if (its_name == name) return kind;
  return VmKind::unknown;
}

std::string_view name_of(VmKind kind) {
  for (const auto& [its_kind, name] : kind_names)
    if (its_kind == kind) return name;
  return {};
}

Flaw flaw_of(const VmSpec& spec) {
  if (auto flaw = machine_flaw(spec)) return flaw;
  if (auto flaw = start_flaw(spec)) return flaw;
  if (auto flaw = disks_flaw(spec.disks)) return flaw;
  return network_flaw(spec);
}

Flaw flaw_of(const VmSpec& spec, const VmAllowance& allowance) {
  if (auto flaw = flaw_of(spec)) return flaw;
  if (!spec.bridge.empty() && !allowance.bridges.contains(spec.bridge))
    return "this host lets no guest into the bridge " + spec.bridge +
           ": name it in [guests] bridges of its configuration";
  for (const auto& disk : spec.disks)
    if (!disk.device.empty() && !allowance.devices.contains(disk.device))
      return "this host gives no guest the device " + disk.device +
             ": name it in [guests] devices of its configuration";
  auto is_open = [](const VmForward& forward) { return forward.open; };
  if (!allowance.open_forwards &&
      std::any_of(spec.forwards.begin(), spec.forwards.end(), is_open))
    return "this host keeps the forwards of guests at its loopback: keep all "
           "of these there, or set [guests] open_forwards in its configuration";
  return {};
}

std::set<Hash> images_of(const VmSpec& spec) {
  std::set<Hash> images;
  if (spec.kernel) images.insert(*spec.kernel);
  if (spec.initrd) images.insert(*spec.initrd);
  for (const auto& disk : spec.disks)
    if (disk.base) images.insert(*disk.base);
  return images;
}

std::optional<VmSpec> read_spec(const schema::VmSpec& stored) {
  auto disks = read_all(stored.disks(), disks_max, read_disk);
  auto forwards = read_all(stored.forwards(), forwards_max, read_forward);
  if (!disks || !forwards) return std::nullopt;
  VmSpec spec;
  spec.kind = stored.kind();
  spec.vcpus = stored.vcpus();
  spec.memory_mb = stored.memory_mb();
  spec.floor_mb = stored.floor_mb();
  spec.cpu_weight = stored.cpu_weight();
  spec.disks = std::move(*disks);
  spec.kernel = read_fixed<Hash>(stored.kernel());
  spec.initrd = read_fixed<Hash>(stored.initrd());
  spec.command_line = read_text(stored.command_line());
  spec.bridge = read_text(stored.bridge());
  spec.forwards = std::move(*forwards);
  spec.cloud_init = read_fixed<Hash>(stored.cloud_init());
  spec.autostart = stored.autostart();
  spec.restart = stored.restart();
  spec.node = read_fixed<NodeId>(stored.node());
  return flaw_of(spec) ? std::nullopt : std::optional{std::move(spec)};
}

schema::VmSpecT stored(const VmSpec& spec) {
  schema::VmSpecT all;
  all.kind = spec.kind;
  all.vcpus = spec.vcpus;
  all.memory_mb = spec.memory_mb;
  all.floor_mb = spec.floor_mb;
  all.cpu_weight = spec.cpu_weight;
  for (const auto& disk : spec.disks) all.disks.push_back(stored_disk(disk));
  all.kernel = stored_fixed(spec.kernel);
  all.initrd = stored_fixed(spec.initrd);
  all.command_line = spec.command_line;
  all.bridge = spec.bridge;
  for (const auto& forward : spec.forwards)
    all.forwards.push_back(stored_forward(forward));
  all.cloud_init = stored_fixed(spec.cloud_init);
  all.autostart = spec.autostart;
  all.restart = spec.restart;
  all.node = stored_fixed(spec.node);
  return all;
}

}  // namespace ppn::events
