// The document of a host's memory, every field checked before anything uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// What is not known of a guest is nothing, as it is of one that does not run.
struct PoolGuest {
  std::string name;
  /// As that of Vm.
  std::string phase;
  std::uint64_t memory_mb = 0;
  std::uint64_t floor_mb = 0;
  std::optional<std::uint64_t> target_mb;
  /// What it could still use, as it says.
  std::optional<std::uint64_t> available_mb;
  /// What its process has of the host.
  std::optional<std::uint64_t> resident_mb;
  /// Of its target.
  std::optional<std::string> reason;
  std::uint64_t cpu_weight = 0;
  std::optional<std::uint64_t> cpu_weight_applied;

  /// It has a process, as far as is known.
  [[nodiscard]] bool runs() const {
    return phase == "running" || phase == "paused" || phase == "stopping";
  }
};

struct Pool {
  /// Of the host; nothing before it was looked at.
  std::optional<std::uint64_t> total_mb;
  std::optional<std::uint64_t> available_mb;
  std::optional<std::uint64_t> reserve_mb;
  /// QEMU's own.
  std::uint64_t overhead_mb = 0;
  /// What another guest may have, and what balloons could still take.
  std::uint64_t guaranteed_mb = 0;
  std::uint64_t reclaimable_mb = 0;
  bool host_is_short = false;
  /// Why no target is decided.
  std::optional<std::string> problem;
  std::uint64_t vcpus = 0;
  std::uint64_t vcpus_max = 0;
  std::uint64_t guests = 0;
  std::uint64_t guests_max = 0;
  /// By their names.
  std::vector<PoolGuest> vms;
};
Result<Pool> read_pool(const schema::Json& document);

}  // namespace ppn::ctl
