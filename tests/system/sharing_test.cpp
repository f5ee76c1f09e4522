// One writer and many readers, each a process of its own.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>

#include "store/ledger_view.hpp"
#include "tests/support/require_ok.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/system/child.hpp"
#include "tests/system/reopening.hpp"

namespace {

using namespace ppn;
using namespace ppn::tests;

constexpr std::size_t reader_slots = 254;

}  // namespace

BOOST_AUTO_TEST_SUITE(sharing)

BOOST_AUTO_TEST_CASE(a_second_writer_is_told_who_the_first_is) {
  ScratchDirectory scratch;
  auto ledger = TestLedger::found(scratch / "node");
  require_ok(ledger);
  auto first = std::to_string(::getpid());
  auto end = run_child([&](const Report&) {
    auto second = TestLedger::open(scratch / "node");
    bool told = !second && second.error().code == store::ErrorCode::locked &&
                second.error().message.find("process " + first) !=
                    std::string::npos;
    return told ? 0 : 1;
  });
  BOOST_TEST(end.succeeded());
}

BOOST_AUTO_TEST_CASE(an_audit_beside_a_live_writer_finds_nothing) {
  ScratchDirectory scratch;
  auto path = scratch / "node";
  TestLedger::Options options;
  options.lmdb.map_bytes = std::uint64_t{1} << 18U;  // it grows meanwhile
  auto ledger = TestLedger::found(path, std::move(options));
  require_ok(ledger);
  auto verify = std::string{PPN_BIN} +
                "/ppn-ledger verify --level signatures " + path.string() +
                " >/dev/null";
  for (int audits = 0; audits < 5; ++audits) {
    auto auditor = ::fork();
    BOOST_REQUIRE(auditor >= 0);
    // NOLINTNEXTLINE(cert-env33-c): the command is this test's own
    if (auditor == 0) ::_exit(std::system(verify.c_str()) == 0 ? 0 : 1);
    int status = 0;
    // Append for as long as the audit takes.
    while (::waitpid(auditor, &status, WNOHANG) == 0) {
      auto appended = (*ledger)->append(
          numbered_request(**ledger, events_per_request), test_clock);
      require_ok(appended);
      require_ok((*ledger)->publish());
    }
    BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
}

BOOST_AUTO_TEST_CASE(a_reader_sees_the_ledger_as_of_one_commit) {
  ScratchDirectory scratch;
  auto ledger = TestLedger::found(scratch / "node");
  require_ok(ledger);
  auto reader = ledger->backend().read();
  BOOST_REQUIRE(reader.ok());
  BOOST_REQUIRE(
      (*ledger)
          ->append(numbered_request(**ledger, events_per_request), test_clock)
          .ok());
  auto seen = store::LedgerView{**reader}.size();
  BOOST_REQUIRE(seen.ok());
  BOOST_TEST(*seen == 1);
}

BOOST_AUTO_TEST_CASE(readers_that_died_are_cleared) {
  ScratchDirectory scratch;
  auto path = scratch / "node";
  auto ledger = TestLedger::found(path);
  require_ok(ledger);
  auto end = run_child([&](const Report&) {
    auto backend = store::LmdbBackend::open_for_reading({path});
    if (!backend) return 1;
    std::vector<std::unique_ptr<store::ReadTransaction>> readers;
    while (readers.size() < reader_slots) {
      auto reader = (*backend)->read();
      if (!reader) return 2;
      readers.push_back(std::move(*reader));
    }
    return ::kill(::getpid(), SIGKILL);
  });
  BOOST_REQUIRE(end.killed());
  BOOST_TEST(!ledger->backend().read().ok());
  ledger->backend().clear_stale_readers();
  BOOST_TEST(ledger->backend().read().ok());
}

BOOST_AUTO_TEST_SUITE_END()
