// Whole ledgers: entries that a fuzzer made up, rightly signed, and then tables
// that were tampered with. An audit comes to an end and finds what was changed;
// and what it calls valid can be opened.
#include "events/state_codec.hpp"
#include "store/audit.hpp"
#include "store/byte_order.hpp"
#include "store/opening.hpp"
#include "tests/fuzz/forged_ledger.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/good.hpp"
#include "tools/ppn-ledger/state_reader.hpp"

namespace ppn::fuzz {

namespace {

using store::Table;

constexpr std::size_t entries_max = 20;
constexpr std::size_t changes_max = 20;

/// Entries behind their length; a length of 0 keeps a snapshot, and one of 1
/// ends them.
void build(ForgedLedger& ledger, Input& parts) {
  tools::StateFold fold;
  for (std::size_t i = 0; i < entries_max && !parts.empty(); ++i) {
    auto bytes = parts.sized_bytes();
    if (bytes.size() == 1) break;
    auto before = ledger.size();
    if (!bytes.empty()) ledger.append(bytes);
    if (ledger.size() > before) {
      auto& pairs = ledger.backend().pairs(Table::entries);
      store::AlignedBytes aligned;
      auto record = store::split_record(pairs.rbegin()->second);
      (void)fold.apply(**store::check_entry(aligned.assign(record->entry)));
    }
    if (bytes.empty() && ledger.size() > 0)
      ledger.keep_snapshot(events::encode(fold.state()));
  }
  ledger.seal();
}

void change(MemoryBackend::Pairs& pairs, Input& parts) {
  enum class Change : std::uint8_t { erase, flip, replace, insert };
  auto what = static_cast<Change>(parts.number(1) % 4);
  if (what == Change::insert) {
    auto key = parts.bytes(parts.number(1));
    auto value = parts.sized_bytes();
    pairs[{key.begin(), key.end()}] = {value.begin(), value.end()};
    return;
  }
  auto pick = parts.number(1);
  if (pairs.empty()) return;
  auto pair = std::next(pairs.begin(),
                        static_cast<std::ptrdiff_t>(pick % pairs.size()));
  if (what == Change::erase) {
    pairs.erase(pair);
  } else if (what == Change::flip && !pair->second.empty()) {
    auto bit = parts.number(2) % (pair->second.size() * 8);
    pair->second[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  } else {
    auto value = parts.sized_bytes();
    pair->second.assign(value.begin(), value.end());
  }
}

class StateReplay final : public store::Replay {
 public:
  bool begin_at(std::uint64_t /*size*/, ByteView state) override {
    return events::decode(state).has_value();
  }
  store::Status apply(const schema::Entry& /*entry*/) override { return {}; }
};

bool same_history(const MemoryBackend::Tables& one,
                  const MemoryBackend::Tables& other) {
  for (auto table : {Table::entries, Table::tree, Table::streams})
    if (one[static_cast<std::size_t>(table)] !=
        other[static_cast<std::size_t>(table)])
      return false;
  return true;
}

store::AuditReport audit(store::Backend& backend, const std::string& note) {
  tools::StateFold fold;
  store::AuditOptions options;
  options.oracle = &fold;
  options.known_checkpoints = {{"the checkpoint from elsewhere", note}};
  return tests::good(store::audit(backend, options));
}

std::string checkpoint_of(MemoryBackend& backend) {
  const auto& note = backend.pairs(Table::meta).begin()->second;
  return std::string{store::as_text(note)};
}

}  // namespace

void run(ByteView input) {
  Input parts{input};
  ForgedLedger ledger;
  build(ledger, parts);
  auto& backend = ledger.backend();
  auto tables = backend.tables();
  auto note = checkpoint_of(backend);
  for (std::size_t i = 0; i < changes_max && !parts.empty(); ++i) {
    auto table = parts.number(1) % store::table_names.size();
    change(backend.tables()[table], parts);
  }

  auto report = audit(backend, note);
  require(!report.valid() || same_history(tables, backend.tables()),
          "an audit finds what was changed");
  auto transaction = backend.read();
  StateReplay replay;
  auto opened = store::check_and_replay(**transaction, replay);
  require(!report.valid() || opened.ok(), "a valid ledger can be opened");
  if (!opened) return;
  auto outside = store::compare_with_outside(note, *opened, **transaction);
  if (!report.valid()) return;
  require(outside.ok(), "a valid ledger agrees with its checkpoint");
  require(opened->position.head == report.head &&
              opened->position.keys == report.keys &&
              opened->position.node == report.node,
          "opening and audit see the same ledger");
}

}  // namespace ppn::fuzz
