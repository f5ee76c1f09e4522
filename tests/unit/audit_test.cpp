// The audit of ledgers that are whole: what it says, and that the number of its
// jobs makes no difference. What it finds in damaged ones is for the corruption
// tests.
#include "store/audit.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

#include "events/state_codec.hpp"
#include "tests/support/event_source.hpp"
#include "tests/support/forwarding_backend.hpp"
#include "tests/support/good.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/state_follower.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tools/ppn-ledger/state_reader.hpp"

namespace ppn::tests {

using store::AuditLevel;
using store::AuditOptions;
using store::AuditReport;

namespace {

/// More than two chunks of the audit, with key rotations and snapshots.
class Story {
 public:
  Story() {
    append(1'000);
    rotate_key();
    write_snapshot();
    append(1'100);
    rotate_key();
    append(400);
    write_snapshot();
    append(10);
    must(ledger_->publish());
  }

  TestLedger& operator*() { return ledger_; }

 private:
  void append(std::size_t count) {
    std::vector<store::AppendRequest> requests(count);
    for (auto& request : requests) request.push_back(source_.next());
    for (auto& answer : ledger_->append(requests, source_.next_clock()))
      must(answer);
  }

  void rotate_key() {
    must(ledger_->rotate_key({schema::PrincipalKind::operator_, "uid/1000"},
                             source_.next_clock()));
    source_.node_stream_grew();
  }

  void write_snapshot() {
    must(ledger_->write_snapshot(events::encode(must(follower_.catch_up()))));
  }

  ScratchDirectory scratch_;
  TestLedger ledger_ = must(TestLedger::found(scratch_.path()));
  EventSource source_{20260102};
  StateFollower follower_{ledger_.backend()};
};

Story& story() {
  static Story only;
  return only;
}

/// Audits with an oracle of its own, which can be used once.
AuditReport audit_of(TestLedger& ledger, AuditOptions options) {
  tools::StateFold oracle;
  options.oracle = &oracle;
  return good(store::audit(ledger.backend(), options));
}

AuditReport audit_at(AuditLevel level, unsigned jobs) {
  AuditOptions options;
  options.level = level;
  options.jobs = jobs;
  options.known_checkpoints = {{"elsewhere", (*story())->checkpoint()}};
  return audit_of(*story(), std::move(options));
}

std::string in_words(const AuditReport& report) {
  std::string text = report.valid() ? "valid" : "not valid";
  for (const auto& finding : report.findings)
    text += "; " + std::string{name_of(finding.damage)} + " " + finding.message;
  return text;
}

void check_same(const AuditReport& one, const AuditReport& other) {
  BOOST_TEST(in_words(one) == in_words(other));
  BOOST_TEST(one.node == other.node);
  BOOST_TEST((one.head == other.head));
  BOOST_TEST((one.keys == other.keys));
  BOOST_TEST(one.findings_total == other.findings_total);
  BOOST_TEST((one.last_good == other.last_good));
  BOOST_TEST((one.first_bad == other.first_bad));
  BOOST_TEST(one.signatures_checked == other.signatures_checked);
  BOOST_TEST(one.snapshots_checked == other.snapshots_checked);
  BOOST_TEST(one.checked == other.checked, boost::test_tools::per_element());
  BOOST_TEST(one.not_checked == other.not_checked,
             boost::test_tools::per_element());
}

/// While it lives, no thread can be started: there is no room for its stack.
class NoThreads {
 public:
  NoThreads() {
    ::pthread_getattr_default_np(&before_);
    ::pthread_attr_init(&huge_);
    ::pthread_attr_setstacksize(&huge_, std::size_t{1} << 47U);
    ::pthread_setattr_default_np(&huge_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&huge_);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_{};
  pthread_attr_t huge_{};
};

/// Gives no transaction once it gave so many.
class ScarceBackend final : public ForwardingBackend {
 public:
  ScarceBackend(store::Backend& real, int transactions)
      : ForwardingBackend(real), left_(transactions) {}

  store::Result<std::unique_ptr<store::ReadTransaction>> read() override {
    if (left_-- > 0) return ForwardingBackend::read();
    return store::Error{store::ErrorCode::io, "no more transactions"};
  }

 private:
  std::atomic<int> left_;
};

bool lists(const std::vector<std::string>& list, std::string_view part) {
  return std::any_of(list.begin(), list.end(),
                     [&](const auto& line) { return mentions(line, part); });
}

/// A checkpoint that the story's ledger might have signed, had it gone on.
std::string later_checkpoint(const store::SigningKey& key) {
  const auto& position = (*story())->position();
  return must(store::sign_checkpoint(
      position.node, {position.head.size + 5, position.head.root}, key));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(audit)

// -- whole ledgers -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_whole_ledger_is_valid_with_any_number_of_jobs) {
  for (auto level :
       {AuditLevel::chain, AuditLevel::signatures, AuditLevel::replay}) {
    BOOST_TEST_CONTEXT("level " << static_cast<int>(level)) {
      auto alone = audit_at(level, 1);
      BOOST_TEST(in_words(alone) == "valid");
      for (unsigned jobs : {0U, 2U, 4U, 16U})
        check_same(alone, audit_at(level, jobs));
    }
  }
}

BOOST_AUTO_TEST_CASE(where_no_thread_can_be_started_all_is_done_in_one) {
  auto alone = audit_at(AuditLevel::replay, 1);
  NoThreads no_threads;
  BOOST_REQUIRE_THROW(std::thread{[] {}}.join(), std::system_error);
  check_same(alone, audit_at(AuditLevel::replay, 4));
}

// Nothing is said of a ledger that could not be read to its end.
BOOST_AUTO_TEST_CASE(a_machine_that_gives_out_is_no_fault_of_the_ledger) {
  constexpr int more_than_needed = 1'000;
  int transactions = 0;
  for (; transactions < more_than_needed; ++transactions) {
    ScarceBackend scarce{(*story()).backend(), transactions};
    tools::StateFold oracle;
    AuditOptions options;
    options.jobs = 2;
    options.oracle = &oracle;
    auto report = store::audit(scarce, options);
    if (report) BOOST_TEST(in_words(*report) == "valid");
    if (report) break;
    BOOST_TEST(is_error(report, store::ErrorCode::io));
  }
  BOOST_TEST(transactions > 3);
  BOOST_TEST(transactions < more_than_needed);
}

BOOST_AUTO_TEST_CASE(a_report_says_whose_ledger_it_is) {
  auto report = audit_at(AuditLevel::replay, 4);
  const auto& position = (*story())->position();
  BOOST_TEST(report.node == position.node);
  BOOST_TEST((report.head == position.head));
  BOOST_TEST((report.keys == position.keys));
  BOOST_TEST(report.keys.size() == 3U);
  BOOST_TEST(!report.first_bad);
  BOOST_TEST(report.last_good.value_or(0) == position.head.size - 1);
  BOOST_TEST(report.snapshots_checked == 2U);
}

BOOST_AUTO_TEST_CASE(every_signature_is_checked_from_that_level_on) {
  auto size = (*story())->position().head.size;
  BOOST_TEST(audit_at(AuditLevel::signatures, 4).signatures_checked == size);
  BOOST_TEST(audit_at(AuditLevel::replay, 4).signatures_checked == size);
}

BOOST_AUTO_TEST_CASE(a_ledger_of_one_entry_is_valid) {
  ScratchDirectory scratch;
  auto ledger = must(TestLedger::found(scratch.path()));
  auto report = audit_of(ledger, {});
  BOOST_TEST(in_words(report) == "valid");
  BOOST_TEST(report.last_good.value_or(1) == 0U);
}

// A chunk of the audit has 1024 entries.
BOOST_AUTO_TEST_CASE(ledgers_that_end_with_a_chunk_are_valid) {
  ScratchDirectory scratch;
  auto ledger = must(TestLedger::found(scratch.path()));
  AuditOptions options;
  options.level = AuditLevel::signatures;
  options.jobs = 2;
  for (std::uint64_t size : {1'023U, 1'024U, 1'025U, 2'048U, 2'049U}) {
    auto missing = size - ledger->position().head.size;
    must(ledger->append(numbered_request(*ledger, missing), test_clock));
    auto report = audit_of(ledger, options);
    BOOST_TEST(in_words(report) == "valid");
    BOOST_TEST((report.head == ledger->position().head));
  }
}

// -- what is said ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(level_chain_says_what_it_leaves_out) {
  auto report = audit_at(AuditLevel::chain, 4);
  BOOST_TEST(lists(report.not_checked, "signatures of the entries"));
  BOOST_TEST(lists(report.not_checked, "state"));
  BOOST_TEST(!lists(report.checked, "signatures of the entries"));
}

BOOST_AUTO_TEST_CASE(level_signatures_says_what_it_leaves_out) {
  auto report = audit_at(AuditLevel::signatures, 4);
  BOOST_TEST(lists(report.checked, "signatures of the entries"));
  BOOST_TEST(!lists(report.not_checked, "signatures of the entries"));
  BOOST_TEST(lists(report.not_checked, "state"));
}

BOOST_AUTO_TEST_CASE(level_replay_checks_the_state_too) {
  auto report = audit_at(AuditLevel::replay, 4);
  BOOST_TEST(lists(report.checked, "signatures of the entries"));
  BOOST_TEST(lists(report.checked, "state"));
  BOOST_TEST(!lists(report.not_checked, "state"));
  BOOST_TEST(lists(report.not_checked, "operator signatures"));
}

BOOST_AUTO_TEST_CASE(without_a_known_checkpoint_a_rollback_goes_unseen) {
  auto report = audit_of(*story(), {});
  BOOST_TEST(report.valid());
  BOOST_TEST(lists(report.not_checked, "newer entries were removed"));
  report = audit_at(AuditLevel::replay, 1);
  BOOST_TEST(lists(report.checked, "elsewhere"));
  BOOST_TEST(!lists(report.not_checked, "newer entries were removed"));
}

BOOST_AUTO_TEST_CASE(progress_is_told_up_to_the_end) {
  AuditOptions options;
  options.jobs = 4;
  std::vector<std::uint64_t> told;
  auto size = (*story())->position().head.size;
  options.progress = [&](std::uint64_t done, std::uint64_t total,
                         std::optional<std::uint64_t> first_bad) {
    told.push_back(done);
    BOOST_TEST(total == size);
    BOOST_TEST(!first_bad);
  };
  audit_of(*story(), options);
  BOOST_REQUIRE(!told.empty());
  BOOST_TEST(std::is_sorted(told.begin(), told.end()));
  BOOST_TEST(told.back() == size);
}

// -- checkpoints from elsewhere ----------------------------------------------

namespace {

AuditReport audit_against(const std::string& note) {
  AuditOptions options;
  options.level = AuditLevel::chain;
  options.known_checkpoints = {{"from elsewhere", note}};
  return audit_of(*story(), std::move(options));
}

void check_refused(const std::string& note, const std::string& why) {
  auto report = audit_against(note);
  BOOST_TEST(!report.valid());
  BOOST_REQUIRE(report.findings.size() == 1U);
  BOOST_TEST(report.findings_total == 1U);
  BOOST_TEST((report.findings[0].damage == store::Damage::checkpoint));
  BOOST_TEST(mentions(report.findings[0].message, "from elsewhere"));
  BOOST_TEST(mentions(report.findings[0].message, why),
             report.findings[0].message);
}

}  // namespace

// A later key, unknown to what is left of the ledger, may have signed it.
BOOST_AUTO_TEST_CASE(a_known_checkpoint_of_a_later_size_shows_a_rollback) {
  check_refused(later_checkpoint(key_of_seed(1)), "rolled back");
}

BOOST_AUTO_TEST_CASE(a_known_checkpoint_of_another_node_is_refused) {
  ScratchDirectory scratch;
  auto other = must(TestLedger::found(scratch.path()));
  check_refused(other->checkpoint(), "");
}

BOOST_AUTO_TEST_CASE(a_known_checkpoint_that_is_none_is_refused) {
  check_refused("hello\n", "");
}

BOOST_AUTO_TEST_CASE(older_checkpoints_are_good_for_ever) {
  ScratchDirectory scratch;
  auto ledger = must(TestLedger::found(scratch.path()));
  AuditOptions options;
  for (int i = 0; i < 20; ++i) {
    options.known_checkpoints.push_back(
        {"number " + std::to_string(i), ledger->checkpoint()});
    if (i % 7 == 3)
      must(ledger->rotate_key({}, test_clock));
    else
      must(ledger->append(numbered_request(*ledger, 1), test_clock));
  }
  options.level = AuditLevel::signatures;
  BOOST_TEST(in_words(audit_of(ledger, options)) == "valid");
}

BOOST_AUTO_TEST_CASE(an_empty_ledger_with_a_known_checkpoint_was_rolled_back) {
  ScratchDirectory scratch;
  auto backend = must(store::LmdbBackend::open_for_writing(
      store::StateDirectory{scratch.path()},
      {.margin_bytes = 0, .reserve_bytes = 0}));
  AuditOptions options;
  options.level = AuditLevel::chain;
  auto empty = good(store::audit(*backend, options));
  BOOST_TEST(!empty.valid());
  BOOST_TEST(mentions(in_words(empty), "empty"));
  BOOST_TEST(!mentions(in_words(empty), "rolled back"));
  options.known_checkpoints = {{"elsewhere", (*story())->checkpoint()}};
  auto emptied = good(store::audit(*backend, options));
  BOOST_TEST(mentions(in_words(emptied), "rolled back"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
