#include "tests/bench/pool_decision_part.hpp"

#include <fmt/format.h>

#include "events/balloon.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/support/random.hpp"

namespace ppn::bench {

namespace {

using events::BalloonGuest;

constexpr std::size_t guests_full = 128;
constexpr double decision_budget_us = 20;
constexpr Quantity us{"us", "us", 2};

/// Of all sizes; each has said what it uses.
std::vector<BalloonGuest> sample_guests(std::size_t count) {
  ppn::tests::Random random{1};
  std::vector<BalloonGuest> guests;
  for (std::size_t i = 0; i < count; ++i) {
    BalloonGuest guest;
    guest.vm.bytes.front() = static_cast<std::uint8_t>(i);
    guest.memory_mb = 512 + random.below(8192);
    guest.floor_mb = guest.memory_mb / 4;
    guest.actual_mb = guest.target_mb =
        guest.floor_mb + random.below(guest.memory_mb - guest.floor_mb);
    guest.says = {random.below(guest.actual_mb), 0};
    guests.push_back(guest);
  }
  return guests;
}

/// Mean of one decision.
double decision_us(const std::vector<BalloonGuest>& guests,
                   std::uint64_t available_mb, std::size_t times) {
  std::size_t decided = 0;
  auto before = cpu_seconds();
  for (std::size_t i = 0; i < times; ++i)
    decided += events::decide_balloons({}, available_mb, false, guests)
                   .verdicts.size();
  auto taken = cpu_seconds() - before;
  require(decided == times * guests.size(), "decide about all guests");
  return taken * 1e6 / static_cast<double>(times);
}

Row row_of(std::string name, double taken_us) {
  Row row;
  row.group = "decision";
  row.name = std::move(name);
  row.figures = {{us, taken_us}};
  row.judgement = Judgement{"us", taken_us, {}, decision_budget_us};
  return row;
}

}  // namespace

DecisionTimes measure_decisions(bool quick) {
  constexpr std::uint64_t short_mb = 1;
  constexpr std::uint64_t rich_mb = 4096;
  auto guests = sample_guests(guests_full);
  std::size_t times = quick ? 100 : 50'000;
  return {decision_us(guests, short_mb, times),
          decision_us(guests, rich_mb, times)};
}

Part bench_pool_decisions(const DecisionTimes& times) {
  return {"decision",
          fmt::format("who is to have how much, of {} guests", guests_full),
          {"Means, in processor time of one core."},
          {row_of("host is short", times.host_is_short_us),
           row_of("host has room", times.host_has_room_us)}};
}

}  // namespace ppn::bench
