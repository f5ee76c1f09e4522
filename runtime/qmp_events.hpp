// What becomes of a guest, as its QEMU tells it: the state it is in, and the
// events that change it. Others are of no interest here.
#pragma once

#include <deque>

#include "runtime/qmp.hpp"

namespace ppn::runtime {

/// As QEMU divides them.
enum class QmpRunState : std::uint8_t {
  unknown,
  /// It did not run yet.
  prelaunch,
  running,
  paused,
  /// By itself: it sleeps.
  suspended,
  /// Shut down, and QEMU was told to stay.
  shutdown,
  guest_panicked,
  /// A disk failed, or is full.
  io_error,
  /// The accelerator can not go on.
  internal_error,
  watchdog,
  debug,
  inmigrate,
  postmigrate,
  finish_migrate,
  restore_vm,
  save_vm,
  colo
};

/// As QEMU spells it; unknown if it is none.
QmpRunState run_state_of(std::string_view name);
std::string_view name_of(QmpRunState state);

struct QmpStatus {
  QmpRunState state = QmpRunState::unknown;
  /// Its processors run.
  bool is_running = false;

  bool operator==(const QmpStatus&) const = default;
};

/// What query-status is answered; nothing if it is not that.
std::optional<QmpStatus> read_status(const QmpJson& value);

/// Why a guest was reset or ends.
enum class QmpCause : std::uint8_t {
  unknown,
  host_error,
  /// The command quit.
  host_quit,
  /// The command system_reset.
  host_reset,
  host_signal,
  /// A window was closed.
  host_ui,
  guest_shutdown,
  guest_reset,
  guest_panic,
  subsystem_reset,
  snapshot_load
};

enum class QmpPanicAction : std::uint8_t { unknown, pause, poweroff, run };

enum class QmpDiskAction : std::uint8_t {
  unknown,
  ignore,
  /// The guest is told.
  report,
  /// The guest stops until it is told to go on, and then tries again.
  stop
};

/// STOP: its processors do not run any more. If a disk or a panic stopped them,
/// that was said before.
struct QmpStopped {};

/// RESUME
struct QmpResumed {};

/// SHUTDOWN: QEMU is about to end. Without it, it crashed or was killed.
struct QmpShutdown {
  QmpCause cause{};
  bool by_guest = false;
};

/// RESET
struct QmpReset {
  QmpCause cause{};
  bool by_guest = false;
};

/// GUEST_PANICKED
struct QmpPanic {
  QmpPanicAction action{};
};

/// BLOCK_IO_ERROR
struct QmpDiskError {
  /// Of the drive; empty for a disk that has only a node.
  std::string device;
  std::string node;
  bool is_write = false;
  bool is_no_space = false;
  QmpDiskAction action{};
};

/// POWERDOWN: the guest was asked to shut down, and may never heed it.
struct QmpPowerdown {};

using QmpNews = std::variant<QmpStopped, QmpResumed, QmpShutdown, QmpReset,
                             QmpPanic, QmpDiskError, QmpPowerdown>;

/// Nothing if it is another event.
std::optional<QmpNews> read_news(const QmpEvent& event);

/// So many resets in that time are still none.
inline constexpr std::size_t storm_resets_max = 8;
inline constexpr std::uint64_t storm_ns = 60'000'000'000;
/// A reset by the host brings so many more within that time: its firmware sets
/// the machine right once more.
inline constexpr std::size_t echo_resets = 2;
inline constexpr std::uint64_t echo_ns = 1'000'000'000;

/// A guest that crashes early resets itself for ever, and nothing else shows
/// it. Each time that it does may be two resets, also by its firmware.
class ResetStorm {
 public:
  /// Whether this one makes it a storm. That begins anew each time it is said.
  /// `now_ns` is of a clock that never goes back.
  bool take(const QmpReset& reset, std::uint64_t now_ns);

 private:
  bool is_echo(std::uint64_t now_ns);

  std::deque<std::uint64_t> resets_ns_;
  std::size_t echoes_left_ = 0;
  std::uint64_t host_reset_ns_ = 0;
};

}  // namespace ppn::runtime
