// The part of verify that touches the untrusted database, in a process that may
// die. It leaves its report in a pipe and its progress in shared memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "store/files.hpp"
#include "tools/ppn-ledger/commands.hpp"

namespace ppn::tools {

/// How far the audit came; shared with the child that carries it out.
struct SharedProgress {
  std::atomic<std::uint64_t> done;
  std::atomic<std::uint64_t> total;
  /// First bad entry and one; 0 while there is none.
  std::atomic<std::uint64_t> first_bad_plus_one;
};

struct UnmapProgress {
  void operator()(SharedProgress* progress) const;
};
using SharedProgressHandle = std::unique_ptr<SharedProgress, UnmapProgress>;

struct AuditChild {
  pid_t pid = -1;
  store::FileHandle report;
  SharedProgressHandle progress;
};

/// Starts the child; what it writes to the pipe is the report as JSON. io.
store::Result<AuditChild> start_audit(const VerifyOptions& options);

}  // namespace ppn::tools
