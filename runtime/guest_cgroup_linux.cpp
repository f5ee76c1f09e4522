#include "runtime/guest_cgroup_linux.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <concepts>
#include <sstream>
#include <vector>

#include "events/vm_spec.hpp"
#include "runtime/program_linux.hpp"
#include "store/byte_order.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using events::cpu_weight_max;
using events::cpu_weight_usual;
using store::Error;
using store::ErrorCode;

namespace {

constexpr std::uint32_t shares_usual = 1024;
constexpr std::string_view folder_of_all = "ppn-guests";

// -- words --------------------------------------------------------------------

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream rest{std::string{text}};
  for (std::string part; std::getline(rest, part, separator);)
    parts.push_back(part);
  return parts;
}

bool is_listed(std::string_view list, std::string_view word) {
  auto words = split(list, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Nothing unless all of it is one.
template <std::unsigned_integral Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

// -- /proc/PID/cgroup ---------------------------------------------------------

struct Membership {
  std::string hierarchy;
  std::string controllers;
  std::string path;
};

/// What is no line of that kind is passed over.
std::vector<Membership> memberships(std::string_view cgroups) {
  std::vector<Membership> found;
  for (const auto& line : split(cgroups, '\n')) {
    auto first = line.find(':');
    if (first == std::string::npos) continue;
    // A path may have colons too.
    auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    Membership membership{line.substr(0, first),
                          line.substr(first + 1, second - first - 1),
                          line.substr(second + 1)};
    if (membership.path.starts_with('/')) found.push_back(membership);
  }
  return found;
}

/// Where the controller of a service is not used, its path in the other
/// hierarchies tells.
std::optional<GuestGroup> guest_group_in(std::string_view cgroups) {
  for (const auto& membership : memberships(cgroups))
    if (auto group = guest_group(membership.path)) return group;
  return std::nullopt;
}

// -- /proc/self/mountinfo -----------------------------------------------------

struct CgroupMount {
  std::string root;
  std::string point;
};

/// As in proc(5): what would end a field is written as \ and three digits.
std::string unescaped(std::string_view text) {
  constexpr std::size_t digits = 3;
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto code = text.substr(i + 1, digits);
    unsigned byte = 0;
    const auto* end = code.data() + code.size();
    auto [rest, error] = std::from_chars(code.data(), end, byte, 8);
    bool is_escape = text[i] == '\\' && code.size() == digits && rest == end &&
                     error == std::errc{};
    plain += is_escape ? static_cast<char>(byte) : text[i];
    if (is_escape) i += digits;
  }
  return plain;
}

/// Nothing if the line is not about a hierarchy that has the cpu controller, or
/// in version 2 may have it.
std::optional<CgroupMount> mount_in(const std::string& line,
                                    CgroupVersion version) {
  constexpr std::size_t root_at = 3;
  constexpr std::size_t point_at = 4;
  constexpr std::size_t optional_at = 6;
  auto fields = split(line, ' ');
  if (fields.size() < optional_at) return std::nullopt;
  // File system, source and options follow.
  auto dash = std::find(fields.begin() + optional_at, fields.end(), "-");
  if (fields.end() - dash < 4) return std::nullopt;
  bool is_it = version == CgroupVersion::v2
                   ? dash[1] == "cgroup2"
                   : dash[1] == "cgroup" && is_listed(dash[3], "cpu");
  if (!is_it) return std::nullopt;
  return CgroupMount{unescaped(fields[root_at]), unescaped(fields[point_at])};
}

/// What `path` is from `root` on; nothing if it leads elsewhere.
std::optional<fs::path> below(std::string_view root, std::string_view path) {
  if (root == "/") root = {};
  if (!path.starts_with(root)) return std::nullopt;
  path.remove_prefix(root.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  auto rest = fs::path{path}.relative_path();
  if (std::find(rest.begin(), rest.end(), "..") != rest.end())
    return std::nullopt;
  return rest;
}

// -- the host -----------------------------------------------------------------

store::Result<std::string> read_proc(const CgroupHost& host,
                                     const std::string& process,
                                     const char* file) {
  constexpr std::size_t size_max = std::size_t{1} << 24U;
  return store::read_file(host.proc / process / file, size_max);
}

std::optional<CgroupPlace> place_of(const CgroupHost& host,
                                    const CpuGroup& group) {
  auto mounts = read_proc(host, "self", "mountinfo");
  return mounts ? place_of(group, *mounts) : std::nullopt;
}

std::optional<std::uint16_t> weight_in(const fs::path& folder,
                                       CgroupVersion version) {
  constexpr std::size_t size_max = 64;
  bool is_v1 = version == CgroupVersion::v1;
  auto text = store::read_file(folder / (is_v1 ? "cpu.shares" : "cpu.weight"),
                               size_max);
  if (!text || !text->ends_with('\n')) return std::nullopt;
  text->pop_back();
  auto number = number_in<std::uint32_t>(*text);
  // A group that only gets what nobody else wants has a weight of none.
  if (!number || *number == 0) return std::nullopt;
  if (is_v1) return weight_of_shares(*number);
  if (*number > cpu_weight_max) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

/// Only permission or io: that a file of the kernel's is missing says no more
/// than that it can not be done.
Error refusal(Error error) {
  if (error.code != ErrorCode::permission) error.code = ErrorCode::io;
  return error;
}

store::Status write_setting(const fs::path& setting, std::string_view value) {
  store::FileHandle file{
      ::open(setting.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC)};
  if (!file.open()) return refusal(store::system_error("open", setting));
  auto written = store::write_all(file.get(), store::as_bytes(value), setting);
  if (!written) return refusal(written.error());
  return {};
}

store::Status make_folder(const fs::path& folder) {
  constexpr mode_t readable_by_all = 0755;
  if (::mkdir(folder.c_str(), readable_by_all) == 0 || errno == EEXIST)
    return {};
  return refusal(store::system_error("make the group", folder));
}

// -- groups that ppnd makes ---------------------------------------------------

struct OwnGroup {
  CgroupVersion version = CgroupVersion::v2;
  fs::path mount;
  fs::path of_all;
  fs::path folder;
};

/// Where that of a guest is, or would be: where this process sees its own.
std::optional<OwnGroup> own_group(const Id& vm, const CgroupHost& host) {
  auto cgroups = read_proc(host, "self", "cgroup");
  auto group = cgroups ? cpu_group(*cgroups) : std::nullopt;
  auto place = group ? place_of(host, *group) : std::nullopt;
  if (!place) return std::nullopt;
  auto of_all = place->mount / folder_of_all;
  return OwnGroup{group->version, place->mount, of_all, of_all / vm.hex()};
}

/// In version 2 the groups in a folder have a controller if that one says so.
store::Status hand_down_cpu(const fs::path& folder) {
  auto enabled = write_setting(folder / "cgroup.subtree_control", "+cpu");
  if (enabled) return {};
  return Error{enabled.error().code,
               fmt::format("groups in {} get no cpu controller: {}",
                           folder.string(), enabled.error().message)};
}

store::Status make_group(const OwnGroup& group) {
  bool is_v2 = group.version == CgroupVersion::v2;
  auto made = is_v2 ? hand_down_cpu(group.mount) : store::Status{};
  if (made) made = make_folder(group.of_all);
  if (made && is_v2) made = hand_down_cpu(group.of_all);
  if (made) made = make_folder(group.folder);
  return made;
}

store::Status set_in(const OwnGroup& group, pid_t pid, std::uint16_t weight) {
  if (auto made = make_group(group); !made) return made;
  auto set =
      group.version == CgroupVersion::v1
          ? write_setting(group.folder / "cpu.shares",
                          std::to_string(shares_of_weight(weight)))
          : write_setting(group.folder / "cpu.weight", std::to_string(weight));
  if (!set) return set;
  return write_setting(group.folder / "cgroup.procs", std::to_string(pid));
}

store::Status set_directly(pid_t pid, const Id& vm, std::uint16_t weight,
                           const CgroupHost& host) {
  auto group = own_group(vm, host);
  if (!group)
    return Error{ErrorCode::io,
                 "no CPU weight for guests here: no hierarchy of control "
                 "groups with the cpu controller is mounted"};
  auto set = set_in(*group, pid, weight);
  if (set) return {};
  forget_cgroup(vm, host);
  return Error{set.error().code,
               "no CPU weight for guests here: " + set.error().message};
}

// -- services -----------------------------------------------------------------

store::Status set_of_service(const std::string& service, std::uint16_t weight,
                             const CgroupHost& host) {
  constexpr std::chrono::seconds patience{5};
  auto set = run_apart(host.systemctl,
                       {"set-property", "--runtime", service,
                        fmt::format("CPUWeight={}", weight)},
                       {}, patience);
  if (set) return {};
  return Error{refusal(set.error()).code,
               fmt::format("{} does not set the CPU weight of {}",
                           host.systemctl.string(), service)};
}

}  // namespace

std::optional<CpuGroup> cpu_group(std::string_view cgroups) {
  std::optional<CpuGroup> unified;
  for (const auto& membership : memberships(cgroups)) {
    if (is_listed(membership.controllers, "cpu"))
      return CpuGroup{CgroupVersion::v1, membership.path};
    bool is_v2 = membership.hierarchy == "0" && membership.controllers.empty();
    if (is_v2 && !unified)
      unified = CpuGroup{CgroupVersion::v2, membership.path};
  }
  return unified;
}

std::optional<GuestGroup> guest_group(std::string_view path) {
  constexpr std::string_view service_begin = "ppn-guest-";
  constexpr std::string_view service_end = ".service";
  fs::path folder{path};
  auto name = folder.filename().string();
  if (folder.parent_path().filename() == folder_of_all)
    if (auto vm = Id::parse_hex(name)) return GuestGroup{*vm, std::nullopt};
  // As qemu_unit() names it.
  if (!name.starts_with(service_begin) || !name.ends_with(service_end))
    return std::nullopt;
  std::string_view id{name};
  id.remove_prefix(service_begin.size());
  id.remove_suffix(service_end.size());
  auto dash = id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto vm = Id::parse_hex(id.substr(0, dash));
  if (!vm || !number_in<std::uint64_t>(id.substr(dash + 1)))
    return std::nullopt;
  return GuestGroup{*vm, name};
}

std::optional<CgroupPlace> place_of(const CpuGroup& group,
                                    std::string_view mountinfo) {
  std::optional<CgroupPlace> place;
  for (const auto& line : split(mountinfo, '\n')) {
    auto mount = mount_in(line, group.version);
    if (!mount) continue;
    auto rest = below(mount->root, group.path);
    if (!rest) continue;
    // Of two at one place the latter is seen.
    fs::path point{mount->point};
    place = CgroupPlace{point, rest->empty() ? point : point / *rest};
  }
  return place;
}

std::uint32_t shares_of_weight(std::uint16_t weight) {
  return (weight * shares_usual + cpu_weight_usual / 2) / cpu_weight_usual;
}

std::uint16_t weight_of_shares(std::uint32_t shares) {
  auto weight = (std::uint64_t{shares} * cpu_weight_usual + shares_usual / 2) /
                shares_usual;
  return static_cast<std::uint16_t>(
      std::clamp<std::uint64_t>(weight, 1, cpu_weight_max));
}

std::optional<std::uint16_t> cpu_weight_of(pid_t pid, const CgroupHost& host) {
  auto cgroups = read_proc(host, std::to_string(pid), "cgroup");
  auto group = cgroups ? cpu_group(*cgroups) : std::nullopt;
  if (!group || !guest_group(group->path)) return std::nullopt;
  auto place = place_of(host, *group);
  return place ? weight_in(place->folder, group->version) : std::nullopt;
}

store::Status set_cpu_weight(pid_t pid, const Id& vm, std::uint16_t weight,
                             const CgroupHost& host) {
  if (weight == 0 || weight > cpu_weight_max)
    return Error{ErrorCode::bad_input,
                 fmt::format("{} is no CPU weight", weight)};
  auto cgroups = read_proc(host, std::to_string(pid), "cgroup");
  if (!cgroups) return cgroups.error();
  auto group = guest_group_in(*cgroups);
  if (group && group->vm != vm)
    return Error{ErrorCode::bad_input,
                 fmt::format("process {} is of the guest {}, not of {}", pid,
                             group->vm.hex(), vm.hex())};
  if (group && group->service)
    return set_of_service(*group->service, weight, host);
  return set_directly(pid, vm, weight, host);
}

void forget_cgroup(const Id& vm, const CgroupHost& host) {
  if (auto group = own_group(vm, host)) ::rmdir(group->folder.c_str());
}

}  // namespace ppn::runtime
