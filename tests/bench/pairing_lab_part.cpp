#include "tests/bench/pairing_lab_part.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/bench/measure.hpp"

namespace ppn::bench {

namespace {

using nlohmann::json;

constexpr Quantity median_s{"median_s", "s, median", 3};
constexpr Quantity worst_s{"worst_s", "s, worst", 3};
constexpr Quantity of_status{"of_status", "of status", 1};
constexpr Quantity resident_mb{"mb", "MB", 2};
constexpr Quantity more_mb{"more_mb", "MB more", 2};
constexpr Quantity own_more_mb{"own_more_mb", "of it own", 2};
constexpr Quantity opened_per_s{"opened_per_s", "opened/s", 0};
constexpr Quantity open_most{"open_most", "open, most", 0};
constexpr Quantity seconds{"s", "s", 3};
constexpr Quantity p50_of_calm{"p50_of_calm", "p50 of calm", 2};
constexpr Quantity p99_of_calm{"p99_of_calm", "p99 of calm", 2};
constexpr Quantity pings{"pings", "pings", 0};
constexpr Quantity lost{"lost", "lost", 0};

constexpr double join_limit_s = 1;
constexpr double more_limit_mb = 4;
constexpr double lost_limit = 0;
constexpr double tries_limit = 1;
constexpr double megabyte = 1e6;

constexpr std::string_view about_the_hosts =
    "Each ppnd on a host in namespaces of its own, with wireguard-go, and its "
    "ledger in memory.";
constexpr std::string_view about_joins =
    "From the start of `ppnctl pair approve --yes --from ADDRESS CODE` until "
    "the newcomer answers one of the authority's pings, of which there are "
    "some 70 a second. pair approve: until it has ended. ppnctl status: what "
    "it costs here to start a program that asks ppnd; the median of five "
    "before each join.";
constexpr std::string_view about_the_flood =
    "The flood: 1,000 connections from 50 addresses, each with the beginning "
    "of a message; one that is closed is opened anew 0.1 s later.";
constexpr std::string_view about_memory =
    "Resident, without the mapped ledger, as `tools/bench footprint` counts "
    "it, and the most of it during the flood; own: of what it grew by, that "
    "which is in no file.";
constexpr std::string_view about_the_code =
    "the right code: typed while the flood goes on, of which the newcomer was "
    "told by --only-from to hear nothing; until the first ping.";
constexpr std::string_view about_pings =
    "Of one member by another, every 20 ms, before the flood and during it. "
    "The flood has the same processors, at the lowest priority.";

const std::vector<std::string> flooded_nodes{"newcomer", "hub"};

std::string name_of(const std::string& node) {
  return node == "hub" ? "a member, its door open" : "a newcomer, a code shown";
}

Row row_of(std::string group, std::string name, std::vector<Figure> figures,
           std::optional<Judgement> judgement = {}) {
  Row row;
  row.group = std::move(group);
  row.name = std::move(name);
  row.figures = std::move(figures);
  row.judgement = std::move(judgement);
  return row;
}

Row row_without(std::string group, const PairingFound& found) {
  Row row;
  row.group = std::move(group);
  row.not_measured = found.not_measured;
  return row;
}

// -- joins --------------------------------------------------------------------

std::vector<double> of_each(const json& joins, const char* figure) {
  std::vector<double> values;
  for (const auto& join : joins) values.push_back(join.at(figure));
  return values;
}

Row row_of_times(std::string name, const std::vector<double>& times) {
  return row_of("joins", std::move(name),
                {{median_s, median(times)}, {worst_s, quantile(times, 1)}});
}

std::vector<Row> rows_of_joins(const json& joins) {
  auto status = of_each(joins, "status_s");
  auto ping = of_each(joins, "ping_s");
  auto to_ping = row_of_times("code typed to first ping", ping);
  to_ping.figures.push_back({of_status, median_ratio(ping, status)});
  to_ping.judgement = Judgement{fmt::format("s, worst of {}", ping.size()),
                                quantile(ping, 1),
                                {},
                                join_limit_s};
  return {to_ping, row_of_times("pair approve", of_each(joins, "approved_s")),
          row_of_times("ppnctl status", status)};
}

// -- the flood ----------------------------------------------------------------

double mb_of(const json& watched, const char* kind) {
  return watched.at("memory").at(kind).get<double>() / megabyte;
}

void add_memory(const std::string& node, const json& found, Part& part) {
  const auto& calm = found.at("calm");
  const auto& flooded = found.at("flooded");
  const auto& flood = found.at("flood");
  auto grown = [&](const char* kind) {
    return mb_of(flooded, kind) - mb_of(calm, kind);
  };
  auto more = grown("resident");
  auto opened = flood.at("opened").get<double>();
  auto taken_s = flood.at("seconds").get<double>();
  part.rows.push_back(
      row_of(name_of(node), "calm", {{resident_mb, mb_of(calm, "resident")}}));
  part.rows.push_back(row_of(name_of(node), "flooded",
                             {{resident_mb, mb_of(flooded, "resident")},
                              {more_mb, more},
                              {own_more_mb, grown("anonymous")},
                              {opened_per_s, opened / taken_s},
                              {open_most, flood.at("open_most")}},
                             Judgement{"MB more", more, {}, more_limit_mb}));
}

void add_right_code(const std::string& node, const json& found, Part& part) {
  const auto& let_in = found.at("let_in");
  if (let_in.is_null()) return;
  auto tries = let_in.at("tries").get<double>();
  part.rows.push_back(row_of(name_of(node), "the right code",
                             {{seconds, let_in.at("ping_s")}},
                             Judgement{"tries", tries, {}, tries_limit}));
}

struct Pinged {
  explicit Pinged(const json& watched)
      : ms(watched.at("ping_ms").get<std::vector<double>>()),
        lost(watched.at("lost")) {}

