#include "runtime/qemu_command.hpp"

#include "schema/reflection_json.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using schema::DiskFormat;
using schema::Json;

namespace {

using Words = std::vector<std::string>;

void add(Words& words, const char* option, std::string value) {
  words.emplace_back(option);
  words.push_back(std::move(value));
}

void add_json(Words& words, const char* option, const Json& value) {
  add(words, option, schema::compact(value));
}

/// As a value within an option: there a comma ends one unless it is doubled.
std::string within_option(std::string_view value) {
  std::string text;
  for (char c : value) text += c == ',' ? std::string{",,"} : std::string{c};
  return text;
}

/// In the range that QEMU takes for guests, by the beginning of the id.
std::string mac_of(const Id& id) {
  std::string text = "52:54:00";
  for (auto byte : id.view().first<3>()) text += ":" + to_hex({&byte, 1});
  return text;
}

// -- the machine --------------------------------------------------------------

/// Without the devices that no guest here has a use for. As there are no
/// graphics, firmware speaks on the serial port. A core file of QEMU has no
/// memory of the guest.
std::string machine_of(Architecture architecture) {
  switch (architecture) {
    case Architecture::x86_64:
      return "q35,vmport=off,sata=off,smbus=off,graphics=off,"
             "dump-guest-core=off";
    case Architecture::aarch64:
      // The usual one has room for eight CPUs.
      return "virt,gic-version=max,graphics=off,dump-guest-core=off";
  }
  return "none";
}

/// What is translated for a guest is kept by the gigabyte, unless QEMU is told
/// otherwise.
std::string accelerator_of(const QemuGuest& guest) {
  if (guest.accelerator != "tcg") return guest.accelerator;
  return "tcg,tb-size=" + std::to_string(translated_mb);
}

void add_process(Words& words, const QemuGuest& guest) {
  add(words, "-name",
      "guest=" + within_option(qemu_name(guest.name, guest.start)) +
          ",debug-threads=on");
  add(words, "-uuid", qemu_uuid(guest.id));
  words.insert(words.end(), {"-nodefaults", "-no-user-config"});
  add(words, "-sandbox",
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
      "resourcecontrol=deny");
  add(words, "-msg", "timestamp=on");
  words.emplace_back("-S");
  add(words, "-action", "panic=exit-failure,reboot=reset,shutdown=poweroff");
}

void add_machine(Words& words, const QemuGuest& guest) {
  add(words, "-machine", machine_of(guest.architecture));
  add(words, "-accel", accelerator_of(guest));
  if (!guest.cpu_model.empty()) add(words, "-cpu", guest.cpu_model);
  add(words, "-smp", std::to_string(guest.spec.vcpus));
  add(words, "-m", std::to_string(guest.spec.memory_mb) + "M");
  add(words, "-display", "none");
  // Firmware starts what has a place in the order, and nothing else.
  add(words, "-boot", "strict=on");
}

// -- what it is controlled by -------------------------------------------------

std::string socket_of(const char* id, int descriptor) {
  return "socket,id=" + std::string{id} + ",fd=" + std::to_string(descriptor) +
         ",server=on,wait=off";
}

void add_monitor(Words& words, const char* id, int descriptor) {
  add(words, "-chardev", socket_of(id, descriptor));
  add(words, "-mon", "chardev=" + std::string{id} + ",mode=control");
}

void add_console(Words& words, const QemuGuest& guest) {
  add(words, "-chardev",
      socket_of("console", guest.descriptors.serial) + ",logfile=" +
          within_option(guest.console_log.string()) + ",logappend=on");
  add(words, "-serial", "chardev:console");
}

/// Not deflate-on-oom: a guest that lacks memory would take it, and then spin
/// instead of ending a process; the floor is what protects it.
void add_helpers(Words& words) {
  add_json(words, "-device",
           Json{{"driver", "virtio-balloon-pci"},
                {"id", "balloon"},
                {"free-page-reporting", true}});
  add_json(words, "-device", Json{{"driver", "virtio-rng-pci"}, {"id", "rng"}});
  add_json(words, "-device", Json{{"driver", "pvpanic-pci"}, {"id", "panic"}});
}

// -- disks --------------------------------------------------------------------

const char* driver_of(DiskFormat format) {
  return format == DiskFormat::qcow2 ? "qcow2" : "raw";
}

Json file_node(const char* driver, const fs::path& file) {
  return {{"driver", driver},
          {"filename", file.string()},
          {"locking", "on"},
          {"cache", {{"direct", false}}},
          {"discard", "unmap"}};
}

/// Without the null, QEMU would open what the header of the file names.
Json image_node(DiskFormat format, Json file, bool read_only) {
  Json node{{"driver", driver_of(format)},
            {"read-only", read_only},
            {"file", std::move(file)}};
  if (format == DiskFormat::qcow2) node["backing"] = nullptr;
  return node;
}

Json disk_node(const std::string& id, const events::VmDisk& disk,
               const QemuDisk& place) {
  const char* driver = disk.device.empty() ? "file" : "host_device";
  auto node =
      image_node(disk.format, file_node(driver, place.file), disk.read_only);
  node["node-name"] = id;
  node["discard"] = "unmap";
  if (disk.base)
    node["backing"] =
        image_node(place.base_format, file_node("file", place.base), true);
  return node;
}

/// Any error pauses the guest, not only that of a full disk: a quota has one of
/// its own, and storage that is away may come back. The guest would take its
/// files for damaged.
Json disk_device(const std::string& id, const events::VmDisk& disk,
                 std::size_t boot_place) {
  // As much as virtio tells the guest.
  constexpr std::size_t serial_max = 20;
  return {{"driver", "virtio-blk-pci"},
          {"id", id},
          {"drive", id},
          {"serial", disk.name.substr(0, serial_max)},
          {"bootindex", boot_place},
          {"werror", "stop"},
          {"rerror", "stop"}};
}

void add_disks(Words& words, const QemuGuest& guest) {
  for (std::size_t i = 0; i < guest.spec.disks.size(); ++i) {
    const auto& disk = guest.spec.disks[i];
    // Names of nodes are shorter than those of disks may be.
    auto id = "disk" + std::to_string(i);
    add_json(words, "-blockdev", disk_node(id, disk, guest.disks.at(i)));
    // The first place is that of a kernel.
    add_json(words, "-device", disk_device(id, disk, i + 1));
  }
}

/// A folder that looks like a disk with one file system, of that label.
void add_seed(Words& words, const QemuGuest& guest) {
  if (!guest.spec.cloud_init) return;
  add_json(words, "-blockdev",
           Json{{"driver", "vvfat"},
                {"node-name", "seed"},
                {"read-only", true},
                {"dir", guest.seed.string()},
                {"label", "CIDATA"},
                {"floppy", false},
                {"rw", false}});
  add_json(words, "-device",
           Json{{"driver", "virtio-blk-pci"},
                {"id", "seed"},
                {"drive", "seed"},
                {"serial", "cidata"}});
}

void add_kernel(Words& words, const QemuGuest& guest) {
  if (!guest.spec.kernel) return;
  add(words, "-kernel", guest.kernel.string());
  if (guest.spec.initrd) add(words, "-initrd", guest.initrd.string());
  if (!guest.spec.command_line.empty())
    add(words, "-append", guest.spec.command_line);
}

// -- the network --------------------------------------------------------------

/// Empty: all of the host's.
std::string address_of(const events::VmForward& forward,
                       const std::string& mesh_address) {
  if (forward.open) return {};
  return forward.mesh ? mesh_address : "127.0.0.1";
}

std::string forward_text(const events::VmForward& forward,
                         const std::string& mesh_address) {
  return std::string{",hostfwd="} + (forward.udp ? "udp:" : "tcp:") +
         address_of(forward, mesh_address) + ":" +
         std::to_string(forward.host_port) +
         "-:" + std::to_string(forward.guest_port);
}

/// Restricted: QEMU speaks for the guest from this host's own addresses, so
/// whatever it let out would reach the host's services and the mesh as if the
/// host had sent it. Forwards are answered all the same.
std::string netdev_of(const QemuGuest& guest) {
  if (!guest.spec.bridge.empty())
    return "tap,id=net,fd=" + std::to_string(guest.descriptors.tap);
  std::string netdev = "user,id=net,restrict=on,ipv6=off";
  for (const auto& forward : guest.spec.forwards)
    netdev += forward_text(forward, guest.mesh_address);
  return netdev;
}

void add_network(Words& words, const QemuGuest& guest) {
  add(words, "-netdev", netdev_of(guest));
  // Without the firmware that would start what a server on the network sends.
  add_json(words, "-device",
           Json{{"driver", "virtio-net-pci"},
                {"id", "net"},
                {"netdev", "net"},
                {"mac", mac_of(guest.id)},
                {"romfile", ""}});
}

}  // namespace

std::string qemu_program(Architecture architecture) {
  switch (architecture) {
    case Architecture::x86_64:
      return "qemu-system-x86_64";
    case Architecture::aarch64:
      return "qemu-system-aarch64";
  }
  return {};
}

std::string qemu_uuid(const Id& id) {
  auto text = id.hex();
  for (std::size_t place : {20U, 16U, 12U, 8U}) text.insert(place, "-");
  return text;
}

std::string qemu_name(const std::string& name, std::uint64_t start) {
  return name + "." + std::to_string(start);
}

Words qemu_command(const QemuGuest& guest) {
  Words words{guest.program.string()};
  add_process(words, guest);
  add_machine(words, guest);
  add_monitor(words, "control", guest.descriptors.control);
  add_monitor(words, "rescue", guest.descriptors.rescue);
  add_console(words, guest);
  add_helpers(words);
  add_disks(words, guest);
  add_seed(words, guest);
  add_network(words, guest);
  add_kernel(words, guest);
  return words;
}

}  // namespace ppn::runtime
