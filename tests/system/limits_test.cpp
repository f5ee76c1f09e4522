// Full disks, full maps, full reader tables, read-only directories: each is
// said clearly, and loses nothing.
#include <boost/test/unit_test.hpp>

#include <fstream>

#include "store/ledger_view.hpp"
#include "tests/support/require_ok.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/system/child.hpp"
#include "tests/system/reopening.hpp"
#include "tests/system/small_disk.hpp"

namespace {

using namespace ppn;
using namespace ppn::tests;
using store::ErrorCode;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

/// Steps of a scenario in a child; the number of the first that fails is its
/// exit code.
class Steps {
 public:
  void check(bool good) {
    ++number_;
    if (!good && failed_ == 0) failed_ = number_;
  }
  [[nodiscard]] int result() const { return failed_; }

 private:
  int number_ = 0;
  int failed_ = 0;
};

void check_all_steps(const ChildEnd& end) {
  BOOST_REQUIRE(WIFEXITED(end.status));
  auto failed_step = WEXITSTATUS(end.status);
  BOOST_TEST(failed_step == 0);
}

store::Result<store::Appended> append_one(TestLedger& ledger) {
  return ledger->append(numbered_request(*ledger, events_per_request),
                        test_clock);
}

/// Appends until it is refused, and says why.
ErrorCode append_until_refused(TestLedger& ledger) {
  for (;;) {
    std::vector<store::AppendRequest> requests;
    auto request = numbered_request(*ledger, 60);
    auto appended = ledger->append(request, test_clock);
    if (!appended) return appended.error().code;
  }
}

int full_disk_scenario(const std::filesystem::path& disk) {
  Steps steps;
  steps.check(mount_small_disk(disk, "16m"));
  TestLedger::Options options;
  options.lmdb.margin_bytes = 4 * mebibyte;
  options.lmdb.reserve_bytes = 2 * mebibyte;
  auto ledger = TestLedger::found(disk / "node", std::move(options));
  steps.check(ledger.ok());
  if (!ledger) return steps.result();
  steps.check(append_until_refused(*ledger) == ErrorCode::disk_full);
  auto size = (*ledger)->position().head.size;
  // Nothing is broken: it is refused again, can be read, and goes on later.
  steps.check(!(*ledger)->failure());
  steps.check(append_until_refused(*ledger) == ErrorCode::disk_full);
  steps.check(text_of_entry(ledger->backend(), size - 1).ok());
  (*ledger)->prepare_orderly_stop();
  steps.check(append_one(*ledger).ok());
  steps.check((*ledger)->publish().ok());
  steps.check((*ledger)->position().head.size == size + events_per_request);
  return steps.result();
}

int disk_full_in_commit_scenario(const std::filesystem::path& disk) {
  Steps steps;
  steps.check(mount_small_disk(disk, "16m"));
  std::uint64_t size = 0;
  bool fill = false;
  {
    TestLedger::Options options;
    options.ledger.on_stage = [&](store::CommitStage stage) {
      if (fill && stage == store::CommitStage::checkpoint_put)
        fill_disk(disk / "filler");
    };
    auto ledger = TestLedger::found(disk / "node", std::move(options));
    steps.check(ledger.ok());
    if (!ledger) return steps.result();
    steps.check(append_one(*ledger).ok());
    steps.check((*ledger)->publish().ok());
    size = (*ledger)->position().head.size;
    fill = true;
    auto refused =
        (*ledger)->append(numbered_request(**ledger, 3000), test_clock);
    steps.check(!refused && refused.error().code == ErrorCode::io);
    steps.check((*ledger)->failure().has_value());
    steps.check(text_of_entry(ledger->backend(), size - 1).ok());
  }
  std::filesystem::remove(disk / "filler");
  auto ledger = TestLedger::open(disk / "node");
  steps.check(ledger.ok());
  if (!ledger) return steps.result();
  steps.check((*ledger)->position().head.size == size);
  steps.check(append_one(*ledger).ok());
  return steps.result();
}

int read_only_scenario(const std::filesystem::path& disk) {
  Steps steps;
  steps.check(mount_small_disk(disk, "16m"));
  {
    auto ledger = TestLedger::found(disk / "node");
    steps.check(ledger.ok());
    if (!ledger) return steps.result();
    steps.check(append_one(*ledger).ok());
  }
  steps.check(make_read_only(disk));
  auto verify = std::string{PPN_BIN} +
                "/ppn-ledger verify --level signatures " +
                (disk / "node").string() + " >/dev/null";
  // NOLINTNEXTLINE(cert-env33-c): the command is this test's own
  steps.check(std::system(verify.c_str()) == 0);
  auto writer = TestLedger::open(disk / "node");
  steps.check(!writer && writer.error().code == ErrorCode::io &&
              writer.error().message.find("Read-only") != std::string::npos);
  return steps.result();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(a_full_disk_is_refused_before_it_is_full) {
  ScratchDirectory scratch;
  auto end = run_child(
      [&](const Report&) { return full_disk_scenario(scratch / "disk"); });
  check_all_steps(end);
}

BOOST_AUTO_TEST_CASE(a_disk_that_fills_up_during_a_commit_loses_nothing) {
  ScratchDirectory scratch;
  auto end = run_child([&](const Report&) {
    return disk_full_in_commit_scenario(scratch / "disk");
  });
  check_all_steps(end);
}

BOOST_AUTO_TEST_CASE(a_read_only_directory_can_be_audited_but_not_written) {
  ScratchDirectory scratch;
  auto end = run_child(
      [&](const Report&) { return read_only_scenario(scratch / "disk"); });
  check_all_steps(end);
}

BOOST_AUTO_TEST_CASE(a_full_map_grows) {
  ScratchDirectory scratch;
  TestLedger::Options options;
  options.lmdb.map_bytes = mebibyte / 4;
  auto ledger = TestLedger::found(scratch / "node", std::move(options));
  require_ok(ledger);
  for (int i = 0; i < 100; ++i) {
    auto appended =
        (*ledger)->append(numbered_request(**ledger, 60), test_clock);
    require_ok(appended);
  }
  BOOST_TEST(ledger->backend().map_use().map_bytes > mebibyte);
}

BOOST_AUTO_TEST_CASE(a_map_at_its_cap_refuses_and_can_still_be_read) {
  ScratchDirectory scratch;
  TestLedger::Options options;
  options.lmdb.map_bytes = mebibyte / 2;
  options.lmdb.map_bytes_max = mebibyte;
  auto ledger = TestLedger::found(scratch / "node", std::move(options));
  require_ok(ledger);
  BOOST_TEST((append_until_refused(*ledger) == ErrorCode::map_full));
  auto size = (*ledger)->position().head.size;
  BOOST_TEST(!(*ledger)->failure());
  BOOST_TEST(text_of_entry(ledger->backend(), size - 1).ok());
}

BOOST_AUTO_TEST_CASE(a_full_reader_table_says_so_and_recovers) {
  ScratchDirectory scratch;
  auto ledger = TestLedger::found(scratch / "node");
  require_ok(ledger);
  std::vector<std::unique_ptr<store::ReadTransaction>> readers;
  std::optional<store::Error> refused;
  while (!refused && readers.size() < 1000) {
    auto reader = ledger->backend().read();
    if (reader)
      readers.push_back(std::move(*reader));
    else
      refused = reader.error();
  }
  BOOST_REQUIRE(refused);
  BOOST_TEST(refused->message.find("too many readers") != std::string::npos);
  readers.clear();
  BOOST_TEST(ledger->backend().read().ok());
}

BOOST_AUTO_TEST_SUITE_END()
