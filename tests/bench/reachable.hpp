// Whom a simulated mesh lets everybody call.
#pragma once

#include <cstdint>

namespace ppn::bench {

/// Who has an endpoint in the roster.
enum class Reachable : std::uint8_t { hub_alone, everybody };

}  // namespace ppn::bench
