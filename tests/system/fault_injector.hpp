// Faults in the calls that make data durable, at a chosen one of them. This
// program's own write(), pwrite(), writev(), fsync(), fdatasync(), ftruncate()
// and rename() take the place of the C library's, for LMDB too.
#pragma once

#include <cstdint>

namespace ppn::tests {

enum class Fault : std::uint8_t {
  none,
  /// kill -9 just before the call, or just after it.
  kill_before,
  kill_after,
  /// Half of what is written arrives, then kill -9.
  kill_torn,
  /// The call does nothing and fails.
  io_error,
  no_space,
  /// The call does its work and yet says that it failed.
  done_but_error,
};

/// From now on, call number `nth` (from 1) has the fault; all others are well.
void inject(Fault fault, std::uint64_t nth);

/// No faults any more; returns how many calls there were since inject().
std::uint64_t stop_injecting();

/// Whether the fault has happened.
bool fault_happened();

}  // namespace ppn::tests
