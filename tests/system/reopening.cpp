#include "tests/system/reopening.hpp"

#include <boost/test/unit_test.hpp>

#include "store/audit.hpp"
#include "tests/support/good.hpp"
#include "tests/support/require_ok.hpp"
#include "tests/support/test_ledger.hpp"

namespace ppn::tests {

std::uint64_t check_after_crash(const std::filesystem::path& path,
                                std::uint64_t acknowledged) {
  auto ledger = TestLedger::open(path);
  require_ok(ledger);
  auto size = (*ledger)->position().head.size;
  BOOST_REQUIRE_GE(size, acknowledged);
  BOOST_REQUIRE_EQUAL((size - 1) % events_per_request, 0);
  for (auto sequence = acknowledged > 4 ? acknowledged - 4 : 1; sequence < size;
       ++sequence) {
    auto text = text_of_entry(ledger->backend(), sequence);
    require_ok(text);
    BOOST_REQUIRE_EQUAL(*text, numbered_text(sequence));
  }
  auto appended = (*ledger)->append(
      numbered_request(**ledger, events_per_request), test_clock);
  require_ok(appended);
  BOOST_REQUIRE_EQUAL(appended->first, size);
  require_ok((*ledger)->publish());
  return size + events_per_request;
}

void check_by_audit(const std::filesystem::path& path) {
  auto backend = store::LmdbBackend::open_for_reading({path});
  require_ok(backend);
  store::AuditOptions options;
  options.level = store::AuditLevel::signatures;
  auto report = good(store::audit(**backend, options));
  for (const auto& finding : report.findings) BOOST_ERROR(finding.message);
  BOOST_TEST(report.valid());
}

}  // namespace ppn::tests
