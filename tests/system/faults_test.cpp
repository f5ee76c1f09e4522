// Calls that fail, or say that they failed: the ledger turns read-only, and
// what it answered is there when it is opened again.
#include <boost/test/unit_test.hpp>

#include "tests/support/lying_backend.hpp"
#include "tests/support/require_ok.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/system/child.hpp"
#include "tests/system/fault_injector.hpp"
#include "tests/system/reopening.hpp"

namespace {

using namespace ppn;
using namespace ppn::tests;

/// Appends with one call failing, and reports what was answered. The exit code
/// says what the ledger thought of it.
enum Outcome : int {
  all_well = 0,
  turned_read_only = 1,
  not_opened = 2,
  wrong = 3
};

int append_with_fault(const std::filesystem::path& path, Fault fault,
                      std::uint64_t nth, const Report& report) {
  inject(fault, nth);
  auto ledger = TestLedger::open(path);
  if (!ledger) return not_opened;
  for (int i = 0; i < 3; ++i) {
    auto appended = (*ledger)->append(
        numbered_request(**ledger, events_per_request), test_clock);
    if (appended) {
      report((*ledger)->position().head.size);
      // The checkpoint outside may lag; that harms nothing.
      (void)(*ledger)->publish();
      continue;
    }
    if (!(*ledger)->failure()) return wrong;
    // Nothing is taken any more, and that is what it says.
    auto again = (*ledger)->append(
        numbered_request(**ledger, events_per_request), test_clock);
    bool refused = !again && again.error().code == store::ErrorCode::read_only;
    return refused ? turned_read_only : wrong;
  }
  return all_well;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(any_call_may_fail_and_nothing_acknowledged_is_lost) {
  constexpr Fault failures[] = {Fault::io_error, Fault::no_space,
                                Fault::done_but_error};
  ScratchDirectory scratch;
  auto path = scratch / "node";
  std::uint64_t size = 1;
  BOOST_REQUIRE(TestLedger::found(path).ok());
  for (auto failure : failures) {
    int read_only = 0;
    for (std::uint64_t nth = 1;; ++nth) {
      bool reached = false;
      auto end = run_child([&](const Report& report) {
        auto outcome = append_with_fault(path, failure, nth, report);
        return fault_happened() ? outcome : 10 + outcome;
      });
      BOOST_REQUIRE(WIFEXITED(end.status));
      auto code = WEXITSTATUS(end.status);
      reached = code < 10;
      BOOST_REQUIRE_NE(code % 10, wrong);
      read_only += code == turned_read_only ? 1 : 0;
      size = check_after_crash(path,
                               end.reports.empty() ? size : end.reports.back());
      if (!reached) {
        BOOST_REQUIRE_EQUAL(code, 10 + all_well);
        break;
      }
    }
    BOOST_TEST(read_only > 3, "a failed commit turned the ledger read-only");
  }
  check_by_audit(path);
}

BOOST_AUTO_TEST_CASE(a_commit_that_was_durable_after_all_is_found_on_opening) {
  ScratchDirectory scratch;
  store::StateDirectory directory{scratch / "node"};
  std::uint64_t before = 0;
  {
    auto real = store::LmdbBackend::open_for_writing(directory);
    require_ok(real);
    LyingBackend backend{**real};
    auto keys = store::FileKeyStore::open(directory.keys());
    require_ok(keys);
    store::OutsideCheckpointFile outside{directory.outside_checkpoint()};
    auto ledger = store::Ledger::found({backend, **keys, outside}, {"test", {}},
                                       test_clock);
    require_ok(ledger);
    before = (*ledger)->position().head.size;
    auto request = numbered_request(**ledger, events_per_request);
    backend.lie_once();
    auto appended = (*ledger)->append(request, test_clock);
    BOOST_REQUIRE(!appended);
    BOOST_TEST((appended.error().code == store::ErrorCode::io));
    BOOST_TEST((*ledger)->failure().has_value());
    BOOST_TEST((*ledger)->position().head.size == before);
  }
  auto ledger = TestLedger::open(directory.root);
  require_ok(ledger);
  BOOST_TEST((*ledger)->position().head.size == before + events_per_request);
}

BOOST_AUTO_TEST_SUITE_END()
