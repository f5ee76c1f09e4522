#include "actors/vm_plan.hpp"

#include <algorithm>

namespace ppn::actors {

namespace {

using events::Pool;
using events::VmSpec;

std::string mb(std::uint64_t size) { return std::to_string(size) + " MB"; }

std::string image_in_words(const Pool& pool, const Hash& digest) {
  constexpr std::size_t letters = 12;
  auto image = pool.images.find(digest);
  auto name = image == pool.images.end() ? "" : image->second.name + " ";
  return "image " + name + digest.hex().substr(0, letters);
}

std::string disk_in_words(const Pool& pool, const events::VmDisk& disk) {
  auto format = disk.format == schema::DiskFormat::raw ? "raw" : "qcow2";
  auto line = "disk " + disk.name + ": " + format;
  if (disk.size_mb != 0) line += ", " + mb(disk.size_mb);
  if (disk.base) line += ", over " + image_in_words(pool, *disk.base);
  if (!disk.device.empty()) line += ", device " + disk.device + " of the host";
  if (disk.read_only) line += ", only read";
  return line;
}

std::string address_in_words(const events::VmForward& forward) {
  if (forward.open) return "every address";
  return forward.mesh ? "the address in the mesh," : "127.0.0.1";
}

std::string forward_in_words(const events::VmForward& forward) {
  return "forward " + address_in_words(forward) + " port " +
         std::to_string(forward.host_port) + " to its port " +
         std::to_string(forward.guest_port) +
         (forward.udp ? " (UDP)" : " (TCP)");
}

std::string restart_in_words(schema::RestartPolicy policy) {
  switch (policy) {
    case schema::RestartPolicy::never:
      return "never restarted by itself";
    case schema::RestartPolicy::always:
      return "restarted whenever it ends";
    default:
      return "restarted when it fails";
  }
}

std::string machine_in_words(const VmSpec& spec) {
  return std::to_string(spec.vcpus) + " vCPUs, " + mb(spec.memory_mb) +
         " of memory (never less than " + mb(spec.floor_mb) + "), CPU weight " +
         std::to_string(spec.cpu_weight);
}

void add_boot(std::vector<std::string>& plan, const Pool& pool,
              const VmSpec& spec) {
  if (!spec.kernel) {
    plan.emplace_back("starts what is on its disks");
    return;
  }
  auto line = "starts the kernel of " + image_in_words(pool, *spec.kernel);
  if (spec.initrd) line += " with " + image_in_words(pool, *spec.initrd);
  plan.push_back(line);
  plan.push_back(spec.command_line.empty()
                     ? "no kernel command line"
                     : "kernel command line: " + spec.command_line);
}

void add_network(std::vector<std::string>& plan, const VmSpec& spec) {
  if (!spec.bridge.empty())
    plan.push_back("network: bridge " + spec.bridge + " of the host");
  else
    plan.push_back(
        "network: of its own; it reaches nothing outside, and is reached by "
        "its forwards");
  for (const auto& forward : spec.forwards)
    plan.push_back(forward_in_words(forward));
}

std::string room_in_words(const Pool& pool, const VmSpec& added) {
  auto use = events::use_of(pool.vms);
  auto taken = use.memory_mb + added.memory_mb + events::overhead_mb(added);
  auto left = pool.limits.memory_mb - std::min(taken, pool.limits.memory_mb);
  auto vcpus = std::min(use.vcpus + added.vcpus, pool.limits.vcpus_max);
  return "left then for other guests: " + mb(left) + " of " +
         mb(pool.limits.memory_mb) + ", " +
         std::to_string(pool.limits.vcpus_max - vcpus) + " vCPUs";
}

template <class Value>
void add_change(std::vector<std::string>& plan, const char* what,
                const Value& before, const Value& after) {
  if (before == after) return;
  plan.push_back(std::string{what} + ": " + std::to_string(before) + " -> " +
                 std::to_string(after));
}

}  // namespace

std::vector<std::string> plan_of(const events::DefineVm& wish, const Pool& pool,
                                 const events::Acceleration& acceleration) {
  const auto& spec = wish.spec;
  std::vector<std::string> plan{"create the guest " + wish.name + " (" +
                                    std::string{events::name_of(spec.kind)} +
                                    ") on this node" +
                                    (wish.start ? ", and start it" : ""),
                                machine_in_words(spec)};
  for (const auto& disk : spec.disks) plan.push_back(disk_in_words(pool, disk));
  add_boot(plan, pool, spec);
  add_network(plan, spec);
  if (spec.cloud_init) plan.emplace_back("cloud-init user data is kept for it");
  plan.push_back(restart_in_words(spec.restart) +
                 (spec.autostart ? ", and comes back with the host"
                                 : ", and stays off when the host comes back"));
  plan.push_back(acceleration.accelerator.empty()
                     ? "no accelerator is proved on this host yet"
                     : "run by " + acceleration.accelerator);
  plan.push_back(room_in_words(pool, spec));
  return plan;
}

std::vector<std::string> plan_of(const events::AdoptVm& wish) {
  const auto* fate = wish.wish == schema::VmWish::off ? "it stays off"
                     : wish.lives                     ? "it goes on to run"
                                  : "it does not run any more, and is started";
  return {"adopt the guest " + wish.name + ", which this host had as node " +
              wish.from.hex(),
          machine_in_words(wish.spec), fate,
          "keep its disks, and what it is made of"};
}

std::vector<std::string> plan_of(const events::ChangeVm& wish,
                                 const Pool& pool) {
  const auto& vm = pool.vms.at(wish.vm);
  const auto& before = vm.spec;
  const auto& after = wish.spec;
  std::vector<std::string> plan{"change the guest " + vm.name};
  if (before.kind != after.kind)
    plan.push_back("kind: " + std::string{events::name_of(before.kind)} +
                   " -> " + std::string{events::name_of(after.kind)});
  add_change(plan, "vCPUs", before.vcpus, after.vcpus);
  add_change(plan, "memory in MB", before.memory_mb, after.memory_mb);
  add_change(plan, "floor in MB", before.floor_mb, after.floor_mb);
  add_change(plan, "CPU weight", before.cpu_weight, after.cpu_weight);
  if (before.restart != after.restart)
    plan.push_back(restart_in_words(after.restart));
  if (before.autostart != after.autostart)
    plan.emplace_back(after.autostart ? "comes back with the host"
                                      : "stays off when the host comes back");
  if (before.disks != after.disks) {
    plan.emplace_back(after.disks.empty() ? "it has no disks then"
                                          : "its disks are then:");
    for (const auto& disk : after.disks)
      plan.push_back(disk_in_words(pool, disk));
  }
  if (before.forwards != after.forwards || before.bridge != after.bridge)
    add_network(plan, after);
  if (before.kernel != after.kernel || before.initrd != after.initrd ||
      before.command_line != after.command_line)
    add_boot(plan, pool, after);
  if (before.cloud_init != after.cloud_init)
    plan.emplace_back(after.cloud_init ? "it gets other cloud-init user data"
                                       : "it gets no cloud-init user data");
  if (before.node != after.node)
    plan.emplace_back(after.node ? "it must be on this node"
                                 : "it may be on any node");
  return plan;
}

std::vector<std::string> plan_of(const events::DeleteVm& wish,
                                 const Pool& pool) {
  const auto& vm = pool.vms.at(wish.vm);
  std::vector<std::string> plan{"delete the guest " + vm.name + ", which is " +
                                events::phase_of(vm)};
  if (wish.force && events::has_process(vm))
    plan.emplace_back("stop it at once, without asking it");
  for (const auto& disk : vm.spec.disks)
    plan.push_back(disk.device.empty()
                       ? "delete its disk " + disk.name + ", for good"
                       : "leave the device " + disk.device + " as it is");
  plan.push_back("free " + mb(vm.spec.memory_mb) + " of memory");
  return plan;
}

}  // namespace ppn::actors
