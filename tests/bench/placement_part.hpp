// What a placement costs, with a verdict for each node.
#pragma once

#include "tests/bench/report.hpp"

namespace ppn::bench {

/// Of fleets of 3 to 10,000 nodes.
Part placement_part(bool quick);

}  // namespace ppn::bench
