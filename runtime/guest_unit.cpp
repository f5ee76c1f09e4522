#include "runtime/guest_unit.hpp"

#include <fmt/format.h>

#include <chrono>
#include <initializer_list>

#include "runtime/program_linux.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

void add(Words& words, std::string_view property, std::string_view value) {
  words.push_back(fmt::format("--property={}={}", property, value));
}

/// As a word of a command line, in which systemd puts the values of variables.
std::string without_variables(std::string_view word) {
  std::string text;
  for (char c : word) text += c == '$' ? std::string{"$$"} : std::string{c};
  return text;
}

void add_limits(Words& words, const GuestUnit& unit) {
  add(words, "MemoryMax", fmt::format("{}M", unit.memory_max_mb));
  add(words, "CPUWeight", std::to_string(unit.cpu_weight));
  add(words, "LimitCORE", "0");
  // Its keeper is to tell how it ended.
  add(words, "OOMPolicy", "continue");
}

/// The keeper asks the guest to shut down when it is told to stop, and tells
/// QEMU to after 80 s; who is still there then is killed.
void add_stop(Words& words) {
  // At the end of the host that is ended first, or it would take for the
  // guest's own will that it shuts down.
  add(words, "Before", "ppnd.service");
  add(words, "KillMode", "mixed");
  add(words, "TimeoutStopSec", "90s");
}

/// The keeper becomes the guests' user, notes in a folder of that one's how the
/// guest ended, and may have to end it. QEMU has none of this.
void add_rights(Words& words) {
  add(words, "CapabilityBoundingSet",
      "CAP_SETUID CAP_SETGID CAP_DAC_OVERRIDE CAP_KILL");
  for (const char* property :
       {"NoNewPrivileges", "LockPersonality", "ProtectClock",
        "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs",
        "ProtectKernelModules", "ProtectKernelTunables", "RestrictNamespaces",
        "RestrictRealtime", "RestrictSUIDSGID"})
    add(words, property, "yes");
  add(words, "SystemCallArchitectures", "native");
  // Guests have one user: none is to look into another.
  add(words, "SystemCallFilter", "~@debug process_vm_readv process_vm_writev");
}

void add_files(Words& words, const GuestUnit& unit) {
  add(words, "PrivateTmp", "yes");
  add(words, "PrivateIPC", "yes");
  add(words, "ProtectHome", "tmpfs");
  add(words, "ProtectProc", "invisible");
  add(words, "ProtectSystem", "strict");
  for (const auto& path : unit.hidden)
    add(words, "TemporaryFileSystem", path.string() + ":ro");
  for (const auto& path : unit.readable)
    add(words, "BindReadOnlyPaths", path.string());
  for (const auto& path : unit.writable) add(words, "BindPaths", path.string());
  add(words, "DevicePolicy", "closed");
  for (const auto& device : unit.devices)
    add(words, "DeviceAllow", device.string() + " rw");
}

void add_network(Words& words, const GuestUnit& unit) {
  add(words, "RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6");
  if (!unit.has_forwards) return add(words, "PrivateNetwork", "yes");
  if (unit.is_open) return;
  add(words, "IPAddressDeny", "any");
  add(words, "IPAddressAllow", "localhost");
}

}  // namespace

bool is_run_by_systemd() {
  constexpr std::size_t name_max = 64;
  std::error_code ignored;
  auto first = store::read_file("/proc/1/comm", name_max);
  return fs::is_directory("/run/systemd/system", ignored) && first &&
         *first == "systemd\n";
}

std::vector<std::string> unit_command(const GuestUnit& unit,
                                      const std::vector<std::string>& program) {
  Words words{"/usr/bin/systemd-run",
              "--quiet",
              "--pipe",
              "--collect",
              "--service-type=exec",
              "--unit=" + unit.name,
              "--slice=ppn-guests.slice",
              "--description=" + unit.description};
  add_limits(words, unit);
  add_stop(words);
  add_rights(words);
  add_files(words, unit);
  add_network(words, unit);
  words.emplace_back("--");
  for (const auto& word : program) words.push_back(without_variables(word));
  return words;
}

void kill_unit(const std::string& name) {
  constexpr std::chrono::seconds patience{5};
  auto service = name + ".service";
  // The one ends what runs, the other what is still to begin.
  for (const auto& words :
       {Words{"kill", "--kill-whom=all", "--signal=KILL", service},
        Words{"stop", "--no-block", service}})
    static_cast<void>(run_apart("/usr/bin/systemctl", words, {}, patience));
}

}  // namespace ppn::runtime
