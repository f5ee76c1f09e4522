// A guest as a snapshot holds it, and back.
#pragma once

#include <memory>
#include <optional>

#include "events/vm.hpp"
#include "schema/state_generated.h"

namespace ppn::events {

std::unique_ptr<schema::VmStateT> stored(const Id& id, const Vm& vm);

/// Nothing if no guest can be so.
std::optional<Vm> read_vm(const schema::VmState& stored);

}  // namespace ppn::events
