// bench_pool: what a decision about the balloons of a host full of guests
// costs; and on a real host, in namespaces of its own, what a ppnd takes to
// look after so many, and how soon memory is taken and given back.
#include <unistd.h>

#include <array>

#include "tests/bench/bench_app.hpp"
#include "tests/bench/guest_labs.hpp"
#include "tests/bench/lab_run.hpp"
#include "tests/bench/pool_decision_part.hpp"
#include "tests/bench/pool_lab_part.hpp"

namespace {

using namespace ppn::bench;
namespace fs = std::filesystem;

const std::string decision_part = "decision";
const std::string cost_part = "cost";
const std::string pressure_part = "pressure";
const std::array all_parts{decision_part, cost_part, pressure_part};

void add_labs(const Wishes& wishes, double decision_us, const fs::path& scratch,
              std::vector<Part>& parts) {
  if (!wishes.has(cost_part) && !wishes.has(pressure_part)) return;
  GuestLabs real{PPN_POOL_LAB, scratch, wishes.quick, hide_control_groups};
  // Whoever may not make namespaces needs no kernel for guests in them.
  bool has_kernel = wishes.has(pressure_part) && ::geteuid() == 0 &&
                    find_kernel(real);
  std::vector<std::string> labs;
  if (wishes.has(cost_part)) labs.push_back(cost_part);
  if (has_kernel) labs.push_back(pressure_part);
  auto why_not = run_apart(real, labs);
  auto found = [&](const std::string& what) {
    if (!why_not.empty()) return PoolFound{{}, why_not};
    if (what == pressure_part && !has_kernel) return PoolFound{{}, no_kernel};
    return PoolFound{found_by_lab(what, scratch), {}};
  };
  if (wishes.has(cost_part))
    parts.push_back(bench_pool_cost(found(cost_part), decision_us));
  if (wishes.has(pressure_part))
    for (auto& part : bench_pool_pressure(found(pressure_part)))
      parts.push_back(std::move(part));
}

void measure(const Wishes& wishes, const fs::path& scratch, Report& report) {
  auto decisions = measure_decisions(wishes.quick);
  if (wishes.has(decision_part))
    report.parts = {bench_pool_decisions(decisions)};
  add_labs(wishes, decisions.host_has_room_us, scratch, report.parts);
}

}  // namespace

int main(int argc, char** argv) {
  return run_bench(
      argc, argv,
      {"pool",
       "Measures what it costs to decide about the balloons of 128 guests; "
       "and on a real host, in namespaces of its own, what ppnd takes of a "
       "processor to look after 128 guests, how soon a host that runs short "
       "has what a guest can spare, and how soon that guest has it back, "
       "beside one of a fixed size. Guests are emulated; the host has up to "
       "5 GB less for a while. Takes some 10 minutes. What is on a real host "
       "needs root. Exits with 0 also where a budget is missed.",
       "8 guests, one round, less memory taken of one: shows that it works, "
       "not how well",
       {all_parts.begin(), all_parts.end()}},
      measure);
}
