// The port `host`: an actor on a thread of its own, since a disk may hang.
#pragma once

#include <filesystem>
#include <string>

#include "actors/interfaces.hpp"

namespace ppn::runtime {

/// Of what /proc/loadavg says (proc(5)), the mean of the last minute; at most
/// that all cores are busy. 0 if it does not say that.
std::uint32_t busy_permille(const std::string& loadavg, std::uint32_t cores);

/// `guest_dir` is where the disks of guests are, or will be.
actors::HostPort::behavior_type host_port(
    actors::HostPort::pointer self, const std::filesystem::path& guest_dir);

}  // namespace ppn::runtime
