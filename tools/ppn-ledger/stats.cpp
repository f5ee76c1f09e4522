// ppn-ledger stats: how large what is, and how fast it grows.
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <map>

#include "schema/reflection_json.hpp"
#include "schema/time_text.hpp"
#include "tools/ppn-ledger/commands.hpp"
#include "tools/ppn-ledger/entry_reader.hpp"
#include "tools/ppn-ledger/failure.hpp"

namespace ppn::tools {

namespace {

constexpr double day_ns = 86'400e9;
constexpr double days_per_year = 365.25;
constexpr std::size_t streams_shown = 20;

struct Tally {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};
using Tallies = std::map<std::string, Tally>;

struct Statistics {
  Tally all;
  Tallies by_type;
  Tallies by_stream;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  store::MapUse map;
  std::uint64_t disk_free_bytes = 0;

  [[nodiscard]] double days() const {
    return static_cast<double>(last_ns - first_ns) / day_ns;
  }

  /// Nothing before a day has passed: it would be a guess.
  [[nodiscard]] std::optional<double> bytes_per_day() const {
    if (days() < 1) return std::nullopt;
    return static_cast<double>(map.used_bytes) / days();
  }

  [[nodiscard]] std::optional<double> years_until_full() const {
    auto growth = bytes_per_day();
    if (!growth) return std::nullopt;
    return static_cast<double>(disk_free_bytes) / *growth / days_per_year;
  }
};

void count(Tally& tally, std::size_t bytes) {
  tally.entries += 1;
  tally.bytes += bytes;
}

store::Result<Statistics> gather(OpenLedger& ledger,
                                 const std::string& directory) {
  Statistics statistics;
  auto names = schema::event_names();
  auto scanned = read_entries(ledger, 0, [&](const ReadEntry& read) {
    const auto& entry = *read.entry;
    auto type = static_cast<std::size_t>(entry.payload_type()) - 1;
    count(statistics.all, read.record.size());
    count(statistics.by_type[names[type]], read.record.size());
    count(statistics.by_stream[entry.stream()->str()], read.record.size());
    statistics.last_ns = entry.clock()->utc_ns();
    if (read.sequence == 0) statistics.first_ns = statistics.last_ns;
    return true;
  });
  if (!scanned) return scanned.error();
  statistics.map = ledger.backend->map_use();
  struct statvfs system {};
  if (::statvfs(directory.c_str(), &system) == 0)
    statistics.disk_free_bytes =
        std::uint64_t{system.f_bavail} * system.f_frsize;
  return statistics;
}

schema::Json tallies_to_json(const Tallies& tallies) {
  auto json = schema::Json::object();
  for (const auto& [name, tally] : tallies)
    json[name] = {{"entries", tally.entries}, {"bytes", tally.bytes}};
  return json;
}

void print_json(const Statistics& statistics) {
  schema::Json json{{"schema", "ppn-ledger.stats.v1"},
                    {"entries", statistics.all.entries},
                    {"record_bytes", statistics.all.bytes},
                    {"database_bytes", statistics.map.used_bytes},
                    {"first", schema::format_time(statistics.first_ns)},
                    {"last", schema::format_time(statistics.last_ns)},
                    {"disk_free_bytes", statistics.disk_free_bytes}};
  if (auto growth = statistics.bytes_per_day()) json["bytes_per_day"] = *growth;
  if (auto years = statistics.years_until_full())
    json["years_until_full"] = *years;
  json["by_type"] = tallies_to_json(statistics.by_type);
  json["by_stream"] = tallies_to_json(statistics.by_stream);
  fmt::print("{}\n", schema::compact(json));
}

void print_tallies(const char* title, const Tallies& tallies) {
  std::vector<std::pair<std::string, Tally>> rows{tallies.begin(),
                                                  tallies.end()};
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second.entries > b.second.entries;
  });
  fmt::print("\n{:<32} {:>12} {:>14}\n", title, "entries", "bytes");
  for (std::size_t i = 0; i < std::min(rows.size(), streams_shown); ++i)
    fmt::print("{:<32} {:>12} {:>14}\n", rows[i].first, rows[i].second.entries,
               rows[i].second.bytes);
  if (rows.size() > streams_shown)
    fmt::print("and {} more\n", rows.size() - streams_shown);
}

void print_text(const Statistics& statistics) {
  const auto& all = statistics.all;
  fmt::print("entries           {}\n", all.entries);
  fmt::print("from              {}\n",
             schema::format_time(statistics.first_ns));
  fmt::print("to                {}\n", schema::format_time(statistics.last_ns));
  fmt::print("records           {} bytes, {} each\n", all.bytes,
             all.bytes / std::max<std::uint64_t>(all.entries, 1));
  fmt::print(
      "database          {} bytes, {} for each entry\n",
      statistics.map.used_bytes,
      statistics.map.used_bytes / std::max<std::uint64_t>(all.entries, 1));
  fmt::print("disk free         {} bytes\n", statistics.disk_free_bytes);
  if (auto growth = statistics.bytes_per_day())
    fmt::print("growth            {:.0f} bytes a day over {:.1f} days\n",
               *growth, statistics.days());
  else
    fmt::print("growth            unknown: the entries span less than a day\n");
  if (auto years = statistics.years_until_full())
    fmt::print("years until full  {:.1f}\n", *years);
  print_tallies("type", statistics.by_type);
  print_tallies("stream", statistics.by_stream);
}

}  // namespace

int stats(const DirectoryOptions& options) {
  auto ledger = open_ledger(options.directory);
  if (!ledger) return fail(ledger.error());
  auto statistics = gather(*ledger, options.directory);
  if (!statistics) return fail(statistics.error());
  if (options.json)
    print_json(*statistics);
  else
    print_text(*statistics);
  return exit_ok;
}

}  // namespace ppn::tools
