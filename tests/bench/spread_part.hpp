// Fleets filled guest by guest, beside Ganeti's hspace, which places the same
// guests on the same nodes: how fast, and how evenly.
#pragma once

#include "tests/bench/report.hpp"

namespace ppn::bench {

/// Of 4, 16 and 64 nodes; quickly of 4 alone. hspace takes minutes for 64.
Part spread_part(bool quick);

}  // namespace ppn::bench
