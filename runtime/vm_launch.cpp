#include "runtime/vm_launch.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/acceleration_linux.hpp"
#include "runtime/cloud_init.hpp"
#include "runtime/guest_process_linux.hpp"
#include "runtime/program_linux.hpp"
#include "runtime/qemu_command.hpp"
#include "runtime/qemu_unit.hpp"
#include "runtime/tap_linux.hpp"
#include "runtime/user_data.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;
using store::Result;
using store::Status;

namespace {

constexpr const char* qemu_log = "qemu.log";
constexpr const char* console_log = "console.log";

std::string machine_name() {
  struct utsname name {};
  ::uname(&name);
  return name.machine;
}

Architecture architecture() {
  return machine_name() == "aarch64" ? Architecture::aarch64
                                     : Architecture::x86_64;
}

Result<std::filesystem::path> find_qemu() {
  auto name = qemu_program(architecture());
  auto program = find_program(name);
  if (!program)
    return Error{ErrorCode::not_found,
                 "there is no " + name +
                     ": guests need it; on Debian it is in qemu-system-x86"};
  return *program;
}

std::optional<gid_t> group_for(const std::string& accelerator) {
  auto device = device_of(accelerator);
  if (device.empty()) return std::nullopt;
  return device_group("/dev/" + std::string{device});
}

/// All that a guest is made of, and where it is.
Result<QemuGuest> guest_of(const GuestHost& host, GuestHost::Ready& ready,
                           const actors::VmProcess& wish,
                           const std::string& accelerator) {
  auto places = places_of(ready.files, wish.vm);
  QemuGuest guest;
  guest.id = wish.vm;
  guest.name = wish.name;
  guest.spec = wish.spec;
  guest.start = wish.start;
  guest.architecture = architecture();
  auto program = find_qemu();
  if (!program) return program.error();
  guest.program = *program;
  guest.accelerator = accelerator;
  guest.cpu_model = events::cpu_model_of(accelerator);
  guest.console_log = places.guest_dir / console_log;
  for (const auto& disk : wish.spec.disks) {
    QemuDisk where;
    if (disk.device.empty()) {
      where.file = ready.files.disk_of(wish.vm, disk);
    } else {
      auto device = host.settings().devices.find(disk.device);
      if (device == host.settings().devices.end())
        return Error{ErrorCode::not_found,
                     "[guests] devices names no device " + disk.device};
      where.file = device->second;
    }
    if (disk.base) {
      auto image = ready.images->find(*disk.base);
      if (!image)
        return Error{ErrorCode::not_found,
                     "the image " + disk.base->hex() + " is gone"};
      where.base = *ready.images->path_of(*disk.base);
      where.base_format = image->format;
    }
    guest.disks.push_back(std::move(where));
  }
  for (auto [digest, path] : {std::pair{wish.spec.kernel, &guest.kernel},
                              std::pair{wish.spec.initrd, &guest.initrd}}) {
    if (!digest) continue;
    auto file = ready.images->path_of(*digest);
    if (!file)
      return Error{ErrorCode::not_found,
                   "the image " + digest->hex() + " is gone"};
    *path = *file;
  }
  if (wish.spec.cloud_init) guest.seed = places.guest_dir / "seed";
  return guest;
}

bool has_forward_in_mesh(const events::VmSpec& spec) {
  return std::any_of(spec.forwards.begin(), spec.forwards.end(),
                     [](const auto& forward) { return forward.mesh; });
}

/// Where the guest finds it when it begins.
Status put_seed(const GuestHost& host, const GuestHost::Ready& ready,
                const actors::VmProcess& wish) {
  if (!wish.spec.cloud_init) return {};
  auto folder = ready.files.folder_of(wish.vm);
  if (check_seed(folder, *wish.spec.cloud_init)) return {};
  auto kept = read_user_data(host.settings().guest_dir, *wish.spec.cloud_init);
  if (!kept) return kept.error();
  auto meta_data = meta_data_of(wish.vm, wish.name);
  if (!meta_data) return meta_data.error();
  auto written =
      write_seed(folder, {*meta_data, kept->text, kept->salt}, ready.user);
  if (written)
    forget_user_data(host.settings().guest_dir, *wish.spec.cloud_init);
  return written;
}

}  // namespace

VmPlaces places_of(const GuestFiles& files, const Id& vm) {
  auto folder = files.folder_of(vm);
  return {files.run_folder_of(vm), folder, folder / qemu_log};
}

Result<actors::AccelerationPtr> prove_acceleration(
    const GuestHost& host, const actors::AccelerationPtr& known) {
  auto user = host.user();
  if (!user) return user.error();
  auto program = find_qemu();
  if (!program) return program.error();
  Qemu qemu{*program, machine_name(), user->uid, user->gid};
  auto name = name_of(qemu);
  if (!name) return name.error();
  // That none worked may have been a busy moment.
  bool still_holds = known && !known->accelerator.empty() &&
                     known->is_of(*name, kernel_name());
  if (still_holds) return known;
  auto seen = prove_acceleration(qemu);
  if (!seen) return seen.error();
  return actors::AccelerationPtr{
      std::make_shared<const events::Acceleration>(std::move(*seen))};
}

Status launch_vm(const GuestHost& host, GuestHost::Ready& ready,
                 const actors::VmProcess& wish, const std::string& accelerator,
                 const std::optional<events::IpAddress>& mesh_address) {
  if (accelerator.empty())
    return Error{ErrorCode::io,
                 "no accelerator of this host runs a guest; `ppnctl doctor` "
                 "shows what was tried"};
  auto made = ready.files.make(
      wish.vm, wish.spec, *ready.images,
      [&](std::uint64_t, std::uint64_t) { return !host.is_ending(); });
  if (!made) return made;
  if (auto put = put_seed(host, ready, wish); !put) return put;
  auto guest = guest_of(host, ready, wish, accelerator);
  if (!guest) return guest.error();
  if (mesh_address) guest->mesh_address = mesh_address->text();
  if (!mesh_address && has_forward_in_mesh(wish.spec))
    return Error{ErrorCode::io,
                 "a forward of the guest is at this host's address in the "
                 "mesh, and the host is in none"};
  auto places = places_of(ready.files, wish.vm);
  if (wish.start > 1) forget_starts(places.run_dir, wish.start - 1);
  GuestLaunch launch;
  launch.run_dir = places.run_dir;
  launch.start = wish.start;
  launch.keeper = host.settings().keeper;
  launch.argv = qemu_command(*guest);
  launch.uid = ready.user.uid;
  launch.gid = ready.user.gid;
  if (::geteuid() == 0) launch.extra_group = group_for(accelerator);
  launch.log = places.log;
  store::FileHandle tap;
  if (!wish.spec.bridge.empty()) {
    if (!host.settings().bridges.contains(wish.spec.bridge))
      return Error{ErrorCode::not_found,
                   "[guests] bridges names no bridge " + wish.spec.bridge};
    auto opened = open_tap(wish.spec.bridge);
    if (!opened) return opened.error();
    tap = std::move(*opened);
    launch.tap = tap.get();
  }
  if (is_run_by_systemd())
    launch.unit =
        qemu_unit(*guest, {places.guest_dir.parent_path().parent_path(),
                           places.run_dir.parent_path(), places.guest_dir});
  auto launched = launch_guest(launch);
  if (!launched) return launched.error();
  return {};
}

}  // namespace ppn::runtime
