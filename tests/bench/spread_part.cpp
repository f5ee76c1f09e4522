#include "tests/bench/spread_part.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "events/placement.hpp"
#include "tests/bench/child_process.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/scratch.hpp"

namespace ppn::bench {

namespace {

// Of a node.
constexpr std::uint64_t memory_mb = 65'536;
constexpr std::uint64_t disk_mb = 10'240'000;
constexpr std::uint32_t vcpus = 256;
// Of a guest.
constexpr std::uint64_t guest_memory_mb = 512;
constexpr std::uint64_t guest_disk_mb = 10'240;

constexpr Quantity guests_placed{"guests", "guests", 0};
constexpr Quantity per_s{"per_s", "placements/s", 0};
constexpr Quantity spread_quantity{"spread_percent", "spread %", 2};

struct Filled {
  std::size_t guests = 0;
  double seconds = 0;
  /// How many guests each node has.
  std::vector<double> by_node;
};

/// Standard deviation over mean.
double spread_percent(const std::vector<double>& values) {
  double sum = 0;
  for (auto value : values) sum += value;
  auto mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (auto value : values) squares += (value - mean) * (value - mean);
  return 100 * std::sqrt(squares / static_cast<double>(values.size())) / mean;
}

// -- ours ---------------------------------------------------------------------

std::vector<events::HostRoom> empty_fleet(std::size_t nodes) {
  std::vector<events::HostRoom> rooms(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    auto& room = rooms[i];
    room.name = fmt::format("node-{:03}", i);
    room.standing = events::HostStanding::live;
    room.memory_left_mb = memory_mb;
    room.vcpus_left = vcpus;
    room.disk_left_mb = disk_mb;
    room.guests_left = ~0U;
  }
  return rooms;
}

/// As many guests as the other one placed.
Filled fill(std::size_t nodes, std::size_t guests) {
  auto rooms = empty_fleet(nodes);
  events::PlacementRequest request;
  request.memory_mb = guest_memory_mb;
  request.disk_mb = guest_disk_mb;
  Stopwatch watch;
  for (std::size_t i = 0; i < guests; ++i) {
    auto chosen = events::place(request, 0, rooms).chosen;
    require(chosen.has_value(), "place all guests that hspace placed");
    auto& room = rooms[*chosen];
    room.memory_left_mb -= request.memory_mb;
    room.disk_left_mb -= request.disk_mb;
    room.vcpus_left -= request.vcpus;
    room.guests += 1;
  }
  Filled filled{guests, watch.seconds(), {}};
  for (const auto& room : rooms)
    filled.by_node.push_back(static_cast<double>(room.guests));
  return filled;
}

// -- hspace -------------------------------------------------------------------

/// A line of a guest: name|memory|disk|vcpus|state|balanced|node|...
std::optional<std::string> node_of_guest(const std::string& line) {
  if (!line.starts_with("new-")) return std::nullopt;
  std::istringstream fields{line};
  std::string field;
  constexpr int place_of_node = 7;
  for (int i = 0; i < place_of_node; ++i)
    if (!std::getline(fields, field, '|')) return std::nullopt;
  return field;
}

std::map<std::string, double> guests_by_node(
    const std::filesystem::path& saved) {
  std::ifstream file{saved};
  require(file.good(), "read what hspace saved");
  std::map<std::string, double> guests;
  for (std::string line; std::getline(file, line);)
    if (auto node = node_of_guest(line)) guests[*node] += 1;
  return guests;
}

double count_of(const std::map<std::string, double>& guests) {
  double sum = 0;
  for (const auto& [node, count] : guests) sum += count;
  return sum;
}

double wait_for(ChildProcess& program, std::size_t nodes) {
  Stopwatch watch;
  while (program.running()) {
    show_progress("hspace fills {} nodes: {:.0f} s", nodes, watch.seconds());
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  end_progress();
  return watch.seconds();
}

/// It first tries the largest guests, tier by tier; those count for its speed.
Filled fill_by_hspace(const std::filesystem::path& hspace, std::size_t nodes) {
  ScratchDirectory scratch{std::filesystem::temp_directory_path(), "ppn-bench"};
  auto saved = scratch.path() / "fleet";
  // What it prints is of no use here.
  ChildProcess program{
      "/bin/sh",
      {"-c", "exec \"$0\" \"$@\" >/dev/null 2>&1", hspace.string(), "--quiet",
       fmt::format("--simulate=preferred,{},{},{},{}", nodes, disk_mb,
                   memory_mb, vcpus),
       fmt::format("--standard-alloc={},{},1", guest_disk_mb, guest_memory_mb),
       "--disk-template=plain", "--save=" + saved.string()}};
  auto seconds = wait_for(program, nodes);
  auto guests = guests_by_node(saved.string() + ".standard");
  auto tiers = guests_by_node(saved.string() + ".tiered");
  Filled filled;
  auto standard = count_of(guests);
  filled.guests = static_cast<std::size_t>(standard);
  // The part of the time that went to what is compared.
  filled.seconds = seconds * standard / (standard + count_of(tiers));
  for (const auto& [node, count] : guests) filled.by_node.push_back(count);
  filled.by_node.resize(nodes, 0);
  return filled;
}

// -- both ---------------------------------------------------------------------

double rate_of(const Filled& filled) {
  return static_cast<double>(filled.guests) / filled.seconds;
}

Row row_of(const std::string& group, const std::string& name,
           const Filled& filled) {
  Row row;
  row.group = group;
  row.name = name;
  row.figures = {{guests_placed, static_cast<double>(filled.guests)},
                 {per_s, rate_of(filled)},
                 {spread_quantity, spread_percent(filled.by_node)}};
  return row;
}

}  // namespace

Part spread_part(bool quick) {
  Part part{"spread",
            "a fleet filled with guests of one size, beside Ganeti's hspace",
            {"Of wall time. hspace fills the fleet twice, with large guests "
             "first; its time is shared out by the guests that it placed.",
             "The spread is that of guests by node: standard deviation over "
             "mean."},
            {}};
  auto hspace = find_program("hspace");
  for (std::size_t nodes : {4, 16, 64}) {
    if (quick && nodes != 4) break;
    auto group = fmt::format("{} nodes", nodes);
    if (!hspace) {
      auto& row = part.rows.emplace_back();
      row.group = group;
      row.name = "hspace";
      row.not_measured = "hspace of the package ganeti-htools is not installed";
      continue;
    }
    auto theirs = fill_by_hspace(*hspace, nodes);
    auto ours = fill(nodes, theirs.guests);
    part.rows.push_back(row_of(group, "hspace", theirs));
    auto& row = part.rows.emplace_back(row_of(group, "ours", ours));
    row.judgement =
        Judgement{"ours / hspace", rate_of(ours) / rate_of(theirs), 1.0, {}};
  }
  return part;
}

}  // namespace ppn::bench
