#include "tests/bench/guests_lab_part.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>

#include "tests/bench/measure.hpp"

namespace ppn::bench {

namespace {

using nlohmann::json;
using Times = std::vector<double>;

constexpr Quantity count_of{"count", "n", 0};
constexpr Quantity of_by_hand{"of_by_hand", "of by hand", 2};
constexpr Quantity whole_s{"s", "s", 2};
constexpr Quantity ms_each{"ms_each", "ms each", 1};
constexpr Quantity resident_mb{"mb", "MB", 2};
constexpr Quantity own_mb{"own_mb", "of it own", 2};
constexpr Quantity per_second{"per_s", "per s", 0};

constexpr double over_by_hand_limit_ms = 10;
constexpr double adoption_limit_ms = 50;
constexpr double marking_limit_ms = 1000;
constexpr double end_limit_ms = 5;
constexpr double memory_limit_mb = 48;
constexpr double ms_in_s = 1e3;
constexpr double megabyte = 1e6;

constexpr std::string_view about_ways =
    "In turn. by hand: QEMU started by a program of python with the arguments "
    "and as the user that ppnd has for it, its sockets bound before; then told "
    "to run by the monitor. Without any disk.";
constexpr std::string_view about_running =
    "Of ppnd, from before a proposal is sent until, by the other monitor of "
    "that guest, it is seen to run; what it is made of was added before. by "
    "hand: until the same is seen in the same way. committed: the commit is "
    "answered. recorded: VmStarted is in the ledger, and came in its stream. "
    "The ledger is where temporary files are, and synced.";
constexpr std::string_view about_userland =
    "Until the guest's first process said so on the serial console.";
constexpr std::string_view about_libvirt =
    "Until `virsh create` has ended; nothing: `virsh uri`, what it costs to "
    "start a program that asks libvirtd. Its first guest, before which it "
    "finds out what QEMU can, is not among them.";

// -- rows ---------------------------------------------------------------------

Row row_of(std::string group, std::string name, std::vector<Figure> figures,
           std::optional<Judgement> judgement = {}) {
  Row row;
  row.group = std::move(group);
  row.name = std::move(name);
  row.figures = std::move(figures);
  row.judgement = std::move(judgement);
  return row;
}

Row row_without(std::string group, std::string name, std::string why) {
  Row row;
  row.group = std::move(group);
  row.name = std::move(name);
  row.not_measured = std::move(why);
  return row;
}

Times in_ms(Times seconds) {
  for (auto& value : seconds) value *= ms_in_s;
  return seconds;
}

Times times_of(const json& seconds) { return in_ms(seconds.get<Times>()); }

/// One figure of each round that has it.
Times of_each(const json& rounds, const char* figure) {
  Times seconds;
  for (const auto& round : rounds)
    if (round.contains(figure)) seconds.push_back(round.at(figure));
  return in_ms(std::move(seconds));
}

std::vector<Figure> figures_of(const Times& ms) {
  return {{p50_ms, median(ms)},
          {p99_ms, quantile(ms, 0.99)},
          {count_of, static_cast<double>(ms.size())}};
}

Row row_of_times(std::string group, std::string name, const Times& ms) {
  return row_of(std::move(group), std::move(name), figures_of(ms));
}

/// Beside that by hand in the same round.
Row row_beside(std::string group, const Times& ms, const Times& by_hand) {
  auto row = row_of_times(std::move(group), "ppnd", ms);
  row.figures.push_back({of_by_hand, median_ratio(ms, by_hand)});
  return row;
}

Judgement more_than_by_hand(const Times& ms, const Times& by_hand,
                            double limit) {
  Times more;
  for (std::size_t i = 0; i < std::min(ms.size(), by_hand.size()); ++i)
    more.push_back(ms[i] - by_hand[i]);
  return {"ms more, median", median(std::move(more)), {}, limit};
}

/// A part that is so if nothing was measured.
std::optional<Part> without(Part part, const GuestsFound& found) {
  if (found.not_measured.empty()) return std::nullopt;
  part.rows = {row_without("guests", "", found.not_measured)};
  return part;
}

// -- starts -------------------------------------------------------------------

/// Its settings too, for they are not the usual ones.
void add_libvirt_notes(const json& read, Part& part) {
  if (read.contains("libvirt_missing")) return;
  auto settings = read.at("libvirt_settings").get<std::string>();
  std::replace(settings.begin(), settings.end(), '\n', ';');
  part.notes.emplace_back(about_libvirt);
  part.notes.push_back(fmt::format(
      "libvirtd without a service manager and without D-Bus; its qemu.conf: "
      "{} The first guest took it {:.2f} s.",
      settings, read.at("libvirt_first_s").get<double>()));
}

void add_libvirt_start(const std::string& group, const char* figure,
                       const json& read, Part& part) {
  if (read.contains("libvirt_missing"))
    part.rows.push_back(
        row_without(group, "virsh create", read.at("libvirt_missing")));
  else
    part.rows.push_back(
        row_of_times(group, "virsh create",
                     of_each(read.at("times").at("libvirt"), figure)));
}

// -- many ---------------------------------------------------------------------

std::vector<Figure> memory_figures(const json& memory) {
  return {{resident_mb, memory.at("resident").get<double>() / megabyte},
          {own_mb, memory.at("anonymous").get<double>() / megabyte}};
}

/// What is told beside each of many processes is all of them, in MB.
Row row_of_each(std::string name, const json& processes) {
  auto sum = [&](const char* kind) {
    return std::accumulate(processes.begin(), processes.end(), 0.0,
                           [&](double all, const json& one) {
                             return all + one.at(kind).get<double>();
                           });
  };
  auto count = std::max<double>(static_cast<double>(processes.size()), 1);
  return row_of(
      "memory", std::move(name),
      {{resident_mb, sum("resident") / count / megabyte},
       {own_mb, sum("anonymous") / count / megabyte},
       {count_of, static_cast<double>(processes.size())}},
      Judgement{"MB own of all", sum("anonymous") / megabyte, {}, {}});
}

Row row_of_filling(std::string name, double seconds, double guests) {
  return row_of("until all run", std::move(name),
                {{whole_s, seconds},
                 {ms_each, seconds * ms_in_s / guests},
                 {count_of, guests}});
}

std::string with_guests(const std::string& count) {
  return count == "0" ? "no guest" : count + " guests";
}

Part bench_filling(const json& read) {
  Part part{"many",
            "a host full of guests of 2 vCPUs that do nothing",
            {"until all run: of ppnd, one proposal and one commit after the "
             "other, and the last VmStarted. by hand: as above, one after the "
             "other. all paused: by ppnd, from then on."},
            {}};
  double guests = read.at("guests");
  auto& rows = part.rows;
  rows.push_back(row_of_filling("ppnd", read.at("fill_s"), guests));
  rows.push_back(row_of_filling("by hand", read.at("fill_by_hand_s"), guests));
  if (read.contains("libvirt"))
    rows.push_back(row_of_filling("virsh create --paused",
                                  read.at("libvirt").at("fill_s"), guests));
  else
    rows.push_back(row_without("until all run", "virsh create --paused",
                               read.at("libvirt_missing")));
  auto paused = row_of_filling("ppnd", read.at("pause_s"), guests);
  paused.group = "all paused";
  rows.push_back(std::move(paused));
  if (guests < read.at("wanted"))
    part.notes.push_back(fmt::format(
        "{} guests were wanted; this host has no memory for more than {}.",
        read.at("wanted").get<int>(), guests));
  return part;
}

Part bench_memory(const json& read) {
  Part part{"many_memory",
            "what they take of memory",
            {"Resident, without the mapped ledger, as `tools/bench footprint` "
             "counts it; own: what is in no file. A keeper, and QEMU: of each, "
             "the mean."},
            {}};
  const auto& memory = read.at("memory");
  auto full = std::to_string(read.at("guests").get<int>());
  auto counts = {std::string{"0"}, std::string{read.at("some")}, full};
  auto add_all = [&](const std::string& program, const json& of) {
    for (const auto& count : counts)
      if (of.contains(count))
        part.rows.push_back(
            row_of(program, with_guests(count), memory_figures(of.at(count))));
  };
  add_all("ppnd", memory);
  auto busiest = memory_figures(memory.at("paused"));
  auto most = busiest.front().value;
  part.rows.push_back(row_of("ppnd", "listed, paused", std::move(busiest),
                             Judgement{"MB", most, {}, memory_limit_mb}));
  part.rows.push_back(row_of_each("a keeper", read.at("keepers")));
  part.rows.push_back(row_of_each("a QEMU", read.at("qemus")));
  if (read.contains("libvirt"))
    add_all("libvirtd", read.at("libvirt").at("memory"));
  else
    part.rows.push_back(
        row_without("libvirtd", "", read.at("libvirt_missing")));
  return part;
}

Part bench_lists(const json& read) {
  Part part{"many_list",
            "a list of them",
            {"GET /v1/vms, on one connection. one hung: the QEMU of one guest "
             "is stopped (SIGSTOP). virsh list: a program each."},
            {}};
  auto calm = times_of(read.at("list_s"));
  auto hung = times_of(read.at("list_hung_s"));
  part.rows = {
      row_of_times("list", "ppnd", calm),
      row_of("list", "ppnd, one hung", figures_of(hung),
             Judgement{
                 "p50 of that without", median(hung) / median(calm), {}, {}})};
  if (read.contains("libvirt"))
    part.rows.push_back(row_of_times(
        "list", "virsh list", times_of(read.at("libvirt").at("list_s"))));
  else
    part.rows.push_back(
        row_without("list", "virsh list", read.at("libvirt_missing")));
  return part;
}

}  // namespace

Part bench_guest_start(const GuestsFound& found) {
  Part part{"start",
            "from a proposal to a guest that runs",
            {std::string{about_ways}, std::string{about_running},
             std::string{about_userland}},
            {}};
  if (auto nothing = without(part, found)) return *nothing;
  const auto read = json::parse(found.json);
  const auto& times = read.at("times");
  const auto& ppnd = times.at("ppnd");
  const auto& by_hand = times.at("by_hand");
  auto running = of_each(ppnd, "running");
  auto running_by_hand = of_each(by_hand, "running");
  auto to_running = row_beside("running", running, running_by_hand);
  to_running.judgement =
      more_than_by_hand(running, running_by_hand, over_by_hand_limit_ms);
  part.rows.push_back(std::move(to_running));
  part.rows.push_back(row_of_times("running", "by hand", running_by_hand));
  add_libvirt_start("running", "running", read, part);
  auto userland_by_hand = of_each(by_hand, "userland");
  part.rows.push_back(
      row_beside("userland", of_each(ppnd, "userland"), userland_by_hand));
  part.rows.push_back(row_of_times("userland", "by hand", userland_by_hand));
  add_libvirt_start("userland", "userland", read, part);
  part.rows.push_back(
      row_of_times("on the way", "committed", of_each(ppnd, "committed")));
  part.rows.push_back(
      row_of_times("on the way", "recorded", of_each(ppnd, "told")));
  if (times.contains("libvirt"))
    part.rows.push_back(row_of_times("on the way", "virsh, nothing",
                                     of_each(times.at("libvirt"), "nothing")));
  add_libvirt_notes(read, part);
  return part;
}

Part bench_guest_adoption(const GuestsFound& found) {
  Part part{
      "adopt",
      "guests that a new ppnd finds, after the one before was killed",
      {"One of them is hung: its QEMU is stopped (SIGSTOP). started: from the "
       "process to node.started in its log, with all that it replays. all but "
       "the hung one: from there until GET /v1/vms shows that each runs, as "
       "its monitor says. marked: until the hung one is shown to be that. by "
       "hand: a program of python connects to all of those, and asks each. "
       "Each guest had the same process and the same start before and after."},
      {}};
  if (auto nothing = without(part, found)) return *nothing;
  const auto read = json::parse(found.json);
  const auto& rounds = read.at("rounds");
  auto group = fmt::format("{} guests", read.at("guests").get<int>());
  auto adopted = of_each(rounds, "running_s");
  auto marked = of_each(rounds, "marked_s");
  auto started = of_each(rounds, "started_s");
  part.rows = {
      row_of_times(group, "started", started),
      row_of(group, "all but the hung one", figures_of(adopted),
             Judgement{"ms, median", median(adopted), {}, adoption_limit_ms}),
      row_of_times(group, "the same, by hand", of_each(rounds, "by_hand_s")),
      row_of(
          group, "marked", figures_of(marked),
          Judgement{"ms, worst", quantile(marked, 1), {}, marking_limit_ms})};
  return part;
}

Part bench_guest_end(const GuestsFound& found) {
  Part part{"end",
            "a QEMU that is killed, or hangs",
            {"From SIGKILL until the entry came in the stream of the ledger. "
             "by hand: until its process is seen to have ended, by a pidfd. "
             "hung: from SIGSTOP until VmUnresponsive came in the stream."},
            {}};
  if (auto nothing = without(part, found)) return *nothing;
  const auto read = json::parse(found.json);
  auto told = times_of(read.at("ppnd"));
  auto by_hand = times_of(read.at("by_hand"));
  auto row = row_beside("end", told, by_hand);
  row.judgement = more_than_by_hand(told, by_hand, end_limit_ms);
  auto hung = times_of(read.at("hung"));
  part.rows = {
      std::move(row), row_of_times("end", "by hand", by_hand),
      row_of("hung", "ppnd", figures_of(hung),
             Judgement{"ms, worst", quantile(hung, 1), {}, marking_limit_ms})};
  return part;
}

std::vector<Part> bench_many_guests(const GuestsFound& found) {
  if (auto nothing = without({"many", "a host full of guests", {}, {}}, found))
    return {*nothing};
  const auto read = json::parse(found.json);
  return {bench_filling(read), bench_memory(read), bench_lists(read)};
}

Part bench_guest_monitor(const GuestsFound& found) {
  Part part{"monitor",
            "questions to the other monitor of a guest, one after the other",
            {"query-status, by a program of python."},
            {}};
  if (auto nothing = without(part, found)) return *nothing;
  const auto read = json::parse(found.json);
  auto row = [&](const char* way, const char* name) {
    auto ms = times_of(read.at(way));
    auto all_s = std::accumulate(ms.begin(), ms.end(), 0.0) / ms_in_s;
    auto made = row_of_times("monitor", name, ms);
    made.figures.push_back(
        {per_second, static_cast<double>(ms.size()) / all_s});
    return made;
  };
  part.rows = {row("ppnd", "a guest of ppnd"),
               row("by_hand", "one started by hand")};
  return part;
}

}  // namespace ppn::bench
