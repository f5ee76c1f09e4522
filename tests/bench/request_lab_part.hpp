// What it takes to give a guest a place on a real host of the fleet, and to
// have that host fetch what the guest is made of (request_lab).
#pragma once

#include <string>

#include "tests/bench/report.hpp"

namespace ppn::bench {

struct RequestFound {
  /// What the lab wrote.
  std::string json;
  /// Why it did not run.
  std::string not_measured;
};

/// How long is it until a guest runs that the controller gives a place, beside
/// one that its host makes by itself?
Part bench_requests(const RequestFound& found);

/// How fast does an image come over the mesh, beside a plain copy by TCP?
Part bench_image_fetch(const RequestFound& found);

}  // namespace ppn::bench
