#include "tests/bench/controller_part.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/told_controller.hpp"

namespace ppn::bench {

namespace {

constexpr Quantity us{"us", "us", 1};
constexpr Quantity per_s{"per_s", "heartbeats/s", 0};
constexpr Quantity of_core{"of_core_percent", "% of a core", 2};
constexpr Quantity kept_mb{"kept_mb", "kept MB", 2};

constexpr double seconds_between = 10;

double heap_mb() {
  return static_cast<double>(::mallinfo2().uordblks) / (1U << 20U);
}

Row row_of(std::size_t nodes, bool quick) {
  show_progress("{} nodes introduce themselves", nodes);
  ToldController controller{nodes};
  auto rounds = quick ? 1 : std::max<std::size_t>(2, 20'000 / nodes);
  std::vector<double> taken_us;
  double kept = 0;
  for (std::size_t i = 0; i < rounds; ++i) {
    auto heartbeats = controller.next_heartbeats();
    auto heap_before = heap_mb();
    auto before = cpu_seconds();
    controller.take(heartbeats);
    taken_us.push_back((cpu_seconds() - before) * 1e6 /
                       static_cast<double>(nodes));
    if (i == 0) kept = heap_mb() - heap_before;
  }
  end_progress();
  require(controller.hosts_known() == nodes, "know all hosts");
  auto each_us = median(taken_us);
  Row row;
  row.group = "controller";
  row.name = fmt::format("{} nodes", nodes);
  row.figures = {{us, each_us},
                 {per_s, 1e6 / each_us},
                 {of_core, each_us * static_cast<double>(nodes) /
                               (seconds_between * 1e6) * 100},
                 {kept_mb, kept}};
  return row;
}

}  // namespace

Part controller_part(bool quick) {
  Part part{"controller",
            "heartbeats with a report and five guests, from the datagram to "
            "what the scheduler keeps",
            {"In processor time of one core, its Ed25519 verification "
             "included; the share of a core is with one from each node every "
             "10 s.",
             "What is kept is that of the first heartbeat of each: of a report "
             "and five guests."},
            {}};
  for (std::size_t nodes : {64, 1000, 10'000})
    if (!quick || nodes == 64) part.rows.push_back(row_of(nodes, quick));
  return part;
}

}  // namespace ppn::bench
