#include "tests/corruption/ledger_copy.hpp"

#include <set>
#include <stdexcept>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/ledger_view.hpp"
#include "tests/support/good.hpp"
#include "tools/ppn-ledger/state_reader.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

namespace {

/// The key of any node that a specimen can be of, whether it is in force or
/// not.
class EveryKey final : public store::KeyStore {
 public:
  explicit EveryKey(std::uint8_t node) : node_(node) {}

  store::Result<store::SigningKey> create() override {
    return store::Error{store::ErrorCode::key, "no keys are made here"};
  }
  store::Result<store::SigningKey> load(const PublicKey& wanted) override {
    for (std::size_t number = 0; number < keys_max; ++number)
      if (auto key = seeded_key(node_, number); key.public_key() == wanted)
        return key;
    return store::Error{store::ErrorCode::key, "there is no such key"};
  }
  store::Status retire_all_but(const PublicKey& /*current*/) override {
    return {};
  }

 private:
  static constexpr std::size_t keys_max = 4;

  std::uint8_t node_;
};

std::string finding_in_words(const store::Finding& finding) {
  auto words = std::string{store::name_of(finding.damage)};
  if (finding.sequence) words += "@" + std::to_string(*finding.sequence);
  return words;
}

std::string place_in_words(const store::AuditReport& report) {
  std::string words;
  if (report.first_bad) words += "bad " + std::to_string(*report.first_bad);
  if (!words.empty() && report.last_good) words += ", ";
  if (report.last_good) words += "good " + std::to_string(*report.last_good);
  return words;
}

std::string what_in_words(const store::AuditReport& report) {
  if (report.valid()) return "valid";
  std::string words;
  std::set<store::Damage> told;
  for (const auto& finding : report.findings) {
    if (!finding.sequence && !told.insert(finding.damage).second) continue;
    words += (words.empty() ? "" : " ") + finding_in_words(finding);
  }
  return words.empty() ? "too new" : words;
}

store::AuditReport audit_with(const store::StateDirectory& directory,
                              std::vector<store::AuditOptions::Known> known,
                              store::AuditLevel level, unsigned jobs) {
  tools::StateFold fold;
  store::AuditOptions options;
  options.level = level;
  options.jobs = jobs;
  options.oracle = &fold;
  options.known_checkpoints = std::move(known);
  auto backend = good(store::LmdbBackend::open_for_reading(directory));
  return good(store::audit(*backend, options));
}

}  // namespace

LedgerCopy::LedgerCopy(const Specimen& original)
    : directory_{scratch_.path()},
      node_(original.node()),
      keys_(original.position().keys) {
  const auto& from = original.directory();
  fs::create_directory(directory_.ledger());
  fs::copy_file(from.database(), directory_.database());
  fs::copy_file(from.outside_checkpoint(), directory_.outside_checkpoint());
}

void LedgerCopy::edit(const std::function<void(RawTables&)>& change) const {
  RawTables tables{directory_.ledger()};
  change(tables);
  tables.commit();
}

void LedgerCopy::rewrite(const std::function<void(History&)>& change) const {
  edit([&](RawTables& tables) {
    History history{tables, node_, keys_};
    change(history);
    history.write(tables);
  });
}

void LedgerCopy::rewrite_but_for_checkpoint(
    const std::function<void(History&)>& change) const {
  edit([&](RawTables& tables) {
    History history{tables, node_, keys_};
    change(history);
    history.write_without_checkpoint(tables);
  });
}

Bytes LedgerCopy::record(std::uint64_t sequence) const {
  return RawTables{directory_.ledger()}.get(store::Table::entries,
                                            store::big_endian(sequence));
}

void LedgerCopy::set_record(std::uint64_t sequence, ByteView record) const {
  edit([&](RawTables& tables) {
    tables.put(store::Table::entries, store::big_endian(sequence), record);
  });
}

std::string LedgerCopy::checkpoint() const {
  auto note = RawTables{directory_.ledger()}.get(
      store::Table::meta, store::as_bytes(store::meta_checkpoint));
  return std::string{store::as_text(note)};
}

void LedgerCopy::set_checkpoint(const std::string& note) const {
  edit([&](RawTables& tables) {
    tables.put(store::Table::meta, store::as_bytes(store::meta_checkpoint),
               store::as_bytes(note));
  });
}

std::string LedgerCopy::outside_checkpoint() const {
  auto note =
      store::read_file(directory_.outside_checkpoint(), store::max_note_size);
  if (!note) throw std::runtime_error{note.error().message};
  return *note;
}

void LedgerCopy::set_outside_checkpoint(const std::string& note) const {
  auto written = store::replace_file(directory_.outside_checkpoint(),
                                     store::as_bytes(note), 0600);
  if (!written) throw std::runtime_error{written.error().message};
}

store::AuditReport LedgerCopy::audit(store::AuditLevel level,
                                     unsigned jobs) const {
  return audit_with(directory_, {{"outside", outside_checkpoint(), false}},
                    level, jobs);
}

store::AuditReport LedgerCopy::audit_alone() const {
  return audit_with(directory_, {}, store::AuditLevel::replay, 2);
}

store::AuditReport LedgerCopy::audit_against(const std::string& note) const {
  return audit_with(directory_, {{"from elsewhere", note}},
                    store::AuditLevel::replay, 2);
}

store::Status LedgerCopy::open() const {
  EveryKey keys{node_};
  store::OutsideCheckpointFile outside{directory_.outside_checkpoint()};
  store::NoReplay no_replay;
  auto backend = store::LmdbBackend::open_for_writing(directory_);
  if (!backend) return backend.error();
  auto ledger = store::Ledger::open({**backend, keys, outside}, no_replay, {});
  if (!ledger) return ledger.error();
  return {};
}

std::string in_words(const store::AuditReport& report) {
  auto place = place_in_words(report);
  return what_in_words(report) + (place.empty() ? "" : "; " + place);
}

std::string first_in_words(const store::AuditReport& report) {
  if (report.findings.empty()) return in_words(report);
  return finding_in_words(report.findings.front()) + "; " +
         place_in_words(report);
}

std::string answer(const LedgerCopy& copy) {
  auto opened = copy.open();
  return opened ? "opens" : opened.error().message;
}

}  // namespace ppn::tests
