// Bytes between this terminal and the console of a guest, both ways, as they
// are. Whoever does not take any is waited for, and holds up only that way.
#pragma once

#include <string>

namespace ppn::ctl {

/// Ctrl-]
inline constexpr char detach_key = '\x1d';

/// Descriptors.
struct PumpEnds {
  int input;
  int output;
  /// The console: a socket.
  int guest;
  /// Readable once a signal came; -1 for none.
  int signals;
};

enum class PumpEnd {
  /// The key was typed.
  detached,
  /// The guest's side ended.
  guest_gone,
  signalled,
  /// Nobody takes the output.
  output_gone,
};

/// Passes bytes on until something ends it; `first` are of the guest already.
/// The end of the input ends nothing: what the guest says still comes.
PumpEnd pump(const PumpEnds& ends, std::string first);

}  // namespace ppn::ctl
