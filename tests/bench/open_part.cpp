// Opening a ledger: with chain and tree checked from the first entry on, and
// from a snapshot near its end.
#include <fmt/format.h>

#include "events/state_codec.hpp"
#include "store/byte_order.hpp"
#include "store/hash.hpp"
#include "store/record.hpp"
#include "store/tree.hpp"
#include "tests/bench/ledger_home.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/parts.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/raw_ledger.hpp"

namespace ppn::bench {

namespace {

constexpr double replay_budget = 1e6;
constexpr double start_budget_s = 0.3;
constexpr Quantity seconds{"seconds", "seconds", 3};
constexpr Quantity entries_per_s{"entries_per_s", "entries/s", 0};

constexpr std::string_view about_opening =
    "From opening the database to a ledger that takes appends; the file is in "
    "the page cache. By hand: LMDB cursors and the same hashes, but no "
    "FlatBuffer checked and no stream followed.";

/// What a node does at its start: the state, from a snapshot if it may.
class NodeReplay final : public store::Replay {
 public:
  explicit NodeReplay(bool from_snapshot) : from_snapshot_(from_snapshot) {}

  bool begin_at(std::uint64_t, ByteView state) override {
    if (!from_snapshot_) return false;
    auto decoded = events::decode(state);
    if (decoded) state_ = std::move(*decoded);
    return decoded.has_value();
  }

  store::Status apply(const schema::Entry& entry) override {
    if (auto refused = events::apply(state_, entry))
      return store::Error{store::ErrorCode::damaged, *refused};
    return {};
  }

 private:
  bool from_snapshot_;
  events::State state_;
};

/// Chain and tree alone, from the first entry on.
class WholeReplay final : public store::Replay {
 public:
  bool begin_at(std::uint64_t, ByteView) override { return false; }
  store::Status apply(const schema::Entry&) override { return {}; }
};

/// How opening went, round after round.
struct Times {
  std::vector<double> wall;
  std::vector<double> cpu;
};

template <class Work>
void time(Times& times, Work&& work) {
  auto cpu_before = cpu_seconds();
  Stopwatch watch;
  work();
  times.wall.push_back(watch.seconds());
  times.cpu.push_back(cpu_seconds() - cpu_before);
}

void open_ledger(const SampleLedger& sample, store::Replay& replay) {
  LedgerHome home{sample.directory};
  auto ledger =
      require(store::Ledger::open(home.parts(), replay, read_clock()));
  require(ledger->position().head.size == sample.entries, "open all entries");
}

/// The least that a check of chain and tree takes: each record read and hashed
/// as link and leaf, the tree grown, its nodes compared with those stored.
void read_and_hash(const SampleLedger& sample) {
  RawLedger raw{sample.directory};
  MDB_cursor* records = nullptr;
  MDB_cursor* nodes = nullptr;
  mdb_cursor_open(raw.transaction(), raw.table(store::Table::entries),
                  &records);
  mdb_cursor_open(raw.transaction(), raw.table(store::Table::tree), &nodes);
  MDB_val key{};
  MDB_val record{};
  MDB_val stored{};
  store::Frontier tree;
  bool equal = true;
  while (mdb_cursor_get(records, &key, &record, MDB_NEXT) == 0 &&
         mdb_cursor_get(nodes, &key, &stored, MDB_NEXT) == 0) {
    const auto* bytes = static_cast<const std::uint8_t*>(record.mv_data);
    const auto* known = static_cast<const std::uint8_t*>(stored.mv_data);
    auto entry_size = record.mv_size - Signature::size;
    auto hash = store::begin_leaf();
    hash.update({bytes, entry_size});
    auto link = hash.finish();
    auto leaf = hash.update({bytes + entry_size, Signature::size}).finish();
    tree.append(leaf, [&](const Hash& node) {
      equal = equal && std::equal(node.bytes.begin(), node.bytes.end(), known);
      known += Hash::size;
    });
    equal = equal && link != leaf;
  }
  mdb_cursor_close(records);
  mdb_cursor_close(nodes);
  require(equal && tree.size() == sample.entries, "read and hash all entries");
}

Row row_of(std::string group, std::string name, const Times& times,
           std::uint64_t entries) {
  auto count = static_cast<double>(entries);
  return {std::move(group),
          std::move(name),
          {{seconds, median(times.wall)},
           {entries_per_s, count / median(times.wall)},
           {cpu_us, median(times.cpu) * 1e6 / count}},
          {},
          {}};
}

}  // namespace

Part bench_open(const Setup& setup) {
  const auto& sample = setup.big_ledger();
  Times by_hand;
  Times checked;
  Times replayed;
  Times from_snapshot;
  std::size_t rounds = setup.quick ? 1 : 7;
  for (std::size_t round = 0; round < rounds; ++round) {
    show_progress("open, round {} of {}", round + 1, rounds);
    WholeReplay nothing;
    NodeReplay state{false};
    NodeReplay tail{true};
    time(by_hand, [&] { read_and_hash(sample); });
    time(checked, [&] { open_ledger(sample, nothing); });
    time(replayed, [&] { open_ledger(sample, state); });
    time(from_snapshot, [&] { open_ledger(sample, tail); });
  }

  Part part;
  part.name = "open";
  part.title =
      fmt::format("a ledger of {} entries, on one core", sample.entries);
  part.rows = {
      row_of("whole", "open, chain and tree checked", checked, sample.entries),
      row_of("whole", "open, and the state replayed", replayed, sample.entries),
      row_of("whole", "read and hashed by hand", by_hand, sample.entries),
      row_of("snapshot", "open from a snapshot", from_snapshot,
             sample.entries - sample.snapshot_at)};
  auto rate = [&](std::size_t row) { return part.rows[row].figures[1].value; };
  for (std::size_t row : {0U, 1U})
    part.rows[row].judgement = {"entries/s", rate(row), replay_budget, {}};
  part.rows[2].judgement = {
      "checked / this", median_ratio(by_hand.wall, checked.wall), {}, {}};
  part.rows[3].judgement = {
      "seconds", median(from_snapshot.wall), {}, start_budget_s};
  part.notes = {
      std::string{about_opening},
      fmt::format("The snapshot stands on {} entries; its entries/s are those "
                  "of the {} after it.",
                  sample.snapshot_at, sample.entries - sample.snapshot_at)};
  return part;
}

}  // namespace ppn::bench