  [[nodiscard]] std::vector<Figure> figures() const {
    return {{p50_ms, median(ms)},
            {p99_ms, quantile(ms, 0.99)},
            {pings, static_cast<double>(ms.size())},
            {bench::lost, lost}};
  }

  std::vector<double> ms;
  double lost;
};

void add_pings(const std::string& node, const json& found, Part& part) {
  Pinged calm{found.at("calm")};
  Pinged flooded{found.at("flooded")};
  auto ratio = [&](double share) {
    return quantile(flooded.ms, share) / quantile(calm.ms, share);
  };
  auto group = "beside " + name_of(node);
  part.rows.push_back(row_of(group, "calm", calm.figures()));
  auto figures = flooded.figures();
  figures.push_back({p50_of_calm, ratio(0.5)});
  figures.push_back({p99_of_calm, ratio(0.99)});
  part.rows.push_back(row_of(group, "flooded", std::move(figures),
                             Judgement{"lost", flooded.lost, {}, lost_limit}));
}

}  // namespace

Part bench_join(const PairingFound& found) {
  Part part{"join",
            "from a code that is typed to the first ping",
            {std::string{about_the_hosts}, std::string{about_joins}},
            {}};
  part.rows = found.not_measured.empty()
                  ? rows_of_joins(json::parse(found.json).at("joins"))
                  : std::vector{row_without("joins", found)};
  return part;
}

std::vector<Part> bench_flood(const PairingFound& found) {
  Part memory{"flood",
              "a node under handshakes that nobody finishes",
              {std::string{about_the_hosts}, std::string{about_the_flood},
               std::string{about_memory}, std::string{about_the_code}},
              {}};
  Part beside{"flood_beside",
              "pings in a mesh beside that flood",
              {std::string{about_pings}},
              {}};
  if (!found.not_measured.empty()) {
    memory.rows = {row_without("flood", found)};
    beside.rows = {row_without("pings", found)};
    return {memory, beside};
  }
  const auto read = json::parse(found.json);
  for (const auto& node : flooded_nodes) {
    add_memory(node, read.at(node), memory);
    add_right_code(node, read.at(node), memory);
    add_pings(node, read.at(node), beside);
  }
  return {memory, beside};
}

}  // namespace ppn::bench
