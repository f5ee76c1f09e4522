// bench_guests: how soon guests of a real ppnd run, are adopted and are seen to
// end, beside the same by hand and by libvirt, and what a host full of them
// costs. All in namespaces of its own.
#include <unistd.h>

#include <array>

#include "tests/bench/bench_app.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/guest_labs.hpp"
#include "tests/bench/guests_lab_part.hpp"
#include "tests/bench/lab_run.hpp"
#include "tests/bench/machine.hpp"

namespace {

using namespace ppn::bench;
namespace fs = std::filesystem;

const std::string start_part = "start";
const std::string adopt_part = "adopt";
const std::string end_part = "end";
const std::string many_part = "many";
const std::string monitor_part = "monitor";
const std::array all_parts{start_part, adopt_part, end_part, many_part,
                           monitor_part};

void add_parts(const Wishes& wishes, const fs::path& scratch,
               std::vector<Part>& parts) {
  GuestLabs real{PPN_GUESTS_LAB, scratch, wishes.quick};
  // Whoever may not make namespaces needs no kernel for guests in them.
  bool has_kernel = wishes.has(start_part) && ::geteuid() == 0 &&
                    find_kernel(real);
  std::vector<std::string> labs;
  for (const auto& part : all_parts)
    if (wishes.has(part) && (part != start_part || has_kernel))
      labs.push_back(part);
  auto why_not = run_apart(real, labs);
  auto found = [&](const std::string& part) {
    if (!why_not.empty()) return GuestsFound{{}, why_not};
    if (part == start_part && !has_kernel) return GuestsFound{{}, no_kernel};
    return GuestsFound{found_by_lab(part, scratch), {}};
  };
  if (wishes.has(start_part))
    parts.push_back(bench_guest_start(found(start_part)));
  if (wishes.has(adopt_part))
    parts.push_back(bench_guest_adoption(found(adopt_part)));
  if (wishes.has(end_part)) parts.push_back(bench_guest_end(found(end_part)));
  if (wishes.has(many_part))
    for (auto& part : bench_many_guests(found(many_part)))
      parts.push_back(std::move(part));
  if (wishes.has(monitor_part))
    parts.push_back(bench_guest_monitor(found(monitor_part)));
}

void measure(const Wishes& wishes, const fs::path& scratch, Report& report) {
  report.machine.disk = look_at_disk(scratch);
  add_parts(wishes, scratch, report.parts);
}

}  // namespace

int main(int argc, char** argv) {
  return run_bench(
      argc, argv,
      {"guests",
       "Measures how soon guests of a real ppnd run, are adopted by the next "
       "one and are seen to end, beside the same by hand and by libvirt, if "
       "that is installed; and what a host full of them takes of time and "
       "memory. In namespaces of its own; emulated. Takes some 8 minutes. "
       "Needs root. Exits with 0 also where a budget is missed.",
       "few guests of each: shows that it works, not how well",
       {all_parts.begin(), all_parts.end()}},
      measure);
}
