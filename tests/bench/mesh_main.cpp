// bench_mesh: how fast a WireGuard device of this host is told its peers,
// beside wg. All of it happens in namespaces of its own.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/wait.h>

#include "tests/bench/failure.hpp"
#include "tests/bench/mesh_parts.hpp"
#include "tests/bench/own_namespaces.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/supervise.hpp"

namespace {

using namespace ppn::bench;

constexpr int exit_usage = 2;

std::vector<std::size_t> sizes(bool quick) {
  if (quick) return {10, 100};
  return {10, 100, 1'000, 10'000};
}

std::vector<Part> device_parts(bool quick) {
  const std::filesystem::path own_files = "/run";
  auto keys = require(ppn::runtime::TunnelKeys::open(own_files / "keys"));
  MeshDevices devices;
  for (auto peers : sizes(quick))
    devices.push_back(std::make_unique<MeshDevice>(peers, *keys, own_files));
  std::vector<Part> parts{bench_all_peers(devices, quick),
                          bench_no_change(devices, quick),
                          bench_one_change(devices, quick)};
  for (const auto& device : devices) device->check_when_up();
  return parts;
}

Report measure(bool quick) {
  Report report;
  report.benchmark = "mesh";
  report.quick = quick;
  report.machine = look_at_machine();
  OthersLoad others;
  report.parts = device_parts(quick);
  report.parts.push_back(bench_computing(quick));
  // What the programs took is ours once they have ended.
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  report.taken_by_others = others.share();
  end_progress();
  return report;
}

int run(bool json, bool quick) try {
  require(sodium_init() >= 0, "get randomness from the system");
  auto report = measure(quick);
  fmt::print("{}", json ? as_json(report) : as_table(report));
  return 0;
} catch (const std::exception& error) {
  end_progress();
  fmt::print(stderr, "bench_mesh: {}\n", error.what());
  return 1;
}

int run_apart(bool json, bool quick) try {
  return in_own_namespaces([=] { return run(json, quick); });
} catch (const std::exception& error) {
  fmt::print(stderr, "bench_mesh: {}\n", error.what());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false;
  bool quick = false;
  CLI::App app{
      "Measures how fast a WireGuard device with up to 10,000 peers is told "
      "what it should be, beside wg in the same run, in namespaces of its own: "
      "by the kernel if it has WireGuard, else by wireguard-go. Needs root. "
      "Exits with 0 also where a budget is missed."};
  app.add_flag("--json", json, "one JSON document instead of a table");
  app.add_flag("--quick", quick,
               "few peers: shows that it works, not how fast");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  return supervise([=] { return run_apart(json, quick); });
}
