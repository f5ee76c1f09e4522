// bench_fleet: what it costs to place guests in a fleet, and to know what its
// hosts have; and with real hosts, in namespaces of their own, how soon a guest
// runs that the controller gives a place.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "tests/bench/controller_part.hpp"
#include "tests/bench/guest_labs.hpp"
#include "tests/bench/lab_run.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/placement_part.hpp"
#include "tests/bench/request_lab_part.hpp"
#include "tests/bench/scratch.hpp"
#include "tests/bench/spread_part.hpp"
#include "tests/bench/supervise.hpp"
#include "tests/bench/wishes.hpp"

namespace {

using namespace ppn::bench;
namespace fs = std::filesystem;

constexpr int exit_usage = 2;

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

int run(const Wishes& wishes, const fs::path& scratch) try {
  Report report;
  report.benchmark = "fleet";
  report.quick = wishes.quick;
  report.machine = look_at_machine();
  OthersLoad others;
  add_computed(wishes, report.parts);
  add_labs(wishes, scratch, report.parts);
  report.taken_by_others = others.share();
  fmt::print("{}", wishes.json ? as_json(report) : as_table(report));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "bench_fleet: {}\n", error.what());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Wishes wishes;
  CLI::App app{
      "Measures what it costs to place a guest in fleets of 3 to 10,000 nodes, "
      "what heartbeats of 64 to 10,000 cost the controller, and fills fleets "
      "of 4 to 64 beside Ganeti's hspace, if that is installed; and with two "
      "real nodes, in namespaces of their own, how soon a guest runs that the "
      "controller gives a place, beside one that its host makes by itself, and "
      "how fast its image comes. Guests are emulated. Takes some 5 minutes. "
      "What is with real nodes needs root. Exits with 0 also where a budget is "
      "missed."};
  app.add_flag("--json", wishes.json, "one JSON document instead of a table");
  app.add_option("--only", wishes.only, "only these parts")
      ->delimiter(',')
      ->check(CLI::IsMember(
          std::vector<std::string>{all_parts.begin(), all_parts.end()}));
  app.add_flag("--quick", wishes.quick,
               "few decisions, a small fleet, one guest of each: shows that it "
               "works, not how well");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  try {
    ScratchDirectory scratch{fs::temp_directory_path(), "bench_fleet"};
    // The guests' user passes through it.
    fs::permissions(scratch.path(), fs::perms::owner_all |
                                        fs::perms::group_exec |
                                        fs::perms::others_exec);
    return supervise([&] { return run(wishes, scratch.path()); });
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_fleet: {}\n", error.what());
    return 1;
  }
}
