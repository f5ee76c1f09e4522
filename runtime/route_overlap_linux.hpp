// Routes of this host that take addresses of the mesh elsewhere.
#pragma once

#include <string>
#include <vector>

#include "events/mesh.hpp"

namespace ppn::runtime {

/// Each in words: "the route to 10.8.0.0/16 by eth0". None if the routes can
/// not be read.
std::vector<std::string> overlapping_routes(const events::Mesh& mesh,
                                            const std::string& interface);

}  // namespace ppn::runtime
