#include "tools/ppnctl/vm_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/image_find.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string since_words(const Vm& vm, std::int64_t now_ns) {
  return vm.since_ns ? ago_words(*vm.since_ns, now_ns) : "-";
}

std::string state_words(const Vm& vm) {
  auto words = vm.phase;
  if (vm.gave_up) words += ", gave up";
  if (vm.is_held()) words += ", held";
  if (vm.is_unresponsive) words += ", unresponsive";
  return words;
}

const char* place_words(const VmForward& forward) {
  if (forward.is_open) return "*:";
  return forward.is_in_mesh ? "mesh:" : "";
}

/// "10022->22", "*:53->53/udp", "mesh:8080->80".
std::string short_words(const VmForward& forward) {
  return fmt::format("{}{}->{}{}", place_words(forward), forward.host_port,
                     forward.guest_port,
                     forward.protocol == "tcp" ? "" : "/" + forward.protocol);
}

/// So many that a table keeps its shape.
std::string short_words(const std::vector<VmForward>& forwards) {
  constexpr std::size_t shown = 3;
  std::string words;
  for (std::size_t i = 0; i < std::min(forwards.size(), shown); ++i)
    words += (i == 0 ? "" : " ") + short_words(forwards[i]);
  if (forwards.size() > shown)
    words += fmt::format(" +{}", forwards.size() - shown);
  return words.empty() ? "-" : words;
}

std::string pool_words(const Vms& vms) {
  const auto& pool = vms.pool;
  return fmt::format(
      "{} of {} guests, {} of {} vCPUs, {} of {} with QEMU's own, {} left; by "
      "{}\n",
      pool.guests, pool.guests_max, pool.vcpus, pool.vcpus_max,
      megabytes_words(pool.memory_mb), megabytes_words(pool.memory_mb_max),
      megabytes_words(pool.memory_mb_left),
      printable(vms.acceleration.accelerator.value_or("nothing")));
}

std::string ailments_text(const std::vector<Vm>& vms) {
  std::string text;
  for (const auto& vm : vms)
    if (auto ailment = ailment_of(vm))
      text += fmt::format("{} {}\n", printable(vm.name), printable(*ailment));
  return text;
}

// -- all of one ---------------------------------------------------------------

std::string image_words(const std::string& digest,
                        const std::optional<std::string>& name) {
  return name ? fmt::format("{} ({})", *name, short_digest(digest))
              : short_digest(digest);
}

std::string disk_words(const VmDisk& disk) {
  auto words = disk.format;
  if (disk.size_mb != 0) words += ", " + megabytes_words(disk.size_mb);
  if (disk.base) words += ", over " + image_words(*disk.base, disk.base_name);
  if (disk.device) words += ", device " + *disk.device + " of the host";
  if (disk.is_read_only) words += ", only read";
  return words;
}

std::string address_words(const VmForward& forward) {
  if (forward.is_open) return "every address";
  if (!forward.is_in_mesh) return "127.0.0.1";
  return forward.address.value_or("no address") + " in the mesh";
}

std::string forward_words(const VmForward& forward) {
  return fmt::format("{} {} port {} to its port {}", forward.protocol,
                     address_words(forward), forward.host_port,
                     forward.guest_port);
}

class Lines {
 public:
  /// Only what is there.
  void add(const char* label, const std::optional<std::string>& value) {
    if (value) rows_.push_back({label, *value});
  }
  void add_image(const char* label, const std::optional<std::string>& digest,
                 const std::optional<std::string>& name) {
    if (digest) add(label, image_words(*digest, name));
  }

  [[nodiscard]] std::string text() const { return columns(rows_); }

 private:
  Rows rows_;
};

void add_state(Lines& lines, const Vm& vm, std::int64_t now_ns) {
  lines.add("state", state_words(vm));
  lines.add("since", since_words(vm, now_ns));
  lines.add("wanted", vm.wish);
  lines.add("evidence", vm.evidence);
  lines.add("cause", vm.cause);
  lines.add("detail", vm.detail);
  lines.add("problem", vm.problem);
  if (vm.restarts_in_row != 0)
    lines.add("ends in a row", fmt::format("{}{}", vm.restarts_in_row,
                                           vm.gave_up ? ", gave up" : ""));
  lines.add("accelerator", vm.accelerator);
  lines.add("start",
            vm.start == 0 ? "none yet" : fmt::format("number {}", vm.start));
}

