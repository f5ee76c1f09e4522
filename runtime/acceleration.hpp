// Which of QEMU's accelerators really run a guest: the guest that is run to
// find it out, and what its end tells.
//
// That its device can be opened proves nothing of an accelerator, and neither
// does a CPU that starts: there are hosts whose KVM interprets each
// instruction, takes a hundred times as long as QEMU's own emulator, and ends
// at the first that it does not know. So the guest goes on into the mode in
// which real ones run, and calculates there for as long as only an interpreter
// notices.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/acceleration.hpp"
#include "schema/fixed_bytes.hpp"

namespace ppn::runtime {

/// Hardware and QEMU's emulator are done within a second.
inline constexpr std::chrono::milliseconds probe_patience{5'000};

/// Those that are known here, the best first. `help` is what QEMU says when
/// asked for -accel help.
std::vector<std::string> accelerators_in(std::string_view help);

/// The first line of what QEMU says when asked for --version.
std::string version_in(std::string_view said);

/// The file in /dev by which it is reached; empty: by none.
std::string_view device_of(std::string_view accelerator);

/// A guest that calculates a number, tells it, and ends.
struct ProbeGuest {
  /// Its first instruction is the first of the machine.
  Bytes firmware;
  /// What the machine has beside CPU and memory, as options of QEMU.
  std::vector<std::string> machine;
  /// How QEMU then ends, and the last that it writes before.
  int exit_code = 0;
  std::string output;
};

/// Nothing if there is none for this architecture, as qemu-system-* is called.
std::optional<ProbeGuest> probe_guest(std::string_view architecture);

/// What QEMU is started with. `firmware` is where it finds the guest's.
std::vector<std::string> probe_arguments(const ProbeGuest& guest,
                                         std::string_view accelerator,
                                         const std::string& firmware);

/// The exit code of what could not be started; its errors say why.
inline constexpr int not_started = 127;

/// How a program ended, and what it wrote last.
struct ProgramEnd {
  enum class How : std::uint8_t {
    exited,
    by_signal,
    /// It did not, within `patience`.
    late,
  };

  How how = How::late;
  /// Its exit code, or the signal.
  int code = 0;
  std::chrono::milliseconds patience{};
  std::string output;
  std::string errors;
};

/// "QEMU ended by signal 6: LINE", LINE being the last of its errors.
std::string in_words(const ProgramEnd& end);

/// Whether the guest ran by this accelerator, and what tells it. `device` is
/// the whole path of the accelerator's own, if it has one.
events::TriedAccelerator verdict_on(const std::string& accelerator,
                                    const std::string& device,
                                    const ProbeGuest& guest,
                                    const ProgramEnd& end);

/// The first that works is the best. `tried` is in the order of
/// accelerators_in().
events::Acceleration best_of(std::vector<events::TriedAccelerator> tried);

}  // namespace ppn::runtime
