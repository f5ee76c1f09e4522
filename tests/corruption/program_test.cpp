// What a person is told: ppn-ledger gives a verdict on every ledger, also on
// one that crashes who reads it.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <limits>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/lmdb_backend.hpp"
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

/// While it lives, a program that is started can start no thread: the limit for
/// the stack is what a thread's is made as large as, and there is no such room.
class NoRoomForThreads {
 public:
  NoRoomForThreads() {
    ::getrlimit(RLIMIT_STACK, &before_);
    auto huge = before_;
    huge.rlim_cur = rlim_t{1} << 47U;
    in_force_ = ::setrlimit(RLIMIT_STACK, &huge) == 0;
  }
  NoRoomForThreads(const NoRoomForThreads&) = delete;
  NoRoomForThreads& operator=(const NoRoomForThreads&) = delete;
  ~NoRoomForThreads() { ::setrlimit(RLIMIT_STACK, &before_); }

  [[nodiscard]] bool in_force() const { return in_force_; }

 private:
  rlimit before_{};
  bool in_force_;
};

/// Readers of a live ledger, so many that no more have room.
std::vector<std::unique_ptr<store::ReadTransaction>> fill_with_readers(
    store::Backend& backend) {
  constexpr std::size_t readers_max = 1000;
  std::vector<std::unique_ptr<store::ReadTransaction>> readers;
  for (;;) {
    auto reader = backend.read();
    if (!reader) return readers;
    readers.push_back(std::move(*reader));
    BOOST_REQUIRE(readers.size() < readers_max);
  }
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

// -- what is not in the ledger -----------------------------------------------

BOOST_AUTO_TEST_CASE(more_jobs_than_lmdb_has_room_for_are_a_usage_error) {
  LedgerCopy copy{story()};
  auto root = copy.directory().root.string();
  auto most = std::to_string(store::audit_jobs_max);
  for (auto jobs : {std::to_string(store::audit_jobs_max + 1),
                    std::to_string(std::numeric_limits<unsigned>::max()),
                    std::string{"0"}}) {
    auto run = run_ppn_ledger({"verify", "--json", "--jobs", jobs, root});
    BOOST_TEST(run.exit_code == tools::exit_usage, jobs);
    BOOST_TEST(mentions(run.errors, "--jobs"), run.errors);
    BOOST_TEST(mentions(run.errors, "1 to " + most), run.errors);
    BOOST_TEST(run.output.empty());
  }
  auto verdict = verify(copy, {"--jobs", most});
  BOOST_TEST(verdict.report["verdict"] == "valid");
}

BOOST_AUTO_TEST_CASE(a_full_reader_table_is_no_fault_of_the_ledger) {
  LedgerCopy copy{story()};
  auto node = must(store::LmdbBackend::open_for_writing(
      copy.directory(), {.margin_bytes = 0, .reserve_bytes = 0}));
  auto readers = fill_with_readers(*node);
  auto verdict = verify(copy);
  BOOST_TEST(verdict.exit_code == tools::exit_failed);
  BOOST_TEST(verdict.report["verdict"] == "error");
  BOOST_TEST(mentions(verdict.report.dump(), "too many readers"));
  // Which of its threads find a place is chance; what it calls the ledger not.
  for (int places = 1; places <= 4; ++places) {
    readers.pop_back();
    verdict = verify(copy, {"--jobs", "4"});
    BOOST_TEST(verdict.exit_code != tools::exit_ledger_invalid);
    BOOST_TEST(verdict.report["verdict"] != "invalid");
  }
  readers.clear();
  BOOST_TEST(verify(copy).report["verdict"] == "valid");
}

BOOST_AUTO_TEST_CASE(a_ledger_is_judged_where_no_thread_can_be_started) {
  LedgerCopy copy{long_story()};
  LedgerCopy damaged{long_story()};
  auto record = damaged.record(2'400);
  record.back() ^= 1U;
  damaged.set_record(2'400, record);
  NoRoomForThreads no_room;
  // Fails where somebody set a lower limit for good.
  BOOST_REQUIRE(no_room.in_force());
  auto verdict = verify(copy, {"--jobs", "4"});
  BOOST_TEST(verdict.exit_code == tools::exit_ok);
  BOOST_TEST(verdict.report["verdict"] == "valid");
  verdict = verify(damaged, {"--jobs", "4"});
  check_invalid(verdict, "signature");
  BOOST_TEST(verdict.report["first_bad"] == 2'400);
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
