#include <algorithm>

#include "tests/bench/measure.hpp"
#include "tests/bench/paths_parts.hpp"

namespace ppn::bench {

namespace {

constexpr Quantity gap_s{"gap_s", "s without", 2};
constexpr Quantity lost{"lost", "lost", 0};
constexpr Quantity path_s{"path_s", "s to path", 2};
constexpr Quantity of_limit{"of_limit", "of limit", 3};

constexpr double gap_limit_s = 10;
constexpr double lost_on_way_back_limit = 0;

constexpr std::string_view about_the_lab =
    "Three ppnd on hosts in namespaces of their own, with wireguard-go. One "
    "spoke pings the other every 20 ms; the link between the two is cut by "
    "nftables where packets arrive, which tells their sender nothing.";
constexpr std::string_view about_columns =
    "s without: the longest time between two answers. lost: pings without an "
    "answer, of which ping sends fewer a second than it is told. s to path: "
    "until both ends say that they take the other path. The worst of the cuts "
    "of each kind.";
constexpr std::string_view about_the_way_back =
    "The way back begins when the link is mended; it waits for the time that "
    "a path which failed is left alone.";

double worst(const std::vector<Cut>& cuts, double Cut::*figure) {
  double most = 0;
  for (const auto& cut : cuts) most = std::max(most, cut.*figure);
  return most;
}

std::string name_of(std::size_t cuts) {
  return cuts == 1 ? "one cut" : "worst of " + std::to_string(cuts);
}

Row row_of_way(const std::vector<Cut>& all, const std::string& way,
               std::string group) {
  std::vector<Cut> cuts;
  std::copy_if(all.begin(), all.end(), std::back_inserter(cuts),
               [&](const Cut& cut) { return cut.way == way; });
  Row row;
  row.group = std::move(group);
  row.name = name_of(cuts.size());
  if (cuts.empty()) {
    row.name.clear();
    row.not_measured = "--quick";
    return row;
  }
  auto gap = worst(cuts, &Cut::gap_s);
  row.figures = {{gap_s, gap},
                 {lost, worst(cuts, &Cut::lost)},
                 {path_s, worst(cuts, &Cut::switch_s)},
                 {of_limit, gap / gap_limit_s}};
  row.judgement = Judgement{"s", gap, {}, gap_limit_s};
  return row;
}

Row row_of_way_back(const std::vector<Cut>& cuts) {
  Row row;
  row.group = "mended, back to direct";
  row.name = name_of(cuts.size());
  auto most = worst(cuts, &Cut::back_lost);
  row.figures = {{lost, most}, {path_s, worst(cuts, &Cut::back_s)}};
  row.judgement = Judgement{"lost", most, {}, lost_on_way_back_limit};
  return row;
}

}  // namespace

Part bench_switch(const std::vector<Cut>& cuts) {
  return {"switch",
          "from the direct path to the hub and back, under traffic",
          {std::string{about_the_lab}, std::string{about_columns},
           std::string{about_the_way_back}},
          {row_of_way(cuts, "both", "cut in both directions"),
           row_of_way(cuts, "to b", "cut in one direction"),
           row_of_way(cuts, "to a", "cut in the other one"),
           row_of_way_back(cuts)}};
}

}  // namespace ppn::bench
