// The ledger as its owner uses it: what is appended is there, in order, signed
// and whole, and what is refused leaves no trace.
#include "store/ledger.hpp"

#include "store/audit.hpp"
#include "store/key_store.hpp"
#include "store/ledger_view.hpp"
#include "store/statements.hpp"
#include "tests/support/forwarding_backend.hpp"
#include "tests/support/good.hpp"
#include "tests/support/random.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using store::AppendRequest;
using store::ErrorCode;

namespace fs = std::filesystem;

namespace {

const store::Principal tester{schema::PrincipalKind::operator_, "uid/1000"};

store::Event text_event(const std::string& stream, std::uint64_t version,
                        const std::string& text) {
  schema::CapabilityRevokedT revoked;
  revoked.grant = std::make_unique<schema::Id>();
  revoked.reason = text;
  store::Event event;
  event.stream = stream;
  event.expected_version = version;
  event.principal = tester;
  event.payload.Set(std::move(revoked));
  return event;
}

template <class... Events>
AppendRequest request_of(Events... events) {
  AppendRequest request;
  (request.push_back(std::move(events)), ...);
  return request;
}

template <class... Requests>
std::vector<AppendRequest> group_of(Requests... requests) {
  std::vector<AppendRequest> group;
  (group.push_back(std::move(requests)), ...);
  return group;
}

/// `count` requests of `events` each, all on one stream.
std::vector<AppendRequest> long_group(std::size_t count, std::size_t events) {
  std::vector<AppendRequest> group(count);
  std::uint64_t version = 0;
  for (auto& request : group)
    for (std::size_t i = 0; i < events; ++i, ++version)
      request.push_back(
          text_event("long", version, "text " + std::to_string(version)));
  return group;
}

Bytes record_of(store::Backend& backend, std::uint64_t sequence) {
  auto transaction = must(backend.read());
  auto record = must(store::LedgerView{*transaction}.record(sequence));
  return {record.begin(), record.end()};
}

/// An entry that was read back, with what it was read from.
class ReadBack {
 public:
  ReadBack(store::Backend& backend, std::uint64_t sequence)
      : record_(record_of(backend, sequence)),
        halves_(must(store::split_record(record_))),
        entry_(must(store::check_entry(aligned_.assign(halves_.entry)))) {}

  const schema::Entry* operator->() const { return entry_; }

  [[nodiscard]] bool is_signed_by(const PublicKey& key) const {
    return store::verify(key, store::entry_domain, halves_.entry,
                         halves_.signature);
  }

 private:
  Bytes record_;
  store::RecordView halves_;
  store::AlignedBytes aligned_;
  const schema::Entry* entry_;
};

std::uint64_t stored_size(store::Backend& backend) {
  auto transaction = must(backend.read());
  return must(store::LedgerView{*transaction}.size());
}

/// The ledger's checkpoint is of all its entries, by the key in force, and the
/// one in the database.
void check_checkpoint(TestLedger& ledger) {
  const auto& position = ledger->position();
  auto checkpoint = must(store::parse_checkpoint(ledger->checkpoint()));
  BOOST_TEST(checkpoint.head.size == position.head.size);
  BOOST_TEST(checkpoint.head.root == position.head.root);
  must(store::verify_checkpoint(checkpoint, position.node,
                                position.keys.back().key));
  auto transaction = must(ledger.backend().read());
  store::LedgerView view{*transaction};
  BOOST_TEST(must(view.checkpoint_note()) == ledger->checkpoint());
  BOOST_TEST(must(view.size()) == position.head.size);
  BOOST_TEST(must(store::tree_root(position.head.size, view.nodes())) ==
             position.head.root);
}

std::string findings_of(const store::AuditReport& report) {
  std::string all = report.too_new.value_or("");
  for (const auto& finding : report.findings) all += finding.message + "; ";
  return all;
}

void check_audit(store::Backend& backend, const store::AuditOptions& options) {
  auto report = good(store::audit(backend, options));
  BOOST_TEST(report.valid(), findings_of(report));
}

store::AuditOptions check_signatures() {
  store::AuditOptions options;
  options.level = store::AuditLevel::signatures;
  return options;
}

/// What Ledger::found needs, to be called directly.
class Parts {
 public:
  explicit Parts(const fs::path& path)
      : directory_{path},
        backend_(must(store::LmdbBackend::open_for_writing(
            directory_, {.margin_bytes = 0, .reserve_bytes = 0}))),
        keys_(must(store::FileKeyStore::open(directory_.keys()))),
        outside_(directory_.outside_checkpoint()) {}

