// Opening a ledger: what is checked, what is refused, and what is replayed.
#include "store/opening.hpp"

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/ledger_view.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::StateDirectory;

namespace fs = std::filesystem;

namespace {

const store::Principal operator_1000{schema::PrincipalKind::operator_,
                                     "uid/1000"};

/// Appends `count` entries, each in a commit of its own, and publishes.
void append(TestLedger& ledger, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    must(ledger->append(numbered_request(*ledger, 1), test_clock));
  must(ledger->publish());
}

/// A state directory with a ledger of `size` entries that nobody has open.
class ClosedLedger {
 public:
  explicit ClosedLedger(std::size_t size) {
    auto ledger = must(TestLedger::found(path()));
    append(ledger, size - 1);
  }

  [[nodiscard]] const fs::path& path() const { return scratch_.path(); }
  [[nodiscard]] StateDirectory directory() const { return {path()}; }

  [[nodiscard]] store::Result<TestLedger> open() const {
    return TestLedger::open(path());
  }
  [[nodiscard]] store::Result<TestLedger> open_accepting() const {
    TestLedger::Options options;
    options.ledger.accept_outside_checkpoint = operator_1000;
    return TestLedger::open(path(), std::move(options));
  }

  void append_more(std::size_t count) const {
    auto ledger = must(open());
    append(ledger, count);
  }

  [[nodiscard]] std::string checkpoint() const {
    return must(store::read_file(directory().outside_checkpoint(),
                                 store::max_note_size));
  }
  void set_checkpoint(const std::string& note) const {
    must(store::replace_file(directory().outside_checkpoint(),
                             store::as_bytes(note), 0600));
  }

  /// Copies the database to or from `place`.
  void save(const fs::path& place) const {
    fs::copy(directory().ledger(), place);
  }
  void restore(const fs::path& place) const {
    fs::remove_all(directory().ledger());
    fs::copy(place, directory().ledger());
  }

 private:
  ScratchDirectory scratch_;
};

/// What Ledger::open needs, to be called directly.
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
  StateDirectory directory_;
  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<store::FileKeyStore> keys_;
  store::OutsideCheckpointFile outside_;
};

/// Remembers what it is told.
class Listener final : public store::Replay {
 public:
  bool begin_at(std::uint64_t size, ByteView state) override {
    begun_at = size;
    begun_with.assign(state.begin(), state.end());
    return takes_states;
  }
  store::Status apply(const schema::Entry& entry) override {
    if (entry.sequence() == refused_sequence)
      return store::Error{ErrorCode::damaged, "a contradiction"};
    sequences.push_back(entry.sequence());
    return {};
  }

  bool takes_states = true;
  std::optional<std::uint64_t> refused_sequence;
  std::optional<std::uint64_t> begun_at;
  Bytes begun_with;
  std::vector<std::uint64_t> sequences;
};

std::vector<std::uint64_t> from_to(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> all;
  for (; from < to; ++from) all.push_back(from);
  return all;
}

void open_with(const fs::path& path, Listener& listener) {
  Parts parts{path};
  must(store::Ledger::open(parts(), listener, test_clock));
}

/// Puts an entry after all others, as a newer program might have done: with
/// all that belongs to it, but for the checkpoint.
void put_by_hand(store::Backend& backend, ByteView entry) {
  auto transaction = must(backend.write());
  store::LedgerView view{*transaction};
  auto size = must(view.size());
  std::vector<Hash> edge;
  for (const auto& address : store::frontier_of(size))
    edge.push_back(must(view.nodes()(address)));
  store::Frontier frontier{size, edge};

  auto signature = key_of_seed(1).sign(store::entry_domain, entry);
  Bytes record{entry.begin(), entry.end()};
  record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
  auto halves = must(store::split_record(record));
  Bytes nodes;
  frontier.append(store::hash_record(halves).leaf, [&](const Hash& node) {
    nodes.insert(nodes.end(), node.bytes.begin(), node.bytes.end());
  });
  auto key = store::big_endian(size);
  must(transaction->append(store::Table::entries, key, record));
  must(transaction->append(store::Table::tree, key, nodes));
  must(transaction->commit());
}

