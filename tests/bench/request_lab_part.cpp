#include "tests/bench/request_lab_part.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <utility>
#include <vector>

#include "tests/bench/measure.hpp"

namespace ppn::bench {

namespace {

using nlohmann::json;
using Times = std::vector<double>;

constexpr Quantity p50_whole_ms{"p50_ms", "p50 ms", 1};
constexpr Quantity worst_ms{"worst_ms", "worst ms", 1};
constexpr Quantity count_of{"count", "n", 0};
constexpr Quantity of_local{"of_local", "of by itself", 2};
constexpr Quantity mb_per_s{"mb_per_s", "MB/s", 1};

constexpr double ms_in_s = 1e3;

constexpr std::string_view about_hosts =
    "Two real nodes on one machine, each in namespaces of its own, with their "
    "ledgers and images in memory; the tunnel between them is ";

// -- rows ---------------------------------------------------------------------

/// One figure of each round, in ms.
Times of_each(const json& rounds, const char* figure) {
  Times ms;
  for (const auto& round : rounds)
    ms.push_back(round.at(figure).get<double>() * ms_in_s);
  return ms;
}

Row row_of(std::string group, std::string name, const Times& ms) {
  Row row;
  row.group = std::move(group);
  row.name = std::move(name);
  row.figures = {{p50_whole_ms, median(ms)},
                 {worst_ms, quantile(ms, 1)},
                 {count_of, static_cast<double>(ms.size())}};
  return row;
}

/// A part that is so if nothing was measured.
std::optional<Part> without(Part part, const RequestFound& found) {
  if (found.not_measured.empty()) return std::nullopt;
  Row row;
  row.group = part.name;
  row.not_measured = found.not_measured;
  part.rows = {row};
  return part;
}

std::string note_of_hosts(const json& read) {
  return std::string{about_hosts} + read.at("tunnel").get<std::string>() + ".";
}

// -- requests -----------------------------------------------------------------

/// Of one host, by the controller and by itself in the same rounds.
void add_host(const std::string& group, const json& fleet, const json& local,
              Part& part) {
  auto running = of_each(fleet, "running");
  auto alone = of_each(local, "running");
  auto by_fleet = row_of(group, "by the controller", running);
  by_fleet.figures.push_back({of_local, median_ratio(running, alone)});
  Times more;
  for (std::size_t i = 0; i < running.size(); ++i)
    more.push_back(running[i] - alone[i]);
  by_fleet.judgement = Judgement{"ms more, median", median(more), {}, {}};
  part.rows.push_back(std::move(by_fleet));
  part.rows.push_back(row_of(group, "by itself", alone));
}

/// How far a guest of the controller is meanwhile.
void add_way(const std::string& group, const json& fleet, Part& part) {
  part.rows.push_back(row_of(group, "placed", of_each(fleet, "committed")));
  part.rows.push_back(row_of(group, "taken", of_each(fleet, "taken")));
  part.rows.push_back(row_of(group, "told", of_each(fleet, "told")));
}

// -- images -------------------------------------------------------------------

Row row_of_speed(std::string name, const Times& ms, double size_mb) {
  auto row = row_of("an image", std::move(name), ms);
  row.figures.push_back({mb_per_s, size_mb / (median(ms) / ms_in_s)});
  return row;
}

}  // namespace

Part bench_requests(const RequestFound& found) {
  Part part{
      "request",
      "from a commit to a guest that runs",
      {"In turn. From before the commit is sent to whom it is given until "
       "VmStarted is in the ledger of the guest's host, and came in its "
       "stream. by the controller: a guest of the fleet for that host alone. "
       "by itself: the same guest, made on that host. The proposal was made "
       "before, and both hosts have the kernel and the initrd: nothing is "
       "fetched. The first guest of each host is not counted.",
       "on the way, of the controller's guests: placed: the commit is "
       "answered, GuestPlaced is recorded. taken: the host recorded "
       "DispatchTaken. told: the controller recorded RequestEnded; that waits "
       "for no start."},
      {}};
  if (auto nothing = without(part, found)) return *nothing;
  const auto read = json::parse(found.json);
  const auto& times = read.at("times");
  part.notes.push_back(note_of_hosts(read));
  part.notes.push_back(fmt::format("Guests of {} MB, a virtual CPU, no disk.",
                                   read.at("memory_mb").get<int>()));
  add_host("on another host", times.at("fleet_other"), times.at("local_other"),
           part);
  add_host("on the controller's own", times.at("fleet_own"),
           times.at("local_own"), part);
  add_way("on the way to another", times.at("fleet_other"), part);
  add_way("on the way to its own", times.at("fleet_own"), part);
  return part;
}

Part bench_image_fetch(const RequestFound& found) {
  Part part{
      "fetch",
      "an image that a host lacks",
      {"fetched: from before the commit of a guest of the fleet, which is not "
       "started, until its host recorded ImageAdded: with what it takes to "
       "place the guest and to tell the host, and with the SHA-256 of all "
       "bytes. plain copy: the same bytes from file to file, by TCP through "
       "the same tunnel, from before the connection until all are written; "
       "nobody hashes them. Both in memory, in turn. nothing to fetch: until "
       "DispatchTaken, of a second guest of the same image."},
      {}};
  if (auto nothing = without(part, found)) return *nothing;
  const auto read = json::parse(found.json);
  const auto& rounds = read.at("rounds");
  double size_mb = read.at("size_mb");
  part.title += fmt::format(", {:.0f} MB of random bytes", size_mb);
  part.notes.push_back(note_of_hosts(read));
  auto fetched = of_each(rounds, "fetched");
  auto copied = of_each(rounds, "copied");
  auto of_image = row_of_speed("fetched", fetched, size_mb);
  of_image.judgement = Judgement{
      "of a plain copy's MB/s", median_ratio(copied, fetched), {}, {}};
  part.rows = {
      std::move(of_image), row_of_speed("plain copy", copied, size_mb),
      row_of("an image", "nothing to fetch", of_each(rounds, "taken_with_it"))};
  return part;
}

}  // namespace ppn::bench