  [[nodiscard]] store::LedgerParts operator()() {
    return {*backend_, *keys_, outside_};
  }
  [[nodiscard]] store::Backend& backend() { return *backend_; }

 private:
  store::StateDirectory directory_;
  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<store::FileKeyStore> keys_;
  store::OutsideCheckpointFile outside_;
};

/// A store whose keys are the same each time.
class SameKeys final : public store::KeyStore {
 public:
  store::Result<store::SigningKey> create() override {
    return key_of_seed(++created_);
  }
  store::Result<store::SigningKey> load(const PublicKey& key) override {
    for (std::uint8_t seed = 1; seed <= created_; ++seed)
      if (key_of_seed(seed).public_key() == key) return key_of_seed(seed);
    return store::Error{ErrorCode::key, "no such key"};
  }
  store::Status retire_all_but(const PublicKey&) override { return {}; }

 private:
  std::uint8_t created_ = 0;
};

std::size_t files_in(const fs::path& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{directory}, {}));
}

struct Fixture {
  ScratchDirectory scratch;
  TestLedger ledger = must(TestLedger::found(scratch.path()));
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger)

// -- appending ---------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(what_is_appended_is_there, Fixture) {
  auto appended = must(ledger->append(
      request_of(text_event("a", 0, "first"), text_event("b", 0, "second")),
      test_clock));
  BOOST_TEST(appended.first == 1U);
  BOOST_TEST(appended.count == 2U);
  BOOST_TEST(must(text_of_entry(ledger.backend(), 1)) == "first");
  BOOST_TEST(must(text_of_entry(ledger.backend(), 2)) == "second");
  BOOST_TEST(ledger->stream_version("a") == 1U);
  BOOST_TEST(ledger->stream_version("b") == 1U);
  BOOST_TEST(ledger->stream_version("c") == 0U);
}

BOOST_FIXTURE_TEST_CASE(entries_say_where_they_stand_and_form_a_chain,
                        Fixture) {
  for (auto& request : long_group(5, 1))
    must(ledger->append(request, test_clock));
  Hash link;
  for (std::uint64_t sequence = 0; sequence < 6; ++sequence) {
    ReadBack entry{ledger.backend(), sequence};
    BOOST_TEST(entry->sequence() == sequence);
    BOOST_TEST(Hash{*entry->prev()} == link);
    BOOST_TEST(NodeId{*entry->node()} == ledger->position().node);
    auto record = record_of(ledger.backend(), sequence);
    link = store::hash_record(must(store::split_record(record))).link;
  }
  BOOST_TEST(ledger->position().link == link);
}

BOOST_FIXTURE_TEST_CASE(no_requests_make_no_commit, Fixture) {
  auto before = ledger->checkpoint();
  BOOST_TEST(
      ledger->append(std::span<const AppendRequest>{}, test_clock).empty());
  BOOST_TEST(ledger->checkpoint() == before);
}

BOOST_FIXTURE_TEST_CASE(a_version_conflict_concerns_its_request_alone,
                        Fixture) {
  auto answers =
      ledger->append(group_of(request_of(text_event("a", 0, "one")),
                              request_of(text_event("a", 0, "too late")),
                              request_of(text_event("b", 7, "too early")),
                              request_of(text_event("a", 1, "two"))),
                     test_clock);
  BOOST_REQUIRE(answers.size() == 4U);
  BOOST_TEST(must(answers[0]).first == 1U);
  BOOST_TEST(is_error(answers[1], ErrorCode::version_conflict));
  BOOST_TEST(mentions(answers[1].error().message, "a is at version 1"));
  BOOST_TEST(is_error(answers[2], ErrorCode::version_conflict));
  BOOST_TEST(must(answers[3]).first == 2U);
  BOOST_TEST(stored_size(ledger.backend()) == 3U);
  BOOST_TEST(must(text_of_entry(ledger.backend(), 2)) == "two");
  BOOST_TEST(ledger->stream_version("b") == 0U);
  check_audit(ledger.backend(), check_signatures());
}

