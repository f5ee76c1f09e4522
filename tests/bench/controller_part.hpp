// What it costs the controller to be told what its hosts have.
#pragma once

#include "tests/bench/report.hpp"

namespace ppn::bench {

/// Heartbeats of 64 to 10,000 nodes, quickly of 64 alone, with real signatures,
/// from the datagram to what the scheduler keeps of it.
Part controller_part(bool quick);

}  // namespace ppn::bench
