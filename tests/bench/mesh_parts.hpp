// The parts of the benchmark of the mesh, each a question about a WireGuard
// device.
#pragma once

#include <memory>
#include <vector>

#include "tests/bench/mesh_device.hpp"
#include "tests/bench/report.hpp"

namespace ppn::bench {

/// Of growing size.
using MeshDevices = std::vector<std::unique_ptr<MeshDevice>>;

/// How long until a device without peers has all of them?
Part bench_all_peers(const MeshDevices& devices, bool quick);

/// How long does it take to see that all is as it should be?
Part bench_no_change(const MeshDevices& devices, bool quick);

/// What does one changed peer cost, among few and among many?
Part bench_one_change(const MeshDevices& devices, bool quick);

/// What of all that is computing, without any device?
Part bench_computing(bool quick);

}  // namespace ppn::bench