BOOST_FIXTURE_TEST_CASE(a_request_is_appended_whole_or_not_at_all, Fixture) {
  must(ledger->append(request_of(text_event("b", 0, "there first")),
                      test_clock));
  auto before = ledger->position();
  auto refused = ledger->append(
      request_of(text_event("a", 0, "x"), text_event("a", 1, "y"),
                 text_event("b", 0, "conflict"), text_event("c", 0, "z")),
      test_clock);
  BOOST_TEST(is_error(refused, ErrorCode::version_conflict));
  BOOST_TEST((ledger->position() == before));
  BOOST_TEST(stored_size(ledger.backend()) == before.head.size);
}

BOOST_FIXTURE_TEST_CASE(a_refused_request_leaves_its_streams_to_the_next,
                        Fixture) {
  auto answers =
      ledger->append(group_of(request_of(text_event("a", 0, "kept")),
                              request_of(text_event("a", 1, "dropped"),
                                         text_event("b", 0, "dropped"),
                                         text_event("b", 0, "conflict")),
                              request_of(text_event("b", 0, "kept as well"),
                                         text_event("a", 1, "kept too"))),
                     test_clock);
  must(answers[0]);
  BOOST_TEST(is_error(answers[1], ErrorCode::version_conflict));
  BOOST_TEST(must(answers[2]).first == 2U);
  BOOST_TEST(ledger->stream_version("a") == 2U);
  BOOST_TEST(ledger->stream_version("b") == 1U);
  BOOST_TEST(must(text_of_entry(ledger.backend(), 3)) == "kept too");
  check_audit(ledger.backend(), check_signatures());
}

