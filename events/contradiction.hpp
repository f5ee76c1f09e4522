// What an event says may contradict what went before. In a ledger that is whole
// this never happens: it shows a fault of the program that wrote it.
#pragma once

#include <optional>
#include <string>

namespace ppn::events {

/// Why an event can not follow; nothing if it can.
using Contradiction = std::optional<std::string>;

}  // namespace ppn::events
