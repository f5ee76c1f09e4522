// The daemon's half of what it says to a keeper; the other half is main.cpp.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <vector>

#include "runtime/guest_process_linux.hpp"
#include "runtime/keeper/run_directory_linux.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// The sockets of a start, its log, the directory that it runs in, and its tap
/// if it has one.
using KeeperDescriptors = std::vector<int>;

/// The process of the guest, which a new keeper started; if that fails there is
/// neither. io.
store::Result<pid_t> start_by_keeper(
    const GuestLaunch& launch, const KeeperDescriptors& descriptors,
    std::chrono::steady_clock::time_point deadline);

}  // namespace ppn::runtime
