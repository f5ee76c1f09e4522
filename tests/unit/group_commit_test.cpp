// The queue before a ledger: when it is flushed, and who is answered.
#include "store/group_commit.hpp"

#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::GroupCommit;

namespace {

constexpr bool more_is_coming = true;
constexpr bool nothing_is_coming = false;
constexpr std::uint64_t noon = 43'200'000'000'000;

store::Event text_event(const std::string& stream, std::uint64_t version) {
  schema::CapabilityRevokedT revoked;
  revoked.grant = std::make_unique<schema::Id>();
  revoked.reason = "text";
  store::Event event;
  event.stream = stream;
  event.expected_version = version;
  event.payload.Set(std::move(revoked));
  return event;
}

store::AppendRequest request(const std::string& stream, std::uint64_t version,
                             std::size_t count = 1) {
  store::AppendRequest made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back(text_event(stream, version + i));
  return made;
}

/// A ledger that counts its commits, with a queue before it.
struct Queue {
  TestLedger::Options counting() {
    TestLedger::Options options;
    options.ledger.on_stage = [this](store::CommitStage stage) {
      if (stage == store::CommitStage::committed) ++commits;
    };
    return options;
  }

  void submit(store::AppendRequest what, std::uint64_t at = noon) {
    auto number = answers.size();
    answers.emplace_back();
    store::WaitingRequest waiting;
    waiting.request = std::move(what);
    waiting.answer = [this, number](const auto& answer) {
      BOOST_TEST(!answers[number].has_value());
      answers[number] = answer;
      order.push_back(number);
    };
    waiting.admit = std::exchange(next_admit, {});
    waiting.changes_admission = std::exchange(next_changes_admission, false);
    group.submit(std::move(waiting), at);
  }

  ScratchDirectory scratch;
  int commits = 0;
  TestLedger ledger = must(TestLedger::found(scratch.path(), counting()));
  GroupCommit group{*ledger, {.events = 10, .delay_ns = 1'000}};
  std::vector<std::optional<store::Result<store::Appended>>> answers;
  std::vector<std::size_t> order;
  std::function<store::Status()> next_admit;
  bool next_changes_admission = false;
  std::uint64_t version_seen = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(group_commit, Queue)

// -- when --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_empty_queue_is_never_due) {
  BOOST_TEST(!group.due(nothing_is_coming, noon));
  BOOST_TEST(!group.due(more_is_coming, ~std::uint64_t{0}));
}

BOOST_AUTO_TEST_CASE(alone_a_request_is_due_at_once) {
  submit(request("a", 0));
  BOOST_TEST(group.due(nothing_is_coming, noon));
}

BOOST_AUTO_TEST_CASE(while_more_is_coming_it_waits_for_the_delay) {
  submit(request("a", 0), noon);
  BOOST_TEST(!group.due(more_is_coming, noon));
  submit(request("a", 1), noon + 900);
  BOOST_TEST(!group.due(more_is_coming, noon + 999));
  // The first of them counts.
  BOOST_TEST(group.due(more_is_coming, noon + 1'000));
}

BOOST_AUTO_TEST_CASE(enough_events_are_due_at_once) {
  submit(request("a", 0, 4));
  submit(request("a", 4, 5));
  BOOST_TEST(group.waiting_events() == 9U);
  BOOST_TEST(!group.due(more_is_coming, noon));
  submit(request("a", 9));
  BOOST_TEST(group.waiting_events() == 10U);
  BOOST_TEST(group.due(more_is_coming, noon));
}

BOOST_AUTO_TEST_CASE(after_a_flush_the_delay_begins_anew) {
  submit(request("a", 0), noon);
  must(group.flush(test_clock));
  BOOST_TEST(group.waiting_events() == 0U);
  BOOST_TEST(!group.due(nothing_is_coming, noon + 5'000));
  submit(request("a", 1), noon + 5'000);
  BOOST_TEST(!group.due(more_is_coming, noon + 5'999));
  BOOST_TEST(group.due(more_is_coming, noon + 6'000));
}

// -- who ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(nobody_is_answered_before_the_flush) {
  submit(request("a", 0));
  BOOST_TEST(!answers[0].has_value());
  BOOST_TEST(ledger->position().head.size == 1U);
}

BOOST_AUTO_TEST_CASE(all_that_waits_is_one_commit) {
  auto before = commits;
  for (std::uint64_t i = 0; i < 9; ++i) submit(request("a", i));
  must(group.flush(test_clock));
  BOOST_TEST(commits == before + 1);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    BOOST_TEST(order[i] == i);
    BOOST_TEST(must(*answers[i]).first == i + 1);
  }
}

BOOST_AUTO_TEST_CASE(each_request_has_its_own_answer) {
  submit(request("a", 0, 2));
  submit(request("a", 0));
  submit({});
  submit(request("a", 2));
  must(group.flush(test_clock));
  BOOST_TEST(must(*answers[0]).count == 2U);
  BOOST_TEST(is_error(*answers[1], ErrorCode::version_conflict));
  BOOST_TEST(is_error(*answers[2], ErrorCode::bad_input));
  BOOST_TEST(must(*answers[3]).first == 3U);
}

BOOST_AUTO_TEST_CASE(what_is_not_admitted_is_answered_and_left_out) {
  next_admit = [] {
    return store::Status{{ErrorCode::not_granted, "there is no grant"}};
  };
  submit(request("a", 0));
  next_admit = [] { return store::Status{}; };
  submit(request("a", 0));
  must(group.flush(test_clock));
  BOOST_TEST(is_error(*answers[0], ErrorCode::not_granted));
  BOOST_TEST(must(*answers[1]).first == 1U);
}

BOOST_AUTO_TEST_CASE(admission_is_asked_when_what_may_change_it_is_durable) {
  auto before = commits;
  next_changes_admission = true;
  submit(request("a", 0));
  submit(request("a", 1));
  next_admit = [this] {
    version_seen = ledger->stream_version("a");
    return store::Status{};
  };
  submit(request("b", 0));
  must(group.flush(test_clock));
  BOOST_TEST(version_seen == 2U);
  BOOST_TEST(commits == before + 2);
}

BOOST_AUTO_TEST_CASE(what_is_submitted_by_an_answer_waits_for_the_next_flush) {
  bool answered = false;
  store::WaitingRequest second;
  second.request = request("a", 1);
  second.answer = [&](const auto&) { answered = true; };
  store::WaitingRequest first;
  first.request = request("a", 0);
  first.answer = [&](const auto&) { group.submit(std::move(second), noon); };
  group.submit(std::move(first), noon);
  must(group.flush(test_clock));
  BOOST_TEST(!answered);
  BOOST_TEST(group.waiting_events() == 1U);
  must(group.flush(test_clock));
  BOOST_TEST(answered);
  BOOST_TEST(ledger->stream_version("a") == 2U);
}

BOOST_AUTO_TEST_CASE(an_empty_flush_commits_nothing) {
  auto before = commits;
  must(group.flush(test_clock));
  BOOST_TEST(commits == before);
}

BOOST_AUTO_TEST_CASE(a_flush_renews_the_checkpoint_outside_in_its_time) {
  submit(request("a", 0));
  must(group.flush({0, noon, true}));
  BOOST_TEST(!ledger->unpublished());
  submit(request("a", 1));
  must(group.flush({0, noon + 99'999'999, true}));
  BOOST_TEST(ledger->unpublished());
  // Nothing waits, but the checkpoint does.
  must(group.flush({0, noon + 100'000'000, true}));
  BOOST_TEST(!ledger->unpublished());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
