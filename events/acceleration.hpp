// By what this host runs its guests: the accelerators that QEMU has, and which
// of them were seen to execute a guest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "schema/vm_generated.h"

namespace ppn::events {

struct TriedAccelerator {
  std::string name;
  bool works = false;
  /// What was seen, in words.
  std::string reason;

  bool operator==(const TriedAccelerator&) const = default;
};

struct Acceleration {
  /// The best one that works; empty: none does, or none was tried.
  std::string accelerator;
  std::vector<TriedAccelerator> tried;
  /// With what that was found out.
  std::string qemu;
  std::string kernel;

  bool operator==(const Acceleration&) const = default;

  /// Whether it still holds.
  [[nodiscard]] bool is_of(std::string_view qemu_now,
                           std::string_view kernel_now) const {
    return !qemu.empty() && qemu == qemu_now && kernel == kernel_now;
  }
};

/// What guests get that run by it.
std::string cpu_model_of(std::string_view accelerator);

/// Nothing if that is recorded.
Decision decide_proved(const Acceleration& recorded, const Acceleration& seen);

Contradiction apply(Acceleration& acceleration,
                    const schema::AcceleratorProved& event);

schema::AcceleratorProvedT stored(const Acceleration& acceleration);
Acceleration read_acceleration(const schema::AcceleratorProved& stored);

}  // namespace ppn::events
