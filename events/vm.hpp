// A guest: what its operator wants of it and what became of that, each for
// itself. What is to be done next follows from the two and from what there is
// to see of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/moment.hpp"
#include "events/vm_spec.hpp"
#include "schema/entry_generated.h"

namespace ppn::events {

/// "vm/" and its id.
std::string vm_stream(const Id& vm);

/// No guest is ever started so often.
inline constexpr std::uint64_t vm_start_max = 1'000'000'000'000;

/// A guest that ran for so long is well: its next end is a first one.
inline constexpr std::uint64_t vm_steady_ns = 600'000'000'000;
/// So often in a row it is started again; with one end more it is given up.
inline constexpr std::uint32_t vm_restarts_max = 10;
/// How long it waits for its next start after so many ends in a row: a second,
/// then twice as long each time, up to five minutes.
std::uint64_t restart_delay_ns(std::uint32_t ends_in_row);

/// A guest that was asked to shut down is made to after so long, and its
/// process killed after so much more.
inline constexpr std::uint64_t vm_shutdown_ns = 90'000'000'000;
inline constexpr std::uint64_t vm_quit_ns = 5'000'000'000;
/// One that did not listen yet is asked again.
inline constexpr std::uint64_t vm_ask_again_ns = 5'000'000'000;

/// More often than that within an hour it is not recorded that a guest fell
/// silent.
inline constexpr std::uint32_t vm_silences_an_hour = 10;

struct Vm {
  std::string name;
  VmSpec spec;

  // What is wanted.
  schema::VmWish wish = schema::VmWish::off;
  /// It is to stop at once.
  bool is_forced = false;
  bool is_deleting = false;
  bool is_resetting = false;

  // What became of it.
  schema::VmOutcome outcome = schema::VmOutcome::defined;
  /// Number of the newest start; 0 before the first.
  std::uint64_t start = 0;
  /// By which that one runs.
  std::string accelerator = {};
  schema::PauseCause pause_cause{};
  schema::StopCause stop_cause{};
  schema::CrashCause crash_cause{};
  /// Of the newest pause, stop or crash.
  std::string detail = {};
  /// How often in a row it ended soon though it should have run.
  std::uint32_t ends_in_row = 0;
  bool gave_up = false;
  /// When the outcome last changed.
  std::int64_t changed_ns = 0;
  std::uint64_t changed_since_boot_ns = 0;
  /// When the newest start ran, and when a stop was wanted.
  std::uint64_t started_since_boot_ns = 0;
  std::uint64_t stop_since_boot_ns = 0;
  bool is_unresponsive = false;
  std::int64_t silent_ns = 0;
  std::uint32_t silences_in_hour = 0;

  bool operator==(const Vm&) const = default;
};

using Vms = std::map<Id, Vm>;

/// Its process should be there, as far as is known.
bool has_process(const Vm& vm);

/// In one word: defined, starting, running, paused, stopping, stopped, crashed
/// or deleting.
std::string phase_of(const Vm& vm);

// -- what is wanted -----------------------------------------------------------

enum class VmVerb : std::uint8_t { start, stop, pause, resume, reset };

struct VmCommand {
  VmVerb verb{};
  /// Of a stop: at once.
  bool force = false;
};

/// Refused if there is nothing to do, with what is the case.
Decision decide_command(const Id& id, const Vm& vm, const VmCommand& command);

/// Its disks go too. Refused while it runs, unless `force`: then it is stopped
/// at once.
Decision decide_delete(const Id& id, const Vm& vm, bool force);

/// Refused while it runs, but for what changes at once; the pool sees to room.
Decision decide_spec(const Id& id, const Vm& vm, const VmSpec& spec);

// -- what is seen -------------------------------------------------------------

/// What the guest does, as its monitor says.
enum class VmRun : std::uint8_t {
  unknown,
  /// Its process is there, and the guest not begun.
  prepared,
  running,
  paused,
  /// It waits for room on the host's disk, or after an error there.
  disk_full,
  disk_error,
  /// It ended, and its process is about to.
  ending,
};

/// How the process of a start ended.
struct VmEnd {
  enum class Kind : std::uint8_t {
    /// The guest shut down.
    shut_down,
    /// Its QEMU was told to end.
    quit,
    failed,
    killed,
    panicked,
    reset_storm,
    /// It could not even be started.
    not_started,
    /// Its host was started anew.
    host_restarted,
    /// Nobody was there to see.
    unknown
  };
  Kind kind{};
  std::string detail;

  bool operator==(const VmEnd&) const = default;
};

/// What there is to see of one guest.
struct VmSight {
  /// Nothing is known of its process, but what `silence` says.
  bool is_unknown = false;
  /// The start whose process is there; 0: there is none.
  std::uint64_t process = 0;
  VmRun run = VmRun::unknown;
  std::string accelerator = {};
  /// Against others, as the host has it; nothing where it can not.
  std::optional<std::uint16_t> cpu_weight = std::nullopt;
  /// What its disks lie on has room again.
  bool has_room = false;
  /// Its monitor does not answer; in words, how that was seen.
  std::optional<std::string> silence = std::nullopt;
  /// The newest start whose end is known, and that.
  std::uint64_t ended = 0;
  VmEnd end = {};

  bool operator==(const VmSight&) const = default;
};

/// What became of it since it was recorded, and what is to be recorded before
/// anything is done: that a start is about to be made, or no more.
Decision decide_seen(const Id& id, const Vm& vm, const VmSight& sight,
                     const Moment& now);

/// A reset that was wanted is done.
Decision decide_reset(const Id& id, const Vm& vm);
/// All that was its own is gone.
Decision decide_deleted(const Id& id, const Vm& vm);

// -- what is to be done -------------------------------------------------------

enum class VmOrder : std::uint8_t {
  /// Let it run.
  resume,
  pause,
  reset,
  /// Ask it to shut down.
  power_down,
  /// Tell its QEMU to end.
  quit,
  kill
};

/// A process of the newest start is to be there.
struct VmLaunch {
  bool operator==(const VmLaunch&) const = default;
};
/// Nothing that was its own.
struct VmForget {
  bool operator==(const VmForget&) const = default;
};
/// It is to get so much of the CPUs.
struct VmWeigh {
  std::uint16_t weight = 0;
  bool operator==(const VmWeigh&) const = default;
};
using VmStep = std::variant<VmLaunch, VmOrder, VmWeigh, VmForget>;

/// What is to be done now, if anything.
std::optional<VmStep> next_step(const Vm& vm, const VmSight& sight,
                                const Moment& now);

/// When something is to be decided or done even though nothing is seen; nothing
/// if that never is.
std::optional<std::uint64_t> next_look_ns(const Vm& vm, const VmSight& sight,
                                          const Moment& now);

std::string in_words(schema::PauseCause cause);
std::string in_words(schema::StopCause cause);
std::string in_words(schema::CrashCause cause);

// -- replay -------------------------------------------------------------------

/// Of any event of a guest.
bool is_of_vm(schema::Event event);
Contradiction apply(Vms& vms, const schema::Entry& entry);

}  // namespace ppn::events
