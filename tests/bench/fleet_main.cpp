// bench_fleet: what it costs to place guests in a fleet, and to know what its
// hosts have; and with real hosts, in namespaces of their own, how soon a guest
// runs that the controller gives a place.
#include <unistd.h>

#include <array>

#include "tests/bench/bench_app.hpp"
#include "tests/bench/controller_part.hpp"
#include "tests/bench/guest_labs.hpp"
#include "tests/bench/lab_run.hpp"
#include "tests/bench/placement_part.hpp"
#include "tests/bench/request_lab_part.hpp"
#include "tests/bench/spread_part.hpp"

namespace {

using namespace ppn::bench;
namespace fs = std::filesystem;

const std::string placement = "placement";
const std::string controller = "controller";
const std::string spread = "spread";
const std::string request = "request";
const std::string fetch = "fetch";
const std::array all_parts{placement, controller, spread, request, fetch};

void add_computed(const Wishes& wishes, std::vector<Part>& parts) {
  if (wishes.has(placement)) parts.push_back(placement_part(wishes.quick));
  if (wishes.has(controller)) parts.push_back(controller_part(wishes.quick));
  if (wishes.has(spread)) parts.push_back(spread_part(wishes.quick));
}

/// Last: whoever made namespaces starts nothing else.
void add_labs(const Wishes& wishes, const fs::path& scratch,
              std::vector<Part>& parts) {
  if (!wishes.has(request) && !wishes.has(fetch)) return;
  GuestLabs real{PPN_REQUEST_LAB, scratch, wishes.quick, hide_control_groups};
  // Whoever may not make namespaces needs no kernel for guests in them.
  bool has_kernel = wishes.has(request) && ::geteuid() == 0 &&
                    find_kernel(real);
  std::vector<std::string> labs;
  if (has_kernel) labs.push_back(request);
  if (wishes.has(fetch)) labs.push_back(fetch);
  auto why_not = run_apart(real, labs);
  auto found = [&](const std::string& what) {
    if (!why_not.empty()) return RequestFound{{}, why_not};
    if (what == request && !has_kernel) return RequestFound{{}, no_kernel};
    return RequestFound{found_by_lab(what, scratch), {}};
  };
  if (wishes.has(request)) parts.push_back(bench_requests(found(request)));
  if (wishes.has(fetch)) parts.push_back(bench_image_fetch(found(fetch)));
}

void measure(const Wishes& wishes, const fs::path& scratch, Report& report) {
  add_computed(wishes, report.parts);
  add_labs(wishes, scratch, report.parts);
}

}  // namespace

int main(int argc, char** argv) {
  return run_bench(
      argc, argv,
      {"fleet",
       "Measures what it costs to place a guest in fleets of 3 to 10,000 "
       "nodes, what heartbeats of 64 to 10,000 cost the controller, and "
       "fills fleets of 4 to 64 beside Ganeti's hspace, if that is "
       "installed; and with two real nodes, in namespaces of their own, how "
       "soon a guest runs that the controller gives a place, beside one that "
       "its host makes by itself, and how fast its image comes. Guests are "
       "emulated. Takes some 5 minutes. What is with real nodes needs root. "
       "Exits with 0 also where a budget is missed.",
       "few decisions, a small fleet, one guest of each: shows that it "
       "works, not how well",
       {all_parts.begin(), all_parts.end()}},
      measure);
}