/// An entry that follows `position`, with an event of kind `kind`.
Bytes next_entry(const store::LedgerPosition& position, schema::Event kind,
                 std::uint16_t level) {
  flatbuffers::FlatBufferBuilder builder;
  auto payload =
      schema::CreateNodeStarted(builder, 1, builder.CreateString("9.0"));
  auto principal = schema::CreatePrincipal(builder, schema::PrincipalKind::node,
                                           builder.CreateString("ppnd"));
  auto stream = builder.CreateString("future");
  auto prev = position.link.stored();
  auto node = position.node.stored();
  schema::ClockReading reading;
  schema::FinishEntryBuffer(
      builder, schema::CreateEntry(builder, position.head.size, &prev, &node,
                                   stream, 1, &reading, principal, 0, level,
                                   kind, payload.Union()));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(opening)

// -- reopening ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_ledger_opens_where_it_was_closed) {
  ScratchDirectory scratch;
  store::LedgerPosition position;
  std::string checkpoint;
  {
    auto ledger = must(TestLedger::found(scratch.path()));
    append(ledger, 5);
    must(ledger->rotate_key(operator_1000, test_clock));
    append(ledger, 2);
    position = ledger->position();
    checkpoint = ledger->checkpoint();
  }
  auto opened = must(TestLedger::open(scratch.path()));
  BOOST_TEST((opened->position() == position));
  BOOST_TEST(opened->checkpoint() == checkpoint);
  BOOST_TEST(opened->stream_version("node") == 2U);
  append(opened, 1);
}

BOOST_AUTO_TEST_CASE(a_directory_without_a_ledger_is_not_found) {
  ScratchDirectory scratch;
  BOOST_TEST(is_error(TestLedger::open(scratch.path()), ErrorCode::not_found));
}

// -- the checkpoint outside --------------------------------------------------

BOOST_AUTO_TEST_CASE(without_the_checkpoint_outside_it_does_not_open) {
  ClosedLedger closed{3};
  fs::remove(closed.directory().outside_checkpoint());
  BOOST_TEST(is_error(closed.open(), ErrorCode::no_outside_checkpoint));
  // Having tried changes nothing.
  BOOST_TEST(!fs::exists(closed.directory().outside_checkpoint()));
  BOOST_TEST(is_error(closed.open(), ErrorCode::no_outside_checkpoint));
}

