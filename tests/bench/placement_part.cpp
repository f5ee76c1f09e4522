#include "tests/bench/placement_part.hpp"

#include <fmt/format.h>

#include "events/placement.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/support/random.hpp"

namespace ppn::bench {

namespace {

using events::HostRoom;
using events::PlacementRequest;

constexpr Quantity us{"us", "us", 2};
constexpr Quantity per_s{"per_s", "decisions/s", 0};

struct Size {
  std::size_t nodes;
  std::optional<double> budget_us;
};

constexpr Size sizes[] = {{3, {}}, {64, 10.0}, {1000, {}}, {10'000, 200.0}};

/// Some of every kind: of ten nodes one is silent, one drained, one reserved,
/// and half have room.
std::vector<HostRoom> sample_fleet(std::size_t nodes) {
  tests::Random random{1};
  std::vector<HostRoom> rooms;
  for (std::size_t i = 0; i < nodes; ++i) {
    HostRoom room;
    room.name = fmt::format("node-{}", i);
    for (auto& byte : room.node.bytes)
      byte = static_cast<std::uint8_t>(random.below(256));
    auto kind = random.below(10);
    room.standing = kind == 0 ? events::HostStanding::silent
                              : events::HostStanding::live;
    room.is_drained = kind == 1;
    room.is_reserved = kind == 2;
    room.is_accelerated = random.below(2) == 0;
    room.memory_left_mb = random.below(8192);
    room.vcpus_left = 1 + static_cast<std::uint32_t>(random.below(32));
    room.disk_left_mb = 100'000;
    room.load_permille = static_cast<std::uint32_t>(random.below(1000));
    room.guests_left = 100;
    rooms.push_back(std::move(room));
  }
  return rooms;
}

PlacementRequest sample_request() {
  PlacementRequest request;
  request.memory_mb = 4096;
  request.vcpus = 2;
  request.disk_mb = 20'000;
  request.prefers_accelerator = true;
  return request;
}

/// Mean of one decision.
double decision_us(const std::vector<HostRoom>& rooms, std::size_t times) {
  auto request = sample_request();
  std::size_t verdicts = 0;
  auto before = cpu_seconds();
  for (std::size_t i = 0; i < times; ++i) {
    // Another one each time.
    request.memory_mb = 4096 + i % 64;
    auto placement =
        events::place(request, events::placement_margin_mb_usual, rooms);
    verdicts += placement.verdicts.size();
  }
  auto taken = cpu_seconds() - before;
  require(verdicts == times * rooms.size(), "explain every decision");
  return taken * 1e6 / static_cast<double>(times);
}

}  // namespace

Part placement_part(bool quick) {
  Part part{"placement",
            "which node gets a guest, with a verdict for each",
            {"Means, in processor time of one core."},
            {}};
  constexpr std::size_t nodes_in_all = 20'000'000;
  constexpr std::size_t nodes_in_all_quick = 100'000;
  for (const auto& size : sizes) {
    auto rooms = sample_fleet(size.nodes);
    auto times = (quick ? nodes_in_all_quick : nodes_in_all) / size.nodes;
    auto taken = decision_us(rooms, times);
    auto& row = part.rows.emplace_back();
    row.group = "placement";
    row.name = fmt::format("{} nodes", size.nodes);
    row.figures = {{us, taken}, {per_s, 1e6 / taken}};
    if (size.budget_us)
      row.judgement = Judgement{
          fmt::format("us at {} nodes", size.nodes), taken, {}, size.budget_us};
  }
  return part;
}

}  // namespace ppn::bench
