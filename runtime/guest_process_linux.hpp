// Guests as processes of this host: one QEMU for each, which outlives the
// daemon that started it and is found again by the next. Where systemd runs the
// host they are services of its as well, which changes nothing of what follows.
//
// A keeper (runtime/keeper) starts it, and notes how it ended. In the directory
// that a guest runs in, each start has the sockets START.control, START.rescue
// and START.serial, which QEMU is handed as descriptors 3 to 5, and once it is
// over START.ended. The control socket alone tells how it stands:
//
//     no process holds it     that start is dead, or never came to be
//     held, nobody listens    it is under way
//     somebody listens        it lives, and is the process that does so
//
// A number is used once, so no start is ever taken for another.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/guest_unit.hpp"
#include "store/files.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

struct GuestLaunch {
  /// 0700, and of the user that the guest runs as.
  std::filesystem::path run_dir;
  std::uint64_t start = 0;
  /// The program ppn-keeper, by its whole path.
  std::filesystem::path keeper;
  /// The program by its whole path, and its arguments.
  std::vector<std::string> argv;
  uid_t uid = 0;
  gid_t gid = 0;
  /// As that of /dev/kvm; it is for root alone to give.
  std::optional<gid_t> extra_group = std::nullopt;
  /// What it writes to its standard error is added there, below a line that
  /// names the start.
  std::filesystem::path log;
  /// Becomes its descriptor 6; see open_tap().
  std::optional<int> tap = std::nullopt;
  /// Without, it is a process of its own and nothing more.
  std::optional<GuestUnit> unit = std::nullopt;
};

inline constexpr std::chrono::milliseconds launch_patience{5000};

/// Starts a guest where none lives, and waits until its program runs. What
/// fails leaves no process behind, and no socket; what takes longer than
/// `patience` is killed. bad_input, permission, io.
store::Result<pid_t> launch_guest(
    const GuestLaunch& launch,
    std::chrono::milliseconds patience = launch_patience);

struct RunningGuest {
  std::uint64_t start = 0;
  pid_t pid = 0;
  /// A pidfd: it can be read from once the process has ended.
  store::FileHandle process;
  /// To its control socket; non-blocking.
  store::FileHandle connection;
  /// A pidfd too: when that has ended, end_of_guest() has the last word. Not
  /// open if there is no keeper any more.
  store::FileHandle keeper;
};

/// The guest that lives in `run_dir`; nothing if none does. It never blocks. io
/// with the evidence if there are two, if one is under way, or if one lives
/// whose monitor has no room for another connection.
store::Result<std::optional<RunningGuest>> find_guest(
    const std::filesystem::path& run_dir);

struct GuestEnd {
  /// unknown: its keeper was killed, or had no chance to tell.
  enum class Kind : std::uint8_t { unknown, exited, signalled };
  Kind kind = Kind::unknown;
  /// What it exited with, or the signal.
  int code = 0;
  /// The end of what that start wrote to its log, fit to be shown.
  std::string last_words;
};

inline constexpr std::size_t last_words_max = 1024;

/// How a start ended that lives no more.
GuestEnd end_of_guest(const std::filesystem::path& run_dir, std::uint64_t start,
                      const std::filesystem::path& log);

/// Removes what dead starts up to that one left in `run_dir`.
void forget_starts(const std::filesystem::path& run_dir, std::uint64_t up_to);

/// The newest start that left anything there; 0: none did. The guest's user may
/// write there: what no number of a start can be is ignored.
std::uint64_t newest_start(const std::filesystem::path& run_dir);

/// Sends a signal to the process of a pidfd; one that has ended needs none.
/// permission, io.
store::Status signal_process(const store::FileHandle& process, int signal);

/// What a process is doing, in words: "process 7 is stopped (T)".
std::string process_evidence(pid_t pid);

}  // namespace ppn::runtime
