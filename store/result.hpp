// Expected failures are values: a Result is what was asked for, or an Error
// that says what went wrong and what to do about it.
#pragma once

#include <cstdint>
#include <string>

#include "schema/outcome.hpp"

namespace ppn::store {

enum class ErrorCode : std::uint8_t {
  /// Bytes or arguments from outside that break a rule.
  bad_input,
  /// What was asked for is not there.
  not_found,
  /// The stream moved on since the caller looked.
  version_conflict,
  /// A record would be larger than max_record_size.
  oversized,
  /// The grant that it calls upon is not live.
  not_granted,
  /// The ledger takes no appends any more in this process.
  read_only,
  /// There is not enough room on the file system.
  disk_full,
  /// The LMDB map is full and may not grow.
  map_full,
  /// Another process writes this ledger.
  locked,
  /// The operating system or LMDB refused.
  io,
  /// Data contradicts its own hashes or signatures.
  damaged,
  /// Data was written by a newer version of this program.
  too_new,
  /// The ledger is shorter than a checkpoint that it once signed.
  rolled_back,
  /// The ledger is another one than a checkpoint that it once signed.
  forked,
  /// The checkpoint kept outside the database is missing or invalid.
  no_outside_checkpoint,
  /// A key file is missing, unreadable or open to others.
  key,
  /// This user may not do it.
  permission,
};

struct Error {
  ErrorCode code;
  std::string message;
};

/// Either a T or an Error.
template <class T>
using Result = Outcome<T, Error>;

/// Success, or an Error.
using Status = Result<void>;

}  // namespace ppn::store