void add_machine(Lines& lines, const VmSpec& spec) {
  lines.add("vcpus", std::to_string(spec.vcpus));
  lines.add("memory", fmt::format("{}, never less than {}",
                                  megabytes_words(spec.memory_mb),
                                  megabytes_words(spec.floor_mb)));
  lines.add("cpu weight", std::to_string(spec.cpu_weight));
  for (const auto& disk : spec.disks)
    lines.add("disk", disk.name + ": " + disk_words(disk));
  lines.add_image("kernel", spec.kernel, spec.kernel_name);
  lines.add_image("initrd", spec.initrd, spec.initrd_name);
  lines.add("command line", spec.command_line);
}

void add_rest(Lines& lines, const VmSpec& spec) {
  lines.add("network", spec.bridge ? "bridge " + *spec.bridge : "of its own");
  for (const auto& forward : spec.forwards)
    lines.add("forward", forward_words(forward));
  lines.add("cloud-init", spec.has_cloud_init ? "has user data" : "none");
  lines.add("autostart", spec.starts_with_host ? "with the host" : "no");
  lines.add("restart", spec.restart);
  lines.add("node", spec.node);
}

}  // namespace

std::string megabytes_words(std::uint64_t megabytes) {
  constexpr std::uint64_t gigabyte = 1024;
  if (megabytes == 0 || megabytes % gigabyte != 0)
    return fmt::format("{} MB", megabytes);
  return fmt::format("{} GB", megabytes / gigabyte);
}

std::string cause_words(const Vm& vm) {
  auto words = vm.cause.value_or("");
  if (vm.detail) words += (words.empty() ? "" : ": ") + *vm.detail;
  return words;
}

std::optional<std::string> ailment_of(const Vm& vm) {
  auto with_cause = [&](const std::string& what) {
    auto cause = cause_words(vm);
    return cause.empty() ? what : what + ": " + cause;
  };
  if (vm.gave_up)
    return with_cause(fmt::format(
        "gave up after {}",
        counted(vm.restarts_in_row, "end in a row", "ends in a row")));
  if (vm.phase == "crashed") return with_cause("crashed");
  if (vm.is_unresponsive)
    return "is unresponsive: " + vm.evidence.value_or("it is not said why");
  if (vm.is_held()) return with_cause("is held");
  if (vm.problem) return "has a problem: " + *vm.problem;
  return std::nullopt;
}

std::string vms_text(const Vms& vms, std::int64_t now_ns) {
  std::string text;
  if (vms.problem)
    text += "guests can not be run: " + printable(*vms.problem) + "\n\n";
  if (vms.vms.empty()) return text + no_guests;
  Rows rows{{"guest", "kind", "state", "vcpus", "memory", "accel", "forwards",
             "since"}};
  for (const auto& vm : vms.vms)
    rows.push_back(
        {vm.name, vm.kind, state_words(vm), std::to_string(vm.spec.vcpus),
         megabytes_words(vm.spec.memory_mb), vm.accelerator.value_or("-"),
         short_words(vm.spec.forwards), since_words(vm, now_ns)});
  text += columns(rows) + '\n';
  if (auto ailments = ailments_text(vms.vms); !ailments.empty())
    text += ailments + '\n';
  return text + pool_words(vms);
}

std::string vm_text(const Vm& vm, std::int64_t now_ns) {
  Lines lines;
  lines.add("guest", vm.name);
  lines.add("id", vm.id);
  lines.add("kind", vm.kind);
  add_state(lines, vm, now_ns);
  add_machine(lines, vm.spec);
  add_rest(lines, vm.spec);
  lines.add("stream", vm.stream);
  return lines.text();
}

}  // namespace ppn::ctl