namespace {

/// The last entry says that the checkpoint outside was accepted.
void check_acceptance(TestLedger& ledger, const store::TreeHead& head,
                      schema::OutsideCheckpointProblem problem) {
  auto transaction = must(ledger.backend().read());
  auto record = must(store::LedgerView{*transaction}.record(head.size));
  store::AlignedBytes aligned;
  const auto* entry = must(store::check_entry(
      aligned.assign(must(store::split_record(record)).entry)));
  const auto* accepted = entry->payload_as_OutsideCheckpointAccepted();
  BOOST_REQUIRE(accepted != nullptr);
  BOOST_TEST((accepted->problem() == problem));
  BOOST_TEST(accepted->size() == head.size);
  BOOST_TEST(Hash{*accepted->root()} == head.root);
  BOOST_TEST(entry->principal()->id()->str() == operator_1000.id);
  BOOST_TEST(ledger->position().head.size == head.size + 1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(accepting_a_missing_checkpoint_is_recorded) {
  ClosedLedger closed{3};
  auto head = must(store::parse_checkpoint(closed.checkpoint())).head;
  fs::remove(closed.directory().outside_checkpoint());
  {
    auto ledger = must(closed.open_accepting());
    check_acceptance(ledger, head, schema::OutsideCheckpointProblem::missing);
    must(ledger->publish());
  }
  must(closed.open());
}

BOOST_AUTO_TEST_CASE(accepting_an_invalid_checkpoint_is_recorded) {
  ClosedLedger closed{3};
  auto head = must(store::parse_checkpoint(closed.checkpoint())).head;
  closed.set_checkpoint("no checkpoint at all\n");
  BOOST_TEST(is_error(closed.open(), ErrorCode::no_outside_checkpoint));
  {
    auto ledger = must(closed.open_accepting());
    check_acceptance(ledger, head, schema::OutsideCheckpointProblem::invalid);
  }
  must(closed.open());
}

BOOST_AUTO_TEST_CASE(a_checkpoint_with_a_wrong_signature_is_invalid) {
  ClosedLedger closed{3};
  auto position = must(closed.open())->position();
  auto head = position.head;
  closed.set_checkpoint(
      must(store::sign_checkpoint(position.node, head, key_of_seed(9))));
  BOOST_TEST(is_error(closed.open(), ErrorCode::no_outside_checkpoint));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_node_is_invalid) {
  ClosedLedger closed{3};
  ClosedLedger other{3};
  closed.set_checkpoint(other.checkpoint());
  BOOST_TEST(is_error(closed.open(), ErrorCode::no_outside_checkpoint));
}

BOOST_AUTO_TEST_CASE(a_good_checkpoint_needs_no_acceptance) {
  ClosedLedger closed{3};
  auto ledger = must(closed.open_accepting());
  BOOST_TEST(ledger->position().head.size == 3U);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_lags_is_renewed) {
  ClosedLedger closed{3};
  auto older = closed.checkpoint();
  closed.append_more(4);
  auto newest = closed.checkpoint();
  closed.set_checkpoint(older);
  must(closed.open());
  BOOST_TEST(closed.checkpoint() == newest);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_from_before_a_key_rotation_is_good) {
  ClosedLedger closed{3};
  auto older = closed.checkpoint();
  {
    auto ledger = must(closed.open());
    must(ledger->rotate_key(operator_1000, test_clock));
    append(ledger, 2);
  }
  closed.set_checkpoint(older);
  must(closed.open());
}

BOOST_AUTO_TEST_CASE(a_ledger_that_was_rolled_back_does_not_open) {
  ClosedLedger closed{3};
  ScratchDirectory elsewhere;
  closed.save(elsewhere / "saved");
  closed.append_more(1);
  closed.restore(elsewhere / "saved");
  BOOST_TEST(is_error(closed.open(), ErrorCode::rolled_back));
  // Nobody can accept that.
  BOOST_TEST(is_error(closed.open_accepting(), ErrorCode::rolled_back));
}

BOOST_AUTO_TEST_CASE(a_ledger_rolled_back_over_a_key_rotation_does_not_open) {
  ClosedLedger closed{3};
  ScratchDirectory elsewhere;
  closed.save(elsewhere / "saved");
  {
    auto ledger = must(closed.open());
    must(ledger->rotate_key(operator_1000, test_clock));
    append(ledger, 2);
  }
  closed.restore(elsewhere / "saved");
  BOOST_TEST(is_error(closed.open_accepting(), ErrorCode::rolled_back));
}

BOOST_AUTO_TEST_CASE(a_ledger_that_was_forked_does_not_open) {
  ClosedLedger closed{3};
  ScratchDirectory elsewhere;
  closed.save(elsewhere / "saved");
  {
    auto ledger = must(closed.open());
    must(ledger->append(numbered_request(*ledger, 2), test_clock));
    must(ledger->publish());
  }
  auto other = closed.checkpoint();
  closed.restore(elsewhere / "saved");
  closed.set_checkpoint(
      [&] {  // the copy's own, or it would count as rolled back
        Parts parts{closed.path()};
        auto transaction = must(parts.backend().read());
        return must(store::LedgerView{*transaction}.checkpoint_note());
      }());
  {
    auto ledger = must(closed.open());
    must(ledger->append(numbered_request(*ledger, 3),
                        {test_clock.utc_ns + 1, 0, false}));
    must(ledger->publish());
  }
  must(closed.open());
  closed.set_checkpoint(other);
  BOOST_TEST(is_error(closed.open(), ErrorCode::forked));
  BOOST_TEST(is_error(closed.open_accepting(), ErrorCode::forked));
}

BOOST_AUTO_TEST_CASE(no_node_is_founded_where_one_lived) {
  ClosedLedger closed{3};
  fs::remove_all(closed.directory().ledger());
  BOOST_TEST(
      is_error(TestLedger::found(closed.path()), ErrorCode::rolled_back));
}

BOOST_AUTO_TEST_CASE(founding_that_never_committed_may_be_tried_again) {
  ClosedLedger closed{1};
  auto position = must(closed.open())->position();
  fs::remove_all(closed.directory().ledger());
  closed.set_checkpoint(must(store::sign_checkpoint(
      position.node, {0, store::Frontier{}.root()}, key_of_seed(1))));
  must(TestLedger::found(closed.path()));
}

// -- keys --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(without_its_key_a_ledger_does_not_open) {
  ClosedLedger closed{2};
  for (const auto& file : fs::directory_iterator{closed.directory().keys()})
    fs::remove(file.path());
  BOOST_TEST(is_error(closed.open(), ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(a_key_that_never_took_over_is_retired) {
  ClosedLedger closed{2};
  auto key = must(closed.open())->position().keys.back().key;
  {
    auto keys = must(store::FileKeyStore::open(closed.directory().keys()));
    must(keys->create());
  }
  must(closed.open());
  std::vector<std::string> left;
  for (const auto& file : fs::directory_iterator{closed.directory().keys()})
    left.push_back(file.path().filename().string());
  BOOST_REQUIRE(left.size() == 1U);
  BOOST_TEST(left[0] == key.hex() + ".key");
}

// -- replay ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_entry_is_replayed_once_and_in_order) {
  ClosedLedger closed{20};
  Listener listener;
  open_with(closed.path(), listener);
  BOOST_TEST(!listener.begun_at);
  BOOST_TEST(listener.sequences == from_to(0, 20),
             boost::test_tools::per_element());
}

namespace {

constexpr std::uint64_t snapshot_size = 6;
const Bytes snapshot_state{1, 2, 3, 0, 255};

/// A ledger of 10 entries with a snapshot on the first 6.
class WithSnapshot : public ClosedLedger {
 public:
  WithSnapshot() : ClosedLedger(snapshot_size) {
    auto ledger = must(open());
    must(ledger->write_snapshot(snapshot_state));
    append(ledger, 4);
  }
};

/// Replaces the snapshot by what `change` makes of it.
template <class Change>
void change_snapshot(const fs::path& path, Change&& change) {
  Parts parts{path};
  auto transaction = must(parts.backend().write());
  auto key = store::big_endian(snapshot_size);
  auto stored = must(transaction->get(store::Table::snapshots, key));
  Bytes changed{stored.begin(), stored.end()};
  change(changed);
  must(transaction->replace(store::Table::snapshots, key, changed));
  must(transaction->commit());
}

}  // namespace

BOOST_AUTO_TEST_CASE(replay_begins_at_a_snapshot) {
  WithSnapshot closed;
  auto position = must(closed.open())->position();
  Listener listener;
  open_with(closed.path(), listener);
  BOOST_REQUIRE(listener.begun_at.has_value());
  BOOST_TEST(*listener.begun_at == snapshot_size);
  BOOST_TEST(to_hex(listener.begun_with) == to_hex(snapshot_state));
  BOOST_TEST(listener.sequences == from_to(snapshot_size, 10),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(all_is_replayed_for_who_can_not_use_the_snapshot) {
  WithSnapshot closed;
  Listener listener;
  listener.takes_states = false;
  open_with(closed.path(), listener);
  BOOST_TEST(listener.begun_at.has_value());
  BOOST_TEST(listener.sequences == from_to(0, 10),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(with_and_without_a_snapshot_the_position_is_the_same) {
  WithSnapshot closed;
  Parts parts{closed.path()};
  auto transaction = must(parts.backend().read());
  Listener from_snapshot;
  Listener from_start;
  from_start.takes_states = false;
  auto one = must(store::check_and_replay(*transaction, from_snapshot));
  auto other = must(store::check_and_replay(*transaction, from_start));
  BOOST_TEST((one.position == other.position));
  BOOST_TEST((one.frontier.nodes() == other.frontier.nodes()));
  BOOST_TEST(one.checkpoint == other.checkpoint);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_all_entries_leaves_none_to_replay) {
  ClosedLedger closed{5};
  {
    auto ledger = must(closed.open());
    must(ledger->write_snapshot(snapshot_state));
  }
  Listener listener;
  open_with(closed.path(), listener);
  BOOST_TEST(listener.begun_at.value_or(0) == 5U);
  BOOST_TEST(listener.sequences.empty());
  closed.append_more(1);
}

BOOST_AUTO_TEST_CASE(a_damaged_snapshot_is_passed_over) {
  WithSnapshot closed;
  for (std::size_t byte : {0U, 40U, 200U}) {
    change_snapshot(closed.path(), [&](Bytes& stored) {
      stored[byte] = static_cast<std::uint8_t>(stored[byte] ^ 1U);
    });
    Listener listener;
    open_with(closed.path(), listener);
    BOOST_TEST(!listener.begun_at, "byte " << byte);
    BOOST_TEST(listener.sequences == from_to(0, 10),
               boost::test_tools::per_element());
    change_snapshot(closed.path(), [&](Bytes& stored) {
      stored[byte] = static_cast<std::uint8_t>(stored[byte] ^ 1U);
    });
  }
  Listener listener;
  open_with(closed.path(), listener);
  BOOST_TEST(listener.begun_at.has_value());
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_another_ledger_is_passed_over) {
  WithSnapshot closed;
  WithSnapshot other;
  Bytes foreign;
  change_snapshot(other.path(), [&](const Bytes& stored) { foreign = stored; });
  change_snapshot(closed.path(), [&](Bytes& stored) { stored = foreign; });
  Listener listener;
  open_with(closed.path(), listener);
  BOOST_TEST(!listener.begun_at);
  BOOST_TEST(listener.sequences.size() == 10U);
}

BOOST_AUTO_TEST_CASE(what_replay_refuses_is_named) {
  ClosedLedger closed{8};
  Listener listener;
  listener.refused_sequence = 5;
  Parts parts{closed.path()};
  auto error = error_of(store::Ledger::open(parts(), listener, test_clock));
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "entry 5"));
  BOOST_TEST(mentions(error.message, "a contradiction"));
}

// -- the future --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_event_of_an_unknown_kind_is_too_new) {
  ClosedLedger closed{3};
  auto position = must(closed.open())->position();
  {
    Parts parts{closed.path()};
    put_by_hand(parts.backend(),
                next_entry(position, static_cast<schema::Event>(200), 2));
  }
  auto error = error_of(closed.open());
  BOOST_TEST(error.code == ErrorCode::too_new);
  BOOST_TEST(mentions(error.message, "entry 3"));
}

BOOST_AUTO_TEST_CASE(an_entry_signed_by_nobody_is_damaged) {
  ClosedLedger closed{3};
  auto position = must(closed.open())->position();
  {
    Parts parts{closed.path()};
    put_by_hand(parts.backend(),
                next_entry(position, schema::Event::NodeStarted, 1));
  }
  auto error = error_of(closed.open());
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "entry 3"));
}

BOOST_AUTO_TEST_CASE(a_format_of_the_future_is_too_new) {
  ClosedLedger closed{3};
  {
    Parts parts{closed.path()};
    auto transaction = must(parts.backend().write());
    must(transaction->replace(store::Table::meta,
                              store::as_bytes(store::meta_format),
                              store::as_bytes("ppn-ledger 2")));
    must(transaction->commit());
  }
  BOOST_TEST(is_error(closed.open(), ErrorCode::too_new));
}

// -- publishing --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_checkpoint_outside_is_renewed_every_100_ms_at_most) {
  constexpr std::uint64_t interval = 100'000'000;
  ClosedLedger closed{1};
  auto ledger = must(closed.open());
  BOOST_TEST(!ledger->unpublished());
  auto append_one = [&] {
    must(ledger->append(numbered_request(*ledger, 1), test_clock));
    BOOST_TEST(ledger->unpublished());
  };
  auto is_newest = [&] { return closed.checkpoint() == ledger->checkpoint(); };
  std::uint64_t now = 5'000'000'000;

  append_one();
  must(ledger->publish(now));
  BOOST_TEST(is_newest());
  BOOST_TEST(!ledger->unpublished());

  append_one();
  must(ledger->publish(now));
  must(ledger->publish(now + interval - 1));
  BOOST_TEST(!is_newest());
  BOOST_TEST(ledger->unpublished());
  must(ledger->publish(now + interval));
  BOOST_TEST(is_newest());
  BOOST_TEST(!ledger->unpublished());

  // What did not lag does not count.
  must(ledger->publish(now + 3 * interval));
  append_one();
  must(ledger->publish(now + 3 * interval));
  BOOST_TEST(is_newest());
}

BOOST_AUTO_TEST_CASE(without_a_clock_the_checkpoint_is_renewed_at_once) {
  ClosedLedger closed{1};
  auto ledger = must(closed.open());
  for (int i = 0; i < 3; ++i) {
    must(ledger->append(numbered_request(*ledger, 1), test_clock));
    must(ledger->publish());
    BOOST_TEST(closed.checkpoint() == ledger->checkpoint());
  }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_can_not_be_written_lags) {
  ClosedLedger closed{1};
  auto ledger = must(closed.open());
  auto path = closed.directory().outside_checkpoint();
  fs::remove(path);
  fs::create_directories(path / "in the way");
  must(ledger->append(numbered_request(*ledger, 1), test_clock));
  BOOST_TEST(!ledger->publish().ok());
  BOOST_TEST(ledger->unpublished());
  BOOST_TEST(!ledger->failure());
  must(ledger->append(numbered_request(*ledger, 1), test_clock));
  fs::remove_all(path);
  must(ledger->publish());
  BOOST_TEST(closed.checkpoint() == ledger->checkpoint());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
