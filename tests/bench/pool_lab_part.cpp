#include "tests/bench/pool_lab_part.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/bench/measure.hpp"

namespace ppn::bench {

namespace {

using nlohmann::json;
using Values = std::vector<double>;

constexpr Quantity cpu_s_per_hour{"cpu_s_per_hour", "CPU s an hour", 3};
constexpr Quantity of_core{"of_core_percent", "% of a core", 3};
constexpr Quantity p50_s{"p50_s", "p50 s", 2};
constexpr Quantity worst_s{"worst_s", "worst s", 2};
constexpr Quantity of_fixed{"of_fixed_size", "of a fixed size", 2};
constexpr Quantity p50_mb{"p50_mb", "p50 MB", 0};
constexpr Quantity least_mb{"least_mb", "least MB", 0};
constexpr Quantity count_of{"count", "n", 0};

constexpr double seconds_in_hour = 3600;
constexpr double us_in_s = 1e6;

Row row_of(std::string group, std::string name, std::vector<Figure> figures,
           std::optional<Judgement> judgement = {}) {
  Row row;
  row.group = std::move(group);
  row.name = std::move(name);
  row.figures = std::move(figures);
  row.judgement = std::move(judgement);
  return row;
}

/// A part that is so if nothing was measured.
std::optional<Part> without(Part part, const PoolFound& found) {
  if (found.not_measured.empty()) return std::nullopt;
  Row row;
  row.group = part.name;
  row.not_measured = found.not_measured;
  part.rows = {row};
  return part;
}

// -- cost ---------------------------------------------------------------------

/// `rate` is how much of a core it takes.
Row row_of_rate(std::string group, std::string name, double rate,
                std::optional<Judgement> judgement = {}) {
  return row_of(
      std::move(group), std::move(name),
      {{cpu_s_per_hour, rate * seconds_in_hour}, {of_core, rate * 100}},
      std::move(judgement));
}

std::vector<std::string> notes_of_cost(const json& read) {
  std::vector<std::string> notes{
      fmt::format(
          "Processor time of all threads of ppnd, the kernel's for them among "
          "it, and nothing taken off; QEMU's own is not in it. Over {} s, of "
          "guests in step {} s, while nobody asks ppnd anything. The guests do "
          "nothing, and never say what they use: their QEMUs answer as those "
          "of others do, but to decide about them takes less.",
          read.at("seconds").get<int>(), read.at("seconds_in_step").get<int>()),
      fmt::format(
          "No ppnd has guests and no controller, also where each has a fixed "
          "size, as these have. So it is told apart by when it works. in step: "
          "a ppnd that was killed and started again asks all guests at the "
          "same time what memory they have, and then decides, once in {} s. "
          "the watch: what it takes between that, where it asks each some 2.5 "
          "times a second whether it is there. the controller: what all takes "
          "more than that. decisions: at what one takes where the host has "
          "room, as the part of that name tells it.",
          read.at("interval_s").get<int>())};
  if (read.at("guests") < read.at("wanted"))
    notes.push_back(fmt::format(
        "{} guests were wanted, and this host has no memory for more than {}.",
        read.at("wanted").get<int>(), read.at("guests").get<int>()));
  return notes;
}

// -- pressure -----------------------------------------------------------------

/// One figure of each round.
Values of_each(const json& rounds, const char* figure) {
  Values values;
  for (const auto& round : rounds) values.push_back(round.at(figure));
  return values;
}

std::vector<Figure> figures_of_times(const Values& seconds) {
  return {{p50_s, median(seconds)},
          {worst_s, quantile(seconds, 1)},
          {count_of, static_cast<double>(seconds.size())}};
}

std::vector<Figure> figures_of_amounts(const Values& mb) {
  return {{p50_mb, median(mb)},
          {least_mb, quantile(mb, 0)},
          {count_of, static_cast<double>(mb.size())}};
}

std::string sizes_of(const json& read) {
  return fmt::format("guest of {} MB with a floor at {}",
                     read.at("memory_mb").get<int>(),
                     read.at("floor_mb").get<int>());
}

Part bench_taken(const json& read) {
  Part part{
      "taken",
      "from a host that runs short to a " + sizes_of(read),
      {"From when others than guests took so much that the host has less than "
       "its low mark, and they go on taking until a guest's memory makes no "
       "difference; each round at another time since guests were asked last. "
       "That of the guest was all used, and what it can spare is the cache of "
       "its disk. first: until its QEMU says that its balloon leaves it less "
       "than all. at its floor: within what is not worth a change. the host's "
       "again: what its QEMU has less of resident memory then, beside one of a "
       "fixed size on that host (floor and memory the same), which was used as "
       "much."},
      {}};
  const auto& rounds = read.at("rounds");
  auto returned = of_each(rounds, "returned_mb");
  part.rows = {
      row_of("taken", "first", figures_of_times(of_each(rounds, "first_s"))),
      row_of("taken", "at its floor",
             figures_of_times(of_each(rounds, "floor_s"))),
      row_of("the host's again", "of its QEMU", figures_of_amounts(returned),
             Judgement{"of what its balloon took",
                       median_ratio(returned, of_each(rounds, "taken_mb")),
                       {},
                       {}}),
      row_of("the host's again", "of one of a fixed size",
             figures_of_amounts(of_each(rounds, "fixed_returned_mb")))};
  return part;
}

Part bench_given_back(const json& read) {
  const auto& rounds = read.at("rounds");
  Part part{
      "given_back",
      "from a need to all of its memory, of a " + sizes_of(read),
      {fmt::format(
          "At its floor, on the host that is still short, it writes {:.0f} MB "
          "into memory, block after block, and waits for memory whenever a "
          "block would leave it less than 8 MB: all that one of a fixed "
          "size has but a little, which does the same just before. From the "
          "command on its console: balloon: until its QEMU says that its "
          "balloon leaves it all. shown: until GET /v1/pool shows that, which "
          "it looks for once in 5 s. the fill: until it is prompted again.",
          median(of_each(rounds, "fill_mb")))},
      {}};
  auto fill = of_each(rounds, "fill_s");
  auto fixed_fill = of_each(rounds, "fixed_fill_s");
  auto fill_figures = figures_of_times(fill);
  fill_figures.push_back({of_fixed, median_ratio(fill, fixed_fill)});
  auto more = fill;
  for (std::size_t i = 0; i < more.size(); ++i) more[i] -= fixed_fill[i];
  part.rows = {
      row_of("all of it", "balloon",
             figures_of_times(of_each(rounds, "back_s"))),
      row_of("all of it", "shown",
             figures_of_times(of_each(rounds, "shown_s"))),
      row_of("the fill", "from its floor", std::move(fill_figures),
             Judgement{"s more, median", median(more), {}, {}}),
      row_of("the fill", "of a fixed size", figures_of_times(fixed_fill))};
  return part;
}

}  // namespace

Part bench_pool_cost(const PoolFound& found, double decision_us) {
  Part part{
      "cost", "a ppnd that does nothing but look after its guests", {}, {}};
  if (auto nothing = without(part, found)) return *nothing;
  const auto read = json::parse(found.json);
  part.notes = notes_of_cost(read);
  auto full = fmt::format("{} guests", read.at("guests").get<int>());
  double all = read.at("in_step").at("all");
  double watch = read.at("in_step").at("calm");
  double decisions =
      decision_us / us_in_s / read.at("interval_s").get<double>();
  part.rows = {
      row_of_rate("ppnd", "no guest", read.at("alone")),
      row_of_rate("ppnd", full, read.at("full")),
      row_of_rate("in step", full, all),
      row_of_rate("in step", "the watch", watch),
      row_of_rate("in step", "the controller", all - watch,
                  Judgement{"of all", (all - watch) / all, {}, {}}),
      row_of_rate(
          "in step", "decisions", decisions,
          Judgement{"of the controller", decisions / (all - watch), {}, {}})};
  return part;
}

std::vector<Part> bench_pool_pressure(const PoolFound& found) {
  if (auto nothing =
          without({"pressure", "memory taken and given back", {}, {}}, found))
    return {*nothing};
  const auto read = json::parse(found.json);
  return {bench_taken(read), bench_given_back(read)};
}

}  // namespace ppn::bench
