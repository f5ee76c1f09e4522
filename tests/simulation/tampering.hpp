// What somebody who may change a host's WireGuard device does to it behind the
// back of its node.
#pragma once

#include "tests/simulation/scene.hpp"

namespace ppn::simulation {

/// So many ways there are.
inline constexpr std::uint64_t tamperings = 9;

void tamper(Scene& scene, Host& host, std::uint64_t what);

}  // namespace ppn::simulation
