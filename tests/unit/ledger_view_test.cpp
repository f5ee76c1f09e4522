// Finding a stream again among all the entries.
#include "store/ledger_view.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::stream_index_entries;

namespace {

store::AppendRequest in_stream(const store::Ledger& ledger,
                               const std::string& stream, std::size_t count) {
  auto request = numbered_request(ledger, count);
  auto version = ledger.stream_version(stream);
  for (auto& event : request) {
    event.stream = stream;
    event.expected_version = version++;
  }
  return request;
}

/// Entry 1 and the last one are of stream "rare", all between of "common".
struct Fixture {
  Fixture() {
    append("rare", 1);
    append("common", common);
    append("rare", 1);
  }

  void append(const std::string& stream, std::size_t count) {
    must(ledger->append(in_stream(*ledger, stream, count), test_clock));
  }

  std::vector<std::uint64_t> places(std::string_view stream,
                                    std::uint64_t version) {
    auto transaction = must(ledger.backend().read());
    std::vector<std::uint64_t> found;
    must(store::LedgerView{*transaction}.scan_stream(
        stream, version, [&](std::uint64_t sequence) {
          found.push_back(sequence);
          return true;
        }));
    return found;
  }

  static constexpr auto common = std::size_t{3 * stream_index_entries};
  ScratchDirectory scratch;
  TestLedger ledger = must(TestLedger::found(scratch / "node"));
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ledger_view, Fixture)

BOOST_AUTO_TEST_CASE(a_stream_is_found_across_the_parts_of_the_index) {
  const std::vector<std::uint64_t> due{1, common + 2};
  BOOST_TEST(places("rare", 0) == due, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stream_is_found_in_its_order) {
  auto found = places("common", 0);
  BOOST_TEST(found.size() == common);
  BOOST_TEST(std::is_sorted(found.begin(), found.end()));
}

BOOST_AUTO_TEST_CASE(a_stream_is_found_from_a_version_on) {
  BOOST_TEST(places("rare", 2) == std::vector<std::uint64_t>{common + 2},
             boost::test_tools::per_element());
  BOOST_TEST(places("common", common - 1).size() == 2U);
  BOOST_TEST(places("rare", 3).empty());
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_not_there_is_empty) {
  BOOST_TEST(places("rar", 0).empty());
  BOOST_TEST(places("z", 0).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
