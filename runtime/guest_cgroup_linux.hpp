// What the process of a guest gets of the CPUs against others, and while it
// runs: the weight of its control group, see cgroups(7). It has one of its own
// in two ways:
//
//     as a service    systemd made it, and is asked to change it
//     directly        ppnd makes ppn-guests/ID where the hierarchy is mounted,
//                     and moves the process there
//
// Weights are those of version 2, 1 to 10000, 100 being the usual. Version 1
// has shares, 1024 being the usual.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// Where the host says what groups there are, and what its systemd is told by.
struct CgroupHost {
  std::filesystem::path proc = "/proc";
  std::filesystem::path systemctl = "/usr/bin/systemctl";
};

/// As the host has it now; nothing if the process is in no group of its own, or
/// that one has no cpu controller.
std::optional<std::uint16_t> cpu_weight_of(pid_t pid,
                                           const CgroupHost& host = {});

/// Gives the process of a guest that weight, and a group of its own if it has
/// none. systemd may do it a moment later. `pid` has to be the guest's as long
/// as this takes. bad_input; not_found if there is no such process; permission
/// and io with what the host lacks, which is no fault of the guest's.
store::Status set_cpu_weight(pid_t pid, const Id& vm, std::uint16_t weight,
                             const CgroupHost& host = {});

/// Removes the group that was made for a guest, if there is one and nothing
/// runs in it. That of all guests stays, for whoever is about to use it.
void forget_cgroup(const Id& vm, const CgroupHost& host = {});

// -- what the host says -------------------------------------------------------

enum class CgroupVersion : std::uint8_t { v1 = 1, v2 = 2 };

/// The group that the cpu controller has a process in.
struct CpuGroup {
  CgroupVersion version = CgroupVersion::v2;
  /// In its hierarchy, from "/" on.
  std::string path;
};

/// By the text of /proc/PID/cgroup; nothing if that tells of none.
std::optional<CpuGroup> cpu_group(std::string_view cgroups);

/// Whose group it is.
struct GuestGroup {
  Id vm;
  /// Of systemd; nothing if ppnd made the group.
  std::optional<std::string> service;
};

/// By its path; nothing if it is not that of one guest alone.
std::optional<GuestGroup> guest_group(std::string_view path);

/// Where a group is to be seen.
struct CgroupPlace {
  /// Of its hierarchy.
  std::filesystem::path mount;
  std::filesystem::path folder;
};

/// By the text of /proc/self/mountinfo; nothing if no mount shows it.
std::optional<CgroupPlace> place_of(const CpuGroup& group,
                                    std::string_view mountinfo);

std::uint32_t shares_of_weight(std::uint16_t weight);

/// The nearest.
std::uint16_t weight_of_shares(std::uint32_t shares);

}  // namespace ppn::runtime
