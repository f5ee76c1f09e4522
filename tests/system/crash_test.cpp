// kill -9 at every numbered stage of a commit, and at every call in between.
#include <boost/test/unit_test.hpp>

#include <csignal>

#include "tests/support/random.hpp"
#include "tests/support/require_ok.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/system/child.hpp"
#include "tests/system/fault_injector.hpp"
#include "tests/system/reopening.hpp"

namespace {

using namespace ppn;
using namespace ppn::tests;
using store::CommitStage;

constexpr CommitStage all_stages[] = {
    CommitStage::taken,          CommitStage::chained,
    CommitStage::signed_and_put, CommitStage::checkpoint_put,
    CommitStage::committed,      CommitStage::outside_checkpoint_written};

/// Founds a ledger and leaves it closed; returns its size.
std::uint64_t found_at(const std::filesystem::path& path) {
  auto ledger = TestLedger::found(path);
  require_ok(ledger);
  return (*ledger)->position().head.size;
}

/// Opens and appends `requests` times, reporting the size after each answer.
int append_and_report(const std::filesystem::path& path,
                      TestLedger::Options options, std::uint64_t requests,
                      const Report& report) {
  auto ledger = TestLedger::open(path, std::move(options));
  if (!ledger) return 1;
  for (std::uint64_t i = 0; i < requests; ++i) {
    auto appended = (*ledger)->append(
        numbered_request(**ledger, events_per_request), test_clock);
    if (!appended) return 2;
    report((*ledger)->position().head.size);
    if (!(*ledger)->publish()) return 3;
  }
  return 0;
}

std::uint64_t last_report(const ChildEnd& end, std::uint64_t before) {
  return end.reports.empty() ? before : end.reports.back();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash)

BOOST_AUTO_TEST_CASE(a_kill_at_any_stage_of_a_commit_loses_nothing) {
  ScratchDirectory scratch;
  auto size = found_at(scratch / "node");
  for (auto stage : all_stages) {
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
      auto end = run_child([&](const Report& report) {
        std::uint64_t seen = 0;
        TestLedger::Options options;
        options.ledger.on_stage = [&](CommitStage reached) {
          if (reached == stage && ++seen == nth) ::kill(::getpid(), SIGKILL);
        };
        return append_and_report(scratch / "node", std::move(options), 4,
                                 report);
      });
      BOOST_REQUIRE(end.killed());
      size = check_after_crash(scratch / "node", last_report(end, size));
    }
  }
  check_by_audit(scratch / "node");
}

BOOST_AUTO_TEST_CASE(a_kill_at_any_call_of_a_commit_loses_nothing) {
  constexpr Fault kills[] = {Fault::kill_before, Fault::kill_after,
                             Fault::kill_torn};
  ScratchDirectory scratch;
  auto size = found_at(scratch / "node");
  for (auto kill : kills) {
    for (std::uint64_t nth = 1;; ++nth) {
      auto end = run_child([&](const Report& report) {
        inject(kill, nth);
        return append_and_report(scratch / "node", {}, 2, report);
      });
      size = check_after_crash(scratch / "node", last_report(end, size));
      if (!end.killed()) {
        BOOST_REQUIRE(end.succeeded());
        BOOST_TEST(nth > 10, "a commit makes more calls than that");
        break;
      }
    }
  }
  check_by_audit(scratch / "node");
}

BOOST_AUTO_TEST_CASE(a_kill_at_any_call_of_founding_can_be_repeated) {
  ScratchDirectory scratch;
  for (std::uint64_t nth = 1;; ++nth) {
    auto path = scratch / ("node-" + std::to_string(nth));
    auto end = run_child([&](const Report& report) {
      inject(Fault::kill_before, nth);
      auto founded = TestLedger::found(path);
      if (!founded) return 1;
      report(1);
      return 0;
    });
    // Either the node was founded, or it can be founded now.
    auto opened = TestLedger::open(path);
    if (!opened) {
      BOOST_TEST(end.reports.empty());
      auto founded = TestLedger::found(path);
      require_ok(founded);
    }
    if (end.succeeded()) break;
    BOOST_REQUIRE(end.killed());
  }
}

BOOST_AUTO_TEST_CASE(a_kill_at_any_call_of_a_key_rotation_leaves_one_key) {
  ScratchDirectory scratch;
  auto path = scratch / "node";
  found_at(path);
  for (std::uint64_t nth = 1;; ++nth) {
    auto end = run_child([&](const Report& report) {
      auto ledger = TestLedger::open(path);
      if (!ledger) return 1;
      inject(Fault::kill_after, nth);
      auto rotated = (*ledger)->rotate_key(
          {schema::PrincipalKind::operator_, "uid/0"}, test_clock);
      if (!rotated) return 2;
      report(rotated->first);
      return 0;
    });
    auto ledger = TestLedger::open(path);
    require_ok(ledger);
    if (!end.reports.empty())
      BOOST_TEST((*ledger)->position().head.size > end.reports.back());
    auto files =
        std::distance(std::filesystem::directory_iterator{path / "keys"}, {});
    BOOST_TEST(files == 1);
    if (end.succeeded()) break;
    BOOST_REQUIRE(end.killed());
  }
  check_by_audit(path);
}

BOOST_AUTO_TEST_CASE(thousands_of_kills_at_random_calls_lose_nothing) {
  constexpr int rounds = 2000;
  auto seed = seed_or(20'261'123);
  BOOST_TEST_MESSAGE("seed " << seed << ", repeat with PPN_TEST_SEED=" << seed);
  Random random{seed};
  ScratchDirectory scratch;
  auto size = found_at(scratch / "node");
  int killed = 0;
  for (int round = 0; round < rounds; ++round) {
    auto kill = static_cast<Fault>(
        static_cast<std::uint64_t>(Fault::kill_before) + random.below(3));
    auto nth = 1 + random.below(60);
    auto end = run_child([&](const Report& report) {
      inject(kill, nth);
      return append_and_report(scratch / "node", {}, 3, report);
    });
    BOOST_REQUIRE_MESSAGE(end.killed() || end.succeeded(),
                          "round " << round << " of seed " << seed);
    killed += end.killed() ? 1 : 0;
    size = check_after_crash(scratch / "node", last_report(end, size));
  }
  BOOST_TEST(killed > rounds / 4);
  check_by_audit(scratch / "node");
}

BOOST_AUTO_TEST_SUITE_END()