BOOST_FIXTURE_TEST_CASE(an_oversized_event_is_refused_and_the_ledger_goes_on,
                        Fixture) {
  auto refused =
      ledger->append(request_of(text_event("a", 0, "small"),
                                text_event("a", 1, std::string(70'000, 'x'))),
                     test_clock);
  BOOST_TEST(is_error(refused, ErrorCode::oversized));
  BOOST_TEST(
      mentions(refused.error().message, std::to_string(store::max_entry_size)));
  BOOST_TEST(stored_size(ledger.backend()) == 1U);
  BOOST_TEST(!ledger->failure());
  must(ledger->append(request_of(text_event("a", 0, "after")), test_clock));
  check_checkpoint(ledger);
}

BOOST_FIXTURE_TEST_CASE(events_of_all_sizes_around_the_limit_fit_or_are_refused,
                        Fixture) {
  std::vector<AppendRequest> group;
  auto shortest = store::max_entry_size - 400;
  for (std::size_t i = 0; i < 400; i += 4)
    group.push_back(request_of(text_event("size/" + std::to_string(i), 0,
                                          std::string(shortest + i, 'x'))));
  auto answers = ledger->append(group, test_clock);
  bool one_fits = answers.front().ok();
  bool one_does_not = !answers.back().ok();
  BOOST_TEST((one_fits && one_does_not));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    // Once one is too large, all that are larger are.
    BOOST_TEST((i == 0 || answers[i - 1].ok() || !answers[i].ok()));
    if (!answers[i])
      BOOST_TEST(is_error(answers[i], ErrorCode::oversized));
    else
      BOOST_TEST(
          must(text_of_entry(ledger.backend(), answers[i]->first)).size() ==
          shortest + 4 * i);
  }
  check_audit(ledger.backend(), check_signatures());
}

BOOST_FIXTURE_TEST_CASE(an_empty_request_is_refused, Fixture) {
  BOOST_TEST(is_error(ledger->append(AppendRequest{}, test_clock),
                      ErrorCode::bad_input));
  auto answers = ledger->append(
      group_of(AppendRequest{}, request_of(text_event("a", 0, "x"))),
      test_clock);
  BOOST_TEST(is_error(answers[0], ErrorCode::bad_input));
  BOOST_TEST(must(answers[1]).first == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_request_with_an_empty_event_is_refused, Fixture) {
  auto event = text_event("a", 0, "x");
  event.payload.Reset();
  auto answer = ledger->append(request_of(std::move(event)), test_clock);
  BOOST_TEST(is_error(answer, ErrorCode::bad_input));
  BOOST_TEST(stored_size(ledger.backend()) == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_invalid_stream_name_is_refused, Fixture) {
  for (const auto& name :
       {std::string{}, std::string{"Capital"}, std::string{"a b"},
        std::string(129, 'a'), std::string("a\0b", 3)})
    BOOST_TEST(is_error(
        ledger->append(request_of(text_event(name, 0, "x")), test_clock),
        ErrorCode::bad_input));
  must(ledger->append(request_of(text_event(std::string(128, 'a'), 0, "x")),
                      test_clock));
}

BOOST_FIXTURE_TEST_CASE(events_of_the_ledger_itself_are_refused, Fixture) {
  auto version = ledger->stream_version("node");
  auto refused = [&](auto payload) {
    auto event = text_event("node", version, "");
    event.payload.Set(std::move(payload));
    return is_error(ledger->append(request_of(std::move(event)), test_clock),
                    ErrorCode::bad_input);
  };
  BOOST_TEST(refused(schema::NodeInitialisedT{}));
  BOOST_TEST(refused(schema::NodeRejoinedT{}));
  BOOST_TEST(refused(schema::NodeKeyRotatedT{}));
  BOOST_TEST(stored_size(ledger.backend()) == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_goes_back_is_recorded_as_it_was_read,
                        Fixture) {
  const store::ClockReading readings[] = {
      {2'000, 50, true},
      {1'000, 60, false},
      {std::numeric_limits<std::int64_t>::min(), 0, false},
      {std::numeric_limits<std::int64_t>::max(),
       std::numeric_limits<std::uint64_t>::max(), true}};
  std::uint64_t version = 0;
  for (const auto& reading : readings) {
    auto appended = must(
        ledger->append(request_of(text_event("a", version++, "x")), reading));
    ReadBack entry{ledger.backend(), appended.first};
    BOOST_TEST(entry->clock()->utc_ns() == reading.utc_ns);
    BOOST_TEST(entry->clock()->since_boot_ns() == reading.since_boot_ns);
    BOOST_TEST(entry->clock()->synchronised() == reading.synchronised);
  }
  check_audit(ledger.backend(), check_signatures());
}

// -- checkpoints and keys ----------------------------------------------------

BOOST_FIXTURE_TEST_CASE(each_append_makes_a_checkpoint_of_all_entries,
                        Fixture) {
  check_checkpoint(ledger);
  for (auto& request : long_group(9, 2)) {
    must(ledger->append(request, test_clock));
    check_checkpoint(ledger);
  }
  must(ledger->rotate_key(tester, test_clock));
  check_checkpoint(ledger);
  must(ledger->append(request_of(text_event("a", 0, "x")), test_clock));
  check_checkpoint(ledger);
}

BOOST_FIXTURE_TEST_CASE(a_new_key_signs_from_the_next_entry_on, Fixture) {
  must(ledger->append(request_of(text_event("a", 0, "old")), test_clock));
  auto old_key = ledger->position().keys.back().key;
  auto rotated = must(ledger->rotate_key(tester, test_clock));
  BOOST_TEST(rotated.first == 2U);
  BOOST_TEST(rotated.count == 1U);
  must(ledger->append(request_of(text_event("a", 1, "new")), test_clock));

  const auto& keys = ledger->position().keys;
  BOOST_REQUIRE(keys.size() == 2U);
  BOOST_TEST(keys[1].from == 3U);
  auto new_key = keys[1].key;
  BOOST_TEST(new_key != old_key);
  for (std::uint64_t sequence = 0; sequence < 4; ++sequence) {
    ReadBack entry{ledger.backend(), sequence};
    BOOST_TEST(entry.is_signed_by(old_key) == (sequence < 3));
    BOOST_TEST(entry.is_signed_by(new_key) == (sequence == 3));
  }
  ReadBack rotation{ledger.backend(), 2};
  const auto* event = rotation->payload_as_NodeKeyRotated();
  BOOST_REQUIRE(event != nullptr);
  BOOST_TEST(PublicKey{*event->new_key()} == new_key);
  BOOST_TEST(rotation->principal()->id()->str() == tester.id);
  check_audit(ledger.backend(), check_signatures());
}

BOOST_FIXTURE_TEST_CASE(an_old_key_is_gone, Fixture) {
  auto keys = store::StateDirectory{scratch.path()}.keys();
  auto old_file = keys / (ledger->position().keys.back().key.hex() + ".key");
  BOOST_TEST(fs::exists(old_file));
  must(ledger->rotate_key(tester, test_clock));
  BOOST_TEST(!fs::exists(old_file));
  BOOST_TEST(files_in(keys) == 1U);
  auto new_file = keys / (ledger->position().keys.back().key.hex() + ".key");
  BOOST_TEST(fs::exists(new_file));
}

// -- founding ----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_node_is_named_after_its_first_key, Fixture) {
  ReadBack entry{ledger.backend(), 0};
  const auto* event = entry->payload_as_NodeInitialised();
  BOOST_REQUIRE(event != nullptr);
  BOOST_TEST(event->identity()->name()->str() == "test");
  PublicKey key{*event->identity()->key()};
  BOOST_TEST(store::node_id_of(key) == ledger->position().node);
  BOOST_TEST(entry.is_signed_by(key));
  BOOST_TEST(entry->stream()->str() == "node");
  BOOST_TEST(!ledger->unpublished());
}

BOOST_AUTO_TEST_CASE(a_ledger_is_founded_once) {
  ScratchDirectory scratch;
  NodeId node;
  {
    Parts parts{scratch.path()};
    node = must(store::Ledger::found(parts(), {"first", {}}, test_clock))
               ->position()
               .node;
    BOOST_TEST(
        is_error(store::Ledger::found(parts(), {"second", {}}, test_clock),
                 ErrorCode::bad_input));
  }
  auto opened = must(TestLedger::open(scratch.path()));
  BOOST_TEST(opened->position().node == node);
  BOOST_TEST(opened->position().head.size == 1U);
}

BOOST_AUTO_TEST_CASE(a_check_says_what_opening_would_and_changes_nothing) {
  ScratchDirectory scratch;
  store::NoReplay no_replay;
  Parts parts{scratch.path()};
  auto check = [&] { return store::Ledger::check(parts(), no_replay); };
  BOOST_TEST(is_error(check(), ErrorCode::not_found));
  auto key = must(store::Ledger::found(parts(), {"first", {}}, test_clock))
                 ->position()
                 .keys.back()
                 .key;
  must(check());
  auto spare = must(parts().keys.create()).public_key();
  auto note = must(parts().outside.read());
  must(check());
  must(parts().keys.load(spare));
  must(parts().outside.write("no note"));
  BOOST_TEST(is_error(check(), ErrorCode::no_outside_checkpoint));
  must(parts().outside.write(note));
  must(parts().keys.retire_all_but(spare));
  BOOST_TEST(is_error(parts().keys.load(key), ErrorCode::key));
  BOOST_TEST(is_error(check(), ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(a_node_that_rejoins_names_its_old_life) {
  ScratchDirectory old_life;
  auto old_ledger = must(TestLedger::found(old_life.path()));
  auto old_node = old_ledger->position().node;

  ScratchDirectory scratch;
  Parts parts{scratch.path()};
  auto ledger = must(store::Ledger::found(
      parts(), {"again", store::Rejoin{old_node, old_ledger->checkpoint()}},
      test_clock));
  ReadBack entry{parts.backend(), 0};
  const auto* event = entry->payload_as_NodeRejoined();
  BOOST_REQUIRE(event != nullptr);
  BOOST_TEST(NodeId{*event->replaces()} == old_node);
  BOOST_TEST(event->last_checkpoint()->str() == old_ledger->checkpoint());
  BOOST_TEST(event->identity()->name()->str() == "again");
  BOOST_TEST(ledger->position().node != old_node);
  check_audit(parts.backend(), check_signatures());
}

// -- commits -----------------------------------------------------------------

namespace {

struct Commits {
  std::vector<store::Result<store::Appended>> answers;
  std::size_t commits = 0;
};

/// Appends a group to a new ledger with these options.
Commits append_in_commits(store::LedgerOptions options,
                          const std::vector<AppendRequest>& group) {
  ScratchDirectory scratch;
  Commits result;
  bool founded = false;
  options.on_stage = [&](store::CommitStage stage) {
    if (founded && stage == store::CommitStage::committed) ++result.commits;
  };
  auto ledger =
      must(TestLedger::found(scratch.path(), {.ledger = std::move(options)}));
  founded = true;
  result.answers = ledger->append(group, test_clock);
  check_checkpoint(ledger);
  check_audit(ledger.backend(), check_signatures());
  return result;
}

void check_answered_in_order(const Commits& commits, std::size_t requests,
                             std::size_t events) {
  BOOST_REQUIRE(commits.answers.size() == requests);
  std::uint64_t next = 1;
  for (const auto& answer : commits.answers) {
    auto appended = must(answer);
    BOOST_TEST(appended.first == next);
    BOOST_TEST(appended.count == events);
    next += events;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_group_is_one_commit) {
  auto commits = append_in_commits({}, long_group(100, 2));
  BOOST_TEST(commits.commits == 1U);
  check_answered_in_order(commits, 100, 2);
}

BOOST_AUTO_TEST_CASE(a_commit_ends_with_the_request_that_fills_it) {
  store::LedgerOptions options;
  options.commit_events_max = 3;
  auto commits = append_in_commits(options, long_group(10, 2));
  BOOST_TEST(commits.commits == 5U);
  check_answered_in_order(commits, 10, 2);
}

BOOST_AUTO_TEST_CASE(a_commit_ends_with_the_byte_that_fills_it) {
  store::LedgerOptions options;
  options.commit_bytes_max = 1;
  auto commits = append_in_commits(options, long_group(10, 2));
  BOOST_TEST(commits.commits == 10U);
  check_answered_in_order(commits, 10, 2);
}

BOOST_AUTO_TEST_CASE(a_request_larger_than_a_commit_is_not_split) {
  store::LedgerOptions options;
  options.commit_events_max = 3;
  auto commits = append_in_commits(options, long_group(2, 100));
  BOOST_TEST(commits.commits == 2U);
  check_answered_in_order(commits, 2, 100);
}

BOOST_AUTO_TEST_CASE(refusals_do_not_fill_a_commit) {
  store::LedgerOptions options;
  options.commit_events_max = 2;
  auto group = long_group(2, 1);
  for (int i = 0; i < 20; ++i)
    group.insert(group.begin(), request_of(text_event("long", 99, "late")));
  auto commits = append_in_commits(options, group);
  BOOST_TEST(commits.commits == 1U);
  BOOST_REQUIRE(commits.answers.size() == 22U);
  for (std::size_t i = 0; i < 20; ++i)
    BOOST_TEST(is_error(commits.answers[i], ErrorCode::version_conflict));
  BOOST_TEST(must(commits.answers[20]).first == 1U);
  BOOST_TEST(must(commits.answers[21]).first == 2U);
}

BOOST_AUTO_TEST_CASE(stages_are_reached_in_their_order) {
  using Stage = store::CommitStage;
  ScratchDirectory scratch;
  std::vector<Stage> stages;
  TestLedger::Options options;
  options.ledger.on_stage = [&](Stage stage) { stages.push_back(stage); };
  auto ledger = must(TestLedger::found(scratch.path(), std::move(options)));
  stages.clear();
  must(ledger->append(request_of(text_event("a", 0, "x")), test_clock));
  must(ledger->publish());
  const std::vector<Stage> due{
      Stage::taken,          Stage::chained,
      Stage::signed_and_put, Stage::checkpoint_put,
      Stage::committed,      Stage::outside_checkpoint_written};
  BOOST_TEST((stages == due));
}

// -- signers -----------------------------------------------------------------

namespace {

/// A story of groups and rotations, with keys that are always the same.
store::TreeHead story_with_signers(unsigned extra_signers) {
  ScratchDirectory scratch;
  store::StateDirectory directory{scratch.path()};
  auto backend = must(store::LmdbBackend::open_for_writing(
      directory, {.margin_bytes = 0, .reserve_bytes = 0}));
  SameKeys keys;
  store::OutsideCheckpointFile outside{directory.outside_checkpoint()};
  store::LedgerOptions options;
  options.extra_signers = extra_signers;
  auto ledger = must(store::Ledger::found({*backend, keys, outside},
                                          {"same", {}}, test_clock, options));
  for (auto& answer : ledger->append(long_group(300, 3), test_clock))
    must(answer);
  must(ledger->rotate_key(tester, test_clock));
  for (std::uint64_t i = 0; i < 20; ++i)
    must(ledger->append(request_of(text_event("a", i, "x")), test_clock));
  auto answers =
      ledger->append(group_of(request_of(text_event("a", 0, "refused")),
                              request_of(text_event("b", 0, "taken"))),
                     test_clock);
  BOOST_TEST(!answers[0].ok());
  check_audit(*backend, check_signatures());
  return ledger->position().head;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_number_of_signers_makes_no_difference) {
  auto alone = story_with_signers(0);
  auto together = story_with_signers(3);
  BOOST_TEST(alone.size == 923U);
  BOOST_TEST(together.size == alone.size);
  BOOST_TEST(together.root == alone.root);
}

namespace {

/// Has no room while it is told so.
class FullBackend final : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;

  store::Status check_room(std::uint64_t bytes) override {
    if (!is_full) return ForwardingBackend::check_room(bytes);
    return store::Error{ErrorCode::disk_full, "no room"};
  }

  bool is_full = false;
};

}  // namespace

// For the sanitizers: once a batch is refused, no signer may touch it.
BOOST_AUTO_TEST_CASE(a_batch_without_room_is_taken_back_from_the_signers) {
  ScratchDirectory scratch;
  store::StateDirectory directory{scratch.path()};
  auto backend = must(store::LmdbBackend::open_for_writing(
      directory, {.margin_bytes = 0, .reserve_bytes = 0}));
  FullBackend full{*backend};
  SameKeys keys;
  store::OutsideCheckpointFile outside{directory.outside_checkpoint()};
  store::LedgerOptions options;
  options.extra_signers = 3;
  auto ledger = must(store::Ledger::found({full, keys, outside}, {"full", {}},
                                          test_clock, options));
  full.is_full = true;
  for (int round = 0; round < 200; ++round)
    for (const auto& answer : ledger->append(long_group(20, 1), test_clock))
      BOOST_TEST(is_error(answer, ErrorCode::disk_full));
  full.is_full = false;
  for (const auto& answer : ledger->append(long_group(20, 1), test_clock))
    must(answer);
  check_audit(*backend, check_signatures());
}

// -- a random life -----------------------------------------------------------

namespace {

/// What all texts so far add up to.
class TextFold final : public store::StateOracle {
 public:
  void add(const std::string& text) {
    Bytes both{sum_.bytes.begin(), sum_.bytes.end()};
    both.insert(both.end(), text.begin(), text.end());
    sum_ = store::sha256(both);
  }

  store::Status apply(const schema::Entry& entry) override {
    const auto* revoked = entry.payload_as_CapabilityRevoked();
    add(revoked == nullptr ? std::string{} : revoked->reason()->str());
    return {};
  }
  store::Status check_snapshot(ByteView state) override {
    if (to_hex(state) == sum_.hex()) return {};
    return store::Error{ErrorCode::damaged, "another sum"};
  }

  [[nodiscard]] ByteView state() const { return sum_.view(); }

 private:
  Hash sum_;
};

/// A ledger and a plain model of it, side by side.
class RandomLife {
 public:
  explicit RandomLife(std::uint64_t seed)
      : random_(seed),
        ledger_(must(TestLedger::found(scratch_.path(), options()))) {
    grow("node", "");
  }

  void step() {
    auto choice = random_.below(100);
    if (choice < 80)
      append_group();
    else if (choice < 86)
      rotate();
    else if (choice < 92)
      must((*ledger_)->write_snapshot(fold_.state()));
    else if (choice < 96)
      must((*ledger_)->publish());
    else
      reopen();
    compare();
  }

  void finish() {
    reopen();
    compare();
    for (std::size_t sequence = 0; sequence < texts_.size(); ++sequence)
      if (!texts_[sequence].empty())
        BOOST_REQUIRE(must(text_of_entry(ledger_->backend(), sequence)) ==
                      texts_[sequence]);
    TextFold oracle;
    store::AuditOptions audit;
    audit.jobs = 2;
    audit.oracle = &oracle;
    audit.known_checkpoints = {{"the newest", (*ledger_)->checkpoint()}};
    check_audit(ledger_->backend(), audit);
  }

 private:
  using Versions = std::map<std::string, std::uint64_t>;

  /// A request, and the error that it is due.
  struct Planned {
    AppendRequest request;
    std::optional<ErrorCode> error;
    std::vector<std::pair<std::string, std::string>> texts;
  };

  TestLedger::Options options() {
    TestLedger::Options made;
    made.ledger.extra_signers = static_cast<unsigned>(random_.below(3));
    made.ledger.commit_events_max = 1 + random_.below(40);
    made.lmdb.map_bytes = std::uint64_t{1} << 20U;
    return made;
  }

  void grow(const std::string& stream, const std::string& text) {
    versions_[stream] += 1;
    texts_.push_back(text);
    fold_.add(text);
  }

  /// An event that follows `versions`, or has a flaw.
  store::Event plan_event(Versions& versions, Planned& planned) {
    auto stream = "stream/" + std::to_string(random_.below(4));
    auto text = "text " + std::to_string(random_.next());
    auto event = text_event(stream, versions[stream], text);
    auto flaw = random_.below(30);
    std::optional<ErrorCode> error;
    if (flaw == 0) {
      event.expected_version += 1 + random_.below(3);
      error = ErrorCode::version_conflict;
    } else if (flaw == 1 && event.expected_version > 0) {
      event.expected_version -= 1;
      error = ErrorCode::version_conflict;
    } else if (flaw == 2) {
      event =
          text_event(stream, event.expected_version, std::string(66'000, 'x'));
      error = ErrorCode::oversized;
    } else if (flaw == 3) {
      event.stream = "Not A Stream";
      error = ErrorCode::bad_input;
    }
    if (error && !planned.error) planned.error = error;
    versions[stream] += 1;
    planned.texts.emplace_back(stream, text);
    return event;
  }

  Planned plan_request(Versions& versions) {
    Planned planned;
    auto ahead = versions;
    auto count = random_.below(5);
    for (std::uint64_t i = 0; i < count; ++i)
      planned.request.push_back(plan_event(ahead, planned));
    if (count == 0) planned.error = ErrorCode::bad_input;
    if (!planned.error) versions = ahead;
    return planned;
  }

  void append_group() {
    auto versions = versions_;
    std::vector<Planned> plans;
    std::vector<AppendRequest> group;
    for (auto count = 1 + random_.below(12); count > 0; --count) {
      plans.push_back(plan_request(versions));
      group.push_back(std::move(plans.back().request));
    }
    auto answers = (*ledger_)->append(group, clock());
    BOOST_REQUIRE(answers.size() == plans.size());
    for (std::size_t i = 0; i < plans.size(); ++i) {
      if (plans[i].error) {
        BOOST_REQUIRE(is_error(answers[i], *plans[i].error));
        continue;
      }
      auto appended = must(answers[i]);
      BOOST_REQUIRE(appended.first == texts_.size());
      BOOST_REQUIRE(appended.count == plans[i].texts.size());
      for (const auto& [stream, text] : plans[i].texts) grow(stream, text);
    }
  }

  void rotate() {
    auto rotated = must((*ledger_)->rotate_key(tester, clock()));
    BOOST_REQUIRE(rotated.first == texts_.size());
    grow("node", "");
  }

  void reopen() {
    ledger_.reset();
    ledger_ = must(TestLedger::open(scratch_.path(), options()));
    BOOST_REQUIRE(!(*ledger_)->unpublished());
  }

  void compare() {
    const auto& position = (*ledger_)->position();
    BOOST_REQUIRE(position.head.size == texts_.size());
    for (const auto& [stream, version] : versions_)
      BOOST_REQUIRE((*ledger_)->stream_version(stream) == version);
    for (const auto& [stream, version] : position.streams)
      BOOST_REQUIRE(versions_[stream] == version);
    BOOST_REQUIRE(!(*ledger_)->failure());
    check_checkpoint(*ledger_);
  }

  store::ClockReading clock() {
    return {static_cast<std::int64_t>(random_.next()), random_.next(),
            random_.below(2) == 0};
  }

  Random random_;
  ScratchDirectory scratch_;
  Versions versions_;
  std::vector<std::string> texts_;
  TextFold fold_;
  std::optional<TestLedger> ledger_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_random_life_goes_as_a_plain_model_says) {
  auto first = seed_or(20260101);
  for (auto seed = first; seed < first + 5; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed
                               << ", again with PPN_TEST_SEED=" << seed) {
      RandomLife life{seed};
      for (int step = 0; step < 200; ++step) {
        BOOST_TEST_CONTEXT("step " << step) { life.step(); }
      }
      life.finish();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
