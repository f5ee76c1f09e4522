// What a person is told: ppn-ledger gives a verdict on every ledger, also on
// one that crashes who reads it.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/corruption/run_program.hpp"
#include "tests/unit/expect.hpp"
#include "tools/ppn-ledger/commands.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

struct Verdict {
  int exit_code;
  Json report;
};

Verdict verify(const LedgerCopy& copy,
               const std::vector<std::string>& options = {}) {
  std::vector<std::string> arguments{"verify", "--json",
                                     copy.directory().root.string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  auto run = run_ppn_ledger(arguments);
  auto report = Json::parse(run.output, nullptr, false);
  BOOST_REQUIRE_MESSAGE(report.is_object(), run.output);
  return {run.exit_code, report};
}

void check_invalid(const Verdict& verdict, const char* damage) {
  BOOST_TEST(verdict.exit_code == tools::exit_ledger_invalid);
  BOOST_TEST(verdict.report["verdict"] == "invalid");
  BOOST_TEST(verdict.report["findings"][0]["class"] == damage);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(program)

BOOST_AUTO_TEST_CASE(a_valid_ledger_is_called_valid) {
  LedgerCopy copy{story()};
  auto verdict = verify(copy);
  BOOST_TEST(verdict.exit_code == tools::exit_ok);
  BOOST_TEST(verdict.report["verdict"] == "valid");
  BOOST_TEST(verdict.report["last_good"] == 19);
}

BOOST_AUTO_TEST_CASE(a_bad_entry_is_named_with_its_place_in_the_file) {
  LedgerCopy copy{story()};
  auto record = copy.record(14);
  record.back() ^= 1U;
  copy.set_record(14, record);
  auto verdict = verify(copy);
  check_invalid(verdict, "signature");
  BOOST_TEST(verdict.report["first_bad"] == 14);
  BOOST_TEST(verdict.report["last_good"] == 13);
  auto offset = verdict.report["findings"][0]["byte"].get<std::size_t>();
  auto file = must(store::read_file(copy.directory().database(), 1U << 30U));
  BOOST_REQUIRE(offset + record.size() <= file.size());
  auto there = store::as_bytes(file).subspan(offset, record.size());
  BOOST_TEST(std::equal(record.begin(), record.end(), there.begin()));
}

BOOST_AUTO_TEST_CASE(a_database_that_crashes_its_reader_is_invalid) {
  LedgerCopy copy{story()};
  // The pages that the tables stand on are gone, the page that names them not.
  fs::resize_file(copy.directory().database(), 2 * 4096);
  auto verdict = verify(copy);
  check_invalid(verdict, "storage");
  BOOST_TEST(
      mentions(verdict.report["findings"][0]["message"].get<std::string>(),
               "crashed its reader"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_database_is_invalid) {
  LedgerCopy copy{story()};
  must(store::replace_file(copy.directory().database(),
                           store::as_bytes(std::string(40'000, 'x')), 0600));
  check_invalid(verify(copy), "storage");
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_invalid) {
  LedgerCopy copy{story()};
  fs::resize_file(copy.directory().database(), 0);
  BOOST_TEST(verify(copy).exit_code == tools::exit_ledger_invalid);
}

BOOST_AUTO_TEST_CASE(a_last_entry_at_an_absurd_place_is_invalid) {
  for (std::uint64_t place :
       {std::uint64_t{1} << 33U, std::uint64_t{1} << 62U, ~std::uint64_t{0}}) {
    LedgerCopy copy{story()};
    auto record = copy.record(19);
    copy.edit([&](RawTables& tables) {
      tables.remove(store::Table::entries, store::big_endian(19));
      tables.put(store::Table::entries, store::big_endian(place), record);
    });
    auto verdict = verify(copy);
    check_invalid(verdict, "storage");
    BOOST_TEST(!mentions(verdict.report.dump(), "crashed"));
    auto error = error_of(copy.open());
    BOOST_TEST(error.code == store::ErrorCode::damaged);
  }
}

BOOST_AUTO_TEST_CASE(a_rollback_is_told_by_a_checkpoint_from_elsewhere) {
  LedgerCopy copy{story()};
  auto kept = copy.directory().root / "kept";
  fs::copy_file(copy.directory().outside_checkpoint(), kept);
  copy.rewrite([](History& history) { history.cut_to(15); });
  fs::remove(copy.directory().outside_checkpoint());
  BOOST_TEST(verify(copy).exit_code == tools::exit_ok);
  auto verdict = verify(copy, {"--against", kept.string()});
  check_invalid(verdict, "checkpoint");
  BOOST_TEST(mentions(verdict.report.dump(), "rolled back"));
}

BOOST_AUTO_TEST_CASE(a_fork_is_told_by_a_checkpoint_from_elsewhere) {
  LedgerCopy copy{story()};
  auto kept = copy.directory().root / "kept";
  fs::copy_file(copy.directory().outside_checkpoint(), kept);
  copy.rewrite([](History& history) {
    history.sign(19, with_change(history[19], [](schema::EntryT& entry) {
                   entry.principal->id = "someone else";
                 }));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verify(copy).exit_code == tools::exit_ok);
  auto verdict = verify(copy, {"--against", kept.string()});
  check_invalid(verdict, "checkpoint");
  BOOST_TEST(mentions(verdict.report.dump(), "forked"));
}

BOOST_AUTO_TEST_CASE(a_ledger_of_a_newer_program_is_not_called_invalid) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    history.sign(19, with_unknown_event(entry_of(history[19])));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  auto verdict = verify(copy);
  BOOST_TEST(verdict.exit_code == tools::exit_failed);
  BOOST_TEST(verdict.report["verdict"] == "too-new");
}

/// Every command reads in a child of its own.
BOOST_AUTO_TEST_CASE(no_command_dies_of_a_database_that_crashes_its_reader) {
  LedgerCopy copy{story()};
  auto root = copy.directory().root.string();
  fs::resize_file(copy.directory().database(), 2 * 4096);
  std::vector<std::vector<std::string>> commands{
      {"show", root},
      {"replay", root},
      {"diff", root, "start", "end"},
      {"checkpoint", root},
      {"key", root},
      {"stats", root},
      {"prove", root, "inclusion", "1"},
      {"export", root, root + "/export"},
      {"backup", root, root + "/backup"}};
  for (const auto& command : commands)
    BOOST_TEST(run_ppn_ledger(command).exit_code == tools::exit_ledger_invalid,
               command.front());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
