// What an event takes of the disk, table by table, beside its record alone.
#include <fmt/format.h>

#include "tests/bench/parts.hpp"
#include "tests/bench/raw_ledger.hpp"

namespace ppn::bench {

namespace {

constexpr Quantity bytes_per_event{"bytes_per_event", "bytes/event", 1};

}  // namespace

Part bench_bytes(const Setup& setup) {
  const auto& sample = setup.big_ledger();
  RawLedger raw{sample.directory};
  auto count = static_cast<double>(sample.entries);
  auto row = [&](std::string name, std::uint64_t bytes) {
    return Row{"disk",
               std::move(name),
               {{bytes_per_event, static_cast<double>(bytes) / count}},
               {},
               {}};
  };
  auto file = std::filesystem::file_size(sample.directory.database());
  Part part;
  part.name = "bytes";
  part.title = fmt::format("a database of {} entries", sample.entries);
  part.rows = {row("database file", file), row("records", sample.record_bytes)};
  for (auto table :
       {store::Table::entries, store::Table::tree, store::Table::streams})
    part.rows.push_back(
        row(fmt::format("pages of table {}",
                        store::table_names[static_cast<std::size_t>(table)]),
            raw.bytes_of(table)));
  part.rows[1].judgement = {
      "file / this",
      static_cast<double>(file) / static_cast<double>(sample.record_bytes),
      {},
      {}};
  return part;
}

}  // namespace ppn::bench
