// A ledger's log in a directory and back: nothing is lost, nothing is changed
// that was there before.
#include "store/log_export.hpp"

#include <map>

#include "store/byte_order.hpp"
#include "store/checkpoint.hpp"
#include "store/cosignature.hpp"
#include "store/files.hpp"
#include "store/ledger_view.hpp"
#include "store/statements.hpp"
#include "store/tiles.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::ExportSummary;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t file_size_max = std::size_t{32} << 20U;
/// More entries than any disk holds.
constexpr std::uint64_t absurd_size = ~std::uint64_t{0};

/// Content of all files below a directory, by their path in it.
using Files = std::map<std::string, std::string>;

Files files_in(const fs::path& directory) {
  Files files;
  for (const auto& item : fs::recursive_directory_iterator{directory})
    if (item.is_regular_file())
      files[fs::relative(item.path(), directory).string()] =
          must(store::read_file(item.path(), file_size_max));
  return files;
}

/// All records and the checkpoint of a ledger, one after another.
std::vector<std::string> content_of(store::Backend& backend) {
  std::vector<std::string> content;
  auto transaction = must(backend.read());
  for (auto table : {store::Table::entries, store::Table::tree,
                     store::Table::streams, store::Table::meta})
    must(transaction->scan(table, {}, [&](const store::KeyValue& pair) {
      content.push_back(to_hex(pair.key) + " " + to_hex(pair.value));
      return true;
    }));
  return content;
}

void append(TestLedger& ledger, std::size_t count) {
  must(ledger->append(numbered_request(*ledger, count), test_clock));
}

/// A ledger of 300 entries, which fill one bundle and begin another.
struct Exported {
  Exported() {
    append(ledger, 199);
    must(ledger->rotate_key({}, test_clock));
    append(ledger, 99);
  }

  store::Result<ExportSummary> export_again() {
    return store::export_log(ledger.backend(), directory, {});
  }

  store::Result<ExportSummary> export_with(const std::string& note) {
    return store::export_log(ledger.backend(), note, directory, {});
  }

  /// The newest checkpoint, cosigned by the node with the key of that seed.
  std::string cosigned(std::uint8_t seed) {
    auto note = must(store::parse_note(ledger->checkpoint()));
    auto line = store::cosign_note(
        note.text, store::node_id_of(key_of_seed(seed).public_key()),
        store::witness_key_of(key_of_seed(seed)), 1'700'000'000);
    store::add_cosignatures(note, {line});
    return store::format_note(note);
  }

  /// Overwrites a file, as only its owner can after a chmod.
  void overwrite(const std::string& name, const std::string& content) const {
    must(store::replace_file(directory / name, store::as_bytes(content), 0444));
  }

  /// A checkpoint as the node may sign it, of `size` entries.
  [[nodiscard]] std::string checkpoint_of(std::uint64_t size) {
    const auto& position = ledger->position();
    return must(store::sign_checkpoint(
        position.node, {size, position.head.root}, key_of_seed(1)));
  }

  /// Has the ledger hold a checkpoint of `size` entries.
  void claim(std::uint64_t size) {
    auto note = checkpoint_of(size);
    auto transaction = must(ledger.backend().write());
    must(transaction->replace(store::Table::meta,
                              store::as_bytes(store::meta_checkpoint),
                              store::as_bytes(note)));
    must(transaction->commit());
  }

  void remove_entry(std::uint64_t sequence) {
    auto transaction = must(ledger.backend().write());
    must(transaction->remove(store::Table::entries,
                             store::big_endian(sequence)));
    must(transaction->commit());
  }

  ScratchDirectory scratch;
  fs::path directory = scratch / "log";
  TestLedger ledger = must(TestLedger::found(scratch / "node"));
};

/// Does not let a test that fails go on for ever.
class AtMost {
 public:
  explicit AtMost(int calls) : left_(calls) {}
  bool operator()(std::uint64_t /*done*/, std::uint64_t /*total*/) {
    return left_-- > 0;
  }

 private:
  int left_;
};

/// An empty ledger to restore into.
class Target {
 public:
  store::Backend& operator*() { return *backend_; }

