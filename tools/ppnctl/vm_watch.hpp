// Guests, looked at until each is what was asked for, or is not going to be.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/vm_documents.hpp"

namespace ppn::ctl {

/// What a guest is to come to.
enum class VmGoal { runs, paused, off, gone };

/// One that is waited for.
struct VmAwaited {
  std::string id;
  std::string name;
  VmGoal goal{};
  /// The number of its newest start when that was asked for.
  std::uint64_t start_before = 0;
  /// And since when it was as it was.
  std::optional<std::int64_t> since_before_ns = {};
};

/// How that ended.
struct VmVerdict {
  /// Nothing if it came to what it was to come to.
  std::optional<Failure> failure;
};

/// Nothing as long as it may still become so. `vm` is null if there is no such
/// guest any more.
std::optional<VmVerdict> judge(const VmAwaited& awaited, const Vm* vm);

/// What it is waited for, in one line.
std::string waiting_text(const VmAwaited& awaited, const Vm* vm);

/// Is told of each once; `vm` is null for one that is gone.
using VmOver =
    std::function<void(const VmAwaited&, const Vm* vm, const VmVerdict&)>;

/// Looks, often at first, until there is a verdict on each. The failure is why
/// it ended before that: it has exit_interrupted after a signal.
std::optional<Failure> watch(const Global& global,
                             std::vector<VmAwaited> awaited,
                             const VmOver& over);

/// The same, and says what became of each. Returns what to exit with.
int follow(const Global& global, const std::vector<VmAwaited>& awaited);

}  // namespace ppn::ctl