 private:
  ScratchDirectory scratch_;
  std::unique_ptr<store::LmdbBackend> backend_ =
      must(store::LmdbBackend::open_for_writing(
          store::StateDirectory{scratch_.path()},
          {.map_bytes = std::uint64_t{1} << 20U,
           .margin_bytes = 0,
           .reserve_bytes = 0}));
};

auto is_refused(const fs::path& directory, ErrorCode code) {
  Target target;
  return is_error(store::restore_log(directory, *target, {}), code);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(log_export, Exported)

// -- exporting ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_export_has_the_files_of_tlog_tiles) {
  auto summary = must(export_again());
  auto files = files_in(directory);
  std::vector<std::string> names;
  for (const auto& [name, content] : files) names.push_back(name);
  const std::vector<std::string> due{
      "checkpoint",     "tile/0/000",       "tile/0/001.p/44",
      "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"};
  BOOST_TEST(names == due, boost::test_tools::per_element());
  BOOST_TEST(summary.entries == 300U);
  BOOST_TEST(summary.files_added == 5U);
  BOOST_TEST(summary.files_kept == 0U);
  BOOST_TEST(files["checkpoint"] == ledger->checkpoint());
  BOOST_TEST(files["tile/0/000"].size() == 256U * Hash::size);
  BOOST_TEST(files["tile/0/001.p/44"].size() == 44U * Hash::size);
}

BOOST_AUTO_TEST_CASE(bundles_hold_the_records_and_tiles_their_hashes) {
  must(export_again());
  auto files = files_in(directory);
  auto bundle = files["tile/entries/001.p/44"];
  auto records = must(store::parse_bundle(store::as_bytes(bundle), 44));
  auto transaction = must(ledger.backend().read());
  store::LedgerView view{*transaction};
  std::string hashes;
  for (std::uint64_t i = 0; i < 44; ++i) {
    BOOST_TEST(to_hex(records[i]) == to_hex(must(view.record(256 + i))));
    hashes += store::leaf_hash(records[i]).hex();
  }
  BOOST_TEST(to_hex(store::as_bytes(files["tile/0/001.p/44"])) == hashes);
  auto node = must(view.nodes()({8, 0}));
  BOOST_TEST(to_hex(store::as_bytes(files["tile/1/000.p/1"])) == node.hex());
}

BOOST_AUTO_TEST_CASE(exported_files_are_read_only) {
  must(export_again());
  for (const auto& item : fs::recursive_directory_iterator{directory}) {
    auto mode = item.status().permissions();
    if (item.is_regular_file())
      BOOST_TEST((mode == static_cast<fs::perms>(0444)), item.path());
  }
}

BOOST_AUTO_TEST_CASE(a_second_export_adds_nothing) {
  must(export_again());
  auto before = files_in(directory);
  auto summary = must(export_again());
  BOOST_TEST(summary.files_added == 0U);
  BOOST_TEST(summary.files_kept == 5U);
  BOOST_TEST((files_in(directory) == before));
}

BOOST_AUTO_TEST_CASE(an_export_of_a_grown_ledger_only_adds) {
  must(export_again());
  auto before = files_in(directory);
  append(ledger, 300);
  auto summary = must(export_again());
  BOOST_TEST(summary.files_kept == 2U);
  auto after = files_in(directory);
  BOOST_TEST(after["checkpoint"] == ledger->checkpoint());
  for (const auto& [name, content] : before)
    if (name != "checkpoint") BOOST_TEST((after[name] == content), name);
  BOOST_TEST(after.contains("tile/entries/002.p/88"));
  BOOST_TEST(after.contains("tile/1/000.p/2"));
}

BOOST_AUTO_TEST_CASE(progress_can_stop_an_export) {
  std::vector<std::uint64_t> told;
  auto stopped = store::export_log(ledger.backend(), directory,
                                   [&](std::uint64_t done, std::uint64_t all) {
                                     told.push_back(done);
                                     BOOST_TEST(all == 300U);
                                     return done == 0;
                                   });
  BOOST_TEST(is_error(stopped, ErrorCode::bad_input));
  BOOST_TEST(told.size() == 2U);
  BOOST_TEST(!fs::exists(directory / "checkpoint"));
  must(export_again());
}

// -- cosignatures and older checkpoints --------------------------------------

BOOST_AUTO_TEST_CASE(a_checkpoint_is_exported_with_its_cosignatures) {
  auto note = cosigned(2);
  auto summary = must(export_with(note));
  BOOST_TEST(files_in(directory)["checkpoint"] == note);
  BOOST_TEST(summary.files_added == 5U);
}

BOOST_AUTO_TEST_CASE(cosignatures_that_come_later_are_added) {
  must(export_again());
  must(export_with(cosigned(2)));
  BOOST_TEST(files_in(directory)["checkpoint"] == cosigned(2));
  must(export_with(cosigned(3)));
  auto note = must(store::parse_note(files_in(directory)["checkpoint"]));
  BOOST_TEST(note.signatures.size() == 3U);
  auto mode = fs::status(directory / "checkpoint").permissions();
  BOOST_TEST((mode == static_cast<fs::perms>(0444)));
}

BOOST_AUTO_TEST_CASE(a_second_export_loses_no_cosignature) {
  must(export_with(cosigned(2)));
  must(export_again());
  BOOST_TEST(files_in(directory)["checkpoint"] == cosigned(2));
}

BOOST_AUTO_TEST_CASE(cosignatures_are_for_one_checkpoint) {
  must(export_with(cosigned(2)));
  append(ledger, 1);
  must(export_again());
  BOOST_TEST(files_in(directory)["checkpoint"] == ledger->checkpoint());
}

BOOST_AUTO_TEST_CASE(a_cosigned_log_is_restored_with_its_cosignatures) {
  must(export_with(cosigned(2)));
  Target target;
  BOOST_TEST(must(store::restore_log(directory, *target, {})) == cosigned(2));
  must(store::export_log(*target, scratch / "again", {}));
  BOOST_TEST((files_in(scratch / "again") == files_in(directory)));
}

BOOST_AUTO_TEST_CASE(an_older_checkpoint_is_exported_with_its_entries) {
  auto older = cosigned(2);
  append(ledger, 300);
  auto summary = must(export_with(older));
  BOOST_TEST(summary.entries == 300U);
  BOOST_TEST(files_in(directory)["checkpoint"] == older);
  Target target;
  must(store::restore_log(directory, *target, {}));
  must(export_again());
  BOOST_TEST(files_in(directory)["checkpoint"] == ledger->checkpoint());
}

BOOST_AUTO_TEST_CASE(an_export_never_shrinks) {
  auto older = cosigned(2);
  append(ledger, 1);
  must(export_again());
  auto before = files_in(directory);
  auto error = error_of(export_with(older));
  BOOST_TEST(error.code == ErrorCode::bad_input);
  BOOST_TEST(mentions(error.message, "301 entries already"), error.message);
  BOOST_TEST((files_in(directory) == before));
}

// -- ledgers that lack entries -----------------------------------------------

BOOST_AUTO_TEST_CASE(a_checkpoint_of_more_entries_than_there_are_is_damaged) {
  for (auto size : {std::uint64_t{301}, std::uint64_t{600}, absurd_size}) {
    claim(size);
    auto error =
        error_of(store::export_log(ledger.backend(), directory, AtMost{10}));
    BOOST_TEST(error.code == ErrorCode::damaged, error.message);
    BOOST_TEST(mentions(error.message, "of " + std::to_string(size)));
    BOOST_TEST(mentions(error.message, "only 300"), error.message);
    // The bundle that is whole is good, the one that is short is not written.
    BOOST_TEST(fs::exists(directory / "tile/entries/000"));
    BOOST_TEST(files_in(directory).size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_missing_is_damaged) {
  for (std::uint64_t sequence : {299U, 256U, 100U}) {
    remove_entry(sequence);
    BOOST_TEST(is_error(export_again(), ErrorCode::damaged));
    BOOST_TEST(!fs::exists(directory / "checkpoint"));
  }
}

// -- what is not overwritten -------------------------------------------------

BOOST_AUTO_TEST_CASE(the_export_of_another_node_is_left_alone) {
  must(export_again());
  auto before = files_in(directory);
  auto other = must(TestLedger::found(scratch / "other"));
  append(other, 400);
  BOOST_TEST(is_error(store::export_log(other.backend(), directory, {}),
                      ErrorCode::forked));
  BOOST_TEST((files_in(directory) == before));
}

BOOST_AUTO_TEST_CASE(the_export_of_a_longer_history_is_left_alone) {
  auto copy = scratch / "copy";
  fs::create_directory(copy);
  must(ledger.backend().copy_to(copy / "data.mdb"));
  append(ledger, 1);
  must(export_again());
  auto before = files_in(directory);
  fs::create_directories(scratch / "older/ledger");
  fs::copy(copy / "data.mdb", scratch / "older/ledger/data.mdb");
  auto older = must(store::LmdbBackend::open_for_reading(
      store::StateDirectory{scratch / "older"}));
  BOOST_TEST(
      is_error(store::export_log(*older, directory, {}), ErrorCode::forked));
  BOOST_TEST((files_in(directory) == before));
}

BOOST_AUTO_TEST_CASE(a_file_that_was_tampered_with_is_named_and_kept) {
  for (const std::string name : {"tile/0/000", "tile/1/000.p/1",
                                 "tile/entries/000", "tile/entries/001.p/44"}) {
    must(export_again());
    auto whole = files_in(directory)[name];
    auto tampered = with_bit_flipped(whole, 100);
    overwrite(name, tampered);
    auto error = error_of(export_again());
    BOOST_TEST(error.code == ErrorCode::forked);
    BOOST_TEST(mentions(error.message, name));
    BOOST_TEST((files_in(directory)[name] == tampered), name);
    overwrite(name, whole);
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_missing_is_added_again) {
  must(export_again());
  auto before = files_in(directory);
  fs::remove(directory / "tile/entries/000");
  auto summary = must(export_again());
  BOOST_TEST(summary.files_added == 1U);
  BOOST_TEST((files_in(directory) == before));
}

// -- restoring ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_is_restored_is_the_same_byte_for_byte) {
  must(export_again());
  Target target;
  auto note = must(store::restore_log(directory, *target, {}));
  BOOST_TEST(note == ledger->checkpoint());
  BOOST_TEST((content_of(*target) == content_of(ledger.backend())));
}

// More bundles than one commit takes, in a map that has to grow.
BOOST_AUTO_TEST_CASE(a_larger_log_is_restored_as_well) {
  append(ledger, 2'000);
  append(ledger, 2'500);
  must(export_again());
  Target target;
  must(store::restore_log(directory, *target, {}));
  BOOST_TEST((content_of(*target) == content_of(ledger.backend())));
}

BOOST_AUTO_TEST_CASE(a_restored_log_makes_the_same_export) {
  must(export_again());
  Target target;
  must(store::restore_log(directory, *target, {}));
  must(store::export_log(*target, scratch / "again", {}));
  BOOST_TEST((files_in(scratch / "again") == files_in(directory)));
}

BOOST_AUTO_TEST_CASE(tiles_are_not_needed_to_restore) {
  must(export_again());
  fs::remove_all(directory / "tile/0");
  fs::remove_all(directory / "tile/1");
  Target target;
  must(store::restore_log(directory, *target, {}));
  BOOST_TEST((content_of(*target) == content_of(ledger.backend())));
}

BOOST_AUTO_TEST_CASE(a_damaged_bundle_is_refused) {
  must(export_again());
  const std::string name = "tile/entries/001.p/44";
  auto whole = files_in(directory)[name];
  // The last byte is of a signature: only the tree shows the damage.
  overwrite(name, with_bit_flipped(whole, whole.size() * 8 - 1));
  BOOST_TEST(is_refused(directory, ErrorCode::damaged));
  overwrite(name, whole.substr(0, whole.size() - 1));
  BOOST_TEST(is_refused(directory, ErrorCode::bad_input));
  overwrite(name, whole + whole.substr(0, 2));
  BOOST_TEST(is_refused(directory, ErrorCode::bad_input));
  overwrite(name, whole);
  Target target;
  must(store::restore_log(directory, *target, {}));
}

BOOST_AUTO_TEST_CASE(a_missing_bundle_or_checkpoint_is_not_found) {
  must(export_again());
  fs::remove(directory / "tile/entries/000");
  BOOST_TEST(is_refused(directory, ErrorCode::not_found));
  must(export_again());
  fs::remove(directory / "checkpoint");
  BOOST_TEST(is_refused(directory, ErrorCode::not_found));
  BOOST_TEST(is_refused(scratch / "nowhere", ErrorCode::not_found));
}

// What a stranger claims to have costs nothing: the first bundle that is not
// there ends it.
BOOST_AUTO_TEST_CASE(a_log_of_an_absurd_size_ends_where_its_bundles_end) {
  must(export_again());
  overwrite("checkpoint", checkpoint_of(absurd_size));
  Target target;
  auto error = error_of(store::restore_log(directory, *target, AtMost{10}));
  BOOST_TEST(error.code == ErrorCode::not_found, error.message);
  BOOST_TEST(mentions(error.message, "tile/entries/001"), error.message);
}

BOOST_AUTO_TEST_CASE(a_restored_part_of_a_damaged_log_does_not_open) {
  must(export_again());
  const std::string name = "tile/entries/001.p/44";
  auto whole = files_in(directory)[name];
  overwrite(name, with_bit_flipped(whole, whole.size() * 8 - 1));
  Target target;
  BOOST_TEST(!store::restore_log(directory, *target, {}).ok());
  auto transaction = must((*target).read());
  BOOST_TEST(is_error(store::LedgerView{*transaction}.checkpoint_note(),
                      ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(a_log_is_restored_into_an_empty_ledger_only) {
  must(export_again());
  auto before = content_of(ledger.backend());
  BOOST_TEST(!store::restore_log(directory, ledger.backend(), {}).ok());
  BOOST_TEST((content_of(ledger.backend()) == before));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
