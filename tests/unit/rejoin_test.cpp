// A node that lost its tail begins a new identity in the same directory,
// however often it is interrupted.
#include "runtime/rejoin.hpp"

#include <sys/stat.h>

#include <fstream>

#include "runtime/tunnel_keys.hpp"
#include "store/key_rotation.hpp"
#include "store/lmdb_backend.hpp"
#include "store/writer_lock.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using runtime::RejoinPlan;
using store::ErrorCode;
using store::Founding;
using store::StateDirectory;

namespace {

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

std::size_t files_in(const fs::path& directory, const std::string& extension) {
  std::size_t count = 0;
  for (const auto& item : fs::directory_iterator{directory})
    count += item.path().extension() == extension ? 1 : 0;
  return count;
}

store::Event started() {
  schema::NodeStartedT event;
  event.boot = 1;
  store::Event draft;
  draft.stream = store::node_stream;
  draft.expected_version = 1;
  draft.principal = {schema::PrincipalKind::actor, "node"};
  draft.payload.Set(std::move(event));
  return draft;
}

/// A node that began its life, and ended in order.
struct Node {
  Node() {
    auto ledger = must(TestLedger::found(scratch.path()));
    must(ledger->append({started()}, test_clock));
    must(ledger->publish());
    id = ledger->position().node;
    checkpoint = ledger->checkpoint();
    must(must(runtime::TunnelKeys::open(directory.keys()))->create());
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  /// What is read-only can not be removed by everybody.
  ~Node() {
    std::error_code ignored;
    for (const auto& item :
         fs::recursive_directory_iterator{directory.root, ignored})
      fs::permissions(item.path(), fs::perms::owner_all, ignored);
  }

  [[nodiscard]] Founding intent() const {
    return {"cloud", store::Rejoin{id, checkpoint}};
  }

  [[nodiscard]] RejoinPlan plan() const {
    return must(runtime::plan_rejoin(directory, "unread"));
  }

  /// What ppnd does when it is started.
  [[nodiscard]] store::Result<std::shared_ptr<actors::OpenLedger>> start()
      const {
    auto founding = runtime::founding_in(directory, "fresh");
    if (!founding) return founding.error();
    auto backend = must(store::LmdbBackend::open_for_writing(directory));
    auto keys = must(store::FileKeyStore::open(directory.keys()));
    store::OutsideCheckpointFile outside{directory.outside_checkpoint()};
    auto opened = runtime::open_founded(directory, {*backend, *keys, outside},
                                        *founding, {});
    if (!opened) return opened.error();
    // It needs its backend no longer than this.
    (*opened)->ledger.reset();
    return opened;
  }

  ScratchDirectory scratch;
  StateDirectory directory{scratch.path()};
  NodeId id;
  std::string checkpoint;
};

/// All of it was done, by whomever and in however many turns.
void expect_rejoined(const Node& node, const events::Node& successor) {
  BOOST_TEST(successor.id != node.id);
  BOOST_TEST((successor.replaces == node.id));
  BOOST_TEST(!fs::exists(node.directory.rejoin()));
  auto former = node.directory.former(node.id);
  BOOST_TEST(fs::exists(former.database()));
  BOOST_TEST(must(store::read_file(former.outside_checkpoint(), 10'000)) ==
             node.checkpoint);
  BOOST_TEST(files_in(node.directory.keys(), ".key") == 1U);
  BOOST_TEST(files_in(node.directory.keys(), ".tunnel") == 0U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rejoin)

// -- the intent --------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(an_intent_is_read_as_it_was_written, Node) {
  must(store::intend_rejoin(directory, intent()));
  auto read = must(store::intended_rejoin(directory));
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(read->node_name == "cloud");
  BOOST_TEST(read->rejoin->replaces == id);
  BOOST_TEST(read->rejoin->last_checkpoint == checkpoint);
  BOOST_TEST(mode_of(directory.rejoin()) == 0600U);
}

BOOST_FIXTURE_TEST_CASE(without_an_intent_there_is_nothing_to_do, Node) {
  BOOST_TEST(!must(store::intended_rejoin(directory)).has_value());
  auto founding = must(runtime::founding_in(directory, "fresh"));
  BOOST_TEST(founding.node_name == "fresh");
  BOOST_TEST(!founding.rejoin.has_value());
}

BOOST_FIXTURE_TEST_CASE(what_is_no_intent_is_named, Node) {
  auto whole = store::format_intent(intent());
  for (const auto& damaged :
       {std::string{}, whole.substr(1), whole.substr(0, whole.size() - 1),
        "ppn-rejoin-v1\nxy" + whole.substr(whole.find('\n') + 3),
        whole.substr(0, whole.find("cloud"))}) {
    BOOST_TEST(is_error(store::parse_intent(damaged), ErrorCode::damaged));
    std::ofstream{directory.rejoin()} << damaged;
    auto error = error_of(store::intended_rejoin(directory));
    BOOST_TEST(mentions(error.message, directory.rejoin().string()));
  }
}

BOOST_FIXTURE_TEST_CASE(nothing_is_decided_while_somebody_writes, Node) {
  auto lock = must(store::WriterLock::acquire(directory.writer_lock()));
  BOOST_TEST(
      is_error(store::intend_rejoin(directory, intent()), ErrorCode::locked));
  BOOST_TEST(is_error(store::put_away(directory, id), ErrorCode::locked));
  BOOST_TEST(
      is_error(runtime::plan_rejoin(directory, "unread"), ErrorCode::locked));
  BOOST_TEST(!fs::exists(directory.rejoin()));
  BOOST_TEST(fs::exists(directory.database()));
}

// -- putting away ------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(what_is_put_away_is_for_reading_only, Node) {
  std::ofstream{directory.nodes_file()} << "a line\n";
  must(store::put_away(directory, id));
  auto former = directory.former(id);
  for (const auto& file :
       {former.database(), former.outside_checkpoint(), former.nodes_file()})
    BOOST_TEST(mode_of(file) == 0400U, file);
  for (const auto& place : {former.root, former.ledger()})
    BOOST_TEST(mode_of(place) == 0500U, place);
  BOOST_TEST(mode_of(former.root.parent_path()) == 0700U);
  for (const auto& file : {directory.ledger(), directory.outside_checkpoint(),
                           directory.nodes_file()})
    BOOST_TEST(!fs::exists(file), file);
}

BOOST_FIXTURE_TEST_CASE(private_keys_are_not_kept_with_the_old_ledger, Node) {
  must(store::put_away(directory, id));
  BOOST_TEST(!fs::exists(directory.former(id).keys()));
}

BOOST_FIXTURE_TEST_CASE(what_is_put_away_can_be_read, Node) {
  must(store::put_away(directory, id));
  auto database =
      must(store::LmdbBackend::open_for_reading(directory.former(id)));
  BOOST_TEST(must(must(database->read())->count(store::Table::entries)) == 2U);
}

BOOST_FIXTURE_TEST_CASE(the_ledger_of_a_successor_is_never_put_away, Node) {
  must(store::put_away(directory, id));
  must(TestLedger::found(directory.root));
  must(store::put_away(directory, id));
  BOOST_TEST(fs::exists(directory.database()));
  BOOST_TEST(fs::exists(directory.outside_checkpoint()));
}

// -- wherever it was left ----------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_node_that_rejoins_is_another_one, Node) {
  auto planned = plan();
  auto position = must(runtime::rejoin(directory, planned));
  BOOST_TEST(position.node != id);
  BOOST_TEST(position.head.size == 1U);
  expect_rejoined(*this, must(start())->state.node);
}

BOOST_FIXTURE_TEST_CASE(what_was_only_decided_is_done_at_the_next_start, Node) {
  must(store::intend_rejoin(directory, intent()));
  auto opened = must(start());
  BOOST_TEST(opened->state.node.name == "cloud");
  expect_rejoined(*this, opened->state.node);
}

BOOST_FIXTURE_TEST_CASE(what_was_begun_is_planned_as_it_was_decided, Node) {
  must(store::intend_rejoin(directory, intent()));
  must(store::put_away(directory, id));
  auto planned = plan();
  BOOST_TEST(planned.is_begun);
  BOOST_TEST(planned.is_lost());
  BOOST_TEST(planned.founding.node_name == "cloud");
  must(runtime::rejoin(directory, planned));
  expect_rejoined(*this, must(start())->state.node);
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_that_was_moved_alone_is_followed, Node) {
  must(store::intend_rejoin(directory, intent()));
  auto former = directory.former(id);
  fs::create_directories(former.root);
  fs::rename(directory.outside_checkpoint(), former.outside_checkpoint());
  expect_rejoined(*this, must(start())->state.node);
}

BOOST_FIXTURE_TEST_CASE(a_successor_that_was_founded_is_not_founded_again,
                        Node) {
  must(store::intend_rejoin(directory, intent()));
  auto written = must(store::read_file(directory.rejoin(), 10'000));
  auto first = must(start())->state.node.id;
  // As if its end had not become durable.
  must(store::replace_file(directory.rejoin(), store::as_bytes(written), 0600));
  auto again = must(start());
  BOOST_TEST(again->state.node.id == first);
  expect_rejoined(*this, again->state.node);
}

BOOST_FIXTURE_TEST_CASE(the_ledger_of_another_node_takes_no_place, Node) {
  must(store::intend_rejoin(directory, intent()));
  must(store::put_away(directory, id));
  must(TestLedger::found(directory.root));
  BOOST_TEST(is_error(start(), ErrorCode::forked));
  BOOST_TEST(fs::exists(directory.rejoin()));
}

// -- what is planned ---------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_good_ledger_is_not_lost, Node) {
  auto planned = plan();
  BOOST_TEST(!planned.old.fault.has_value());
  BOOST_TEST(!planned.is_lost());
  BOOST_TEST(planned.founding.node_name == "test");
  BOOST_TEST(planned.founding.rejoin->replaces == id);
  BOOST_TEST(planned.founding.rejoin->last_checkpoint == checkpoint);
}

BOOST_FIXTURE_TEST_CASE(to_plan_changes_nothing, Node) {
  BOOST_TEST(!plan().is_begun);
  BOOST_TEST(!fs::exists(directory.rejoin()));
  BOOST_TEST(!fs::exists(directory.former(id).root));
  BOOST_TEST(must(start())->state.node.id == id);
}

BOOST_FIXTURE_TEST_CASE(a_ledger_without_its_key_is_lost, Node) {
  for (const auto& item : fs::directory_iterator{directory.keys()})
    fs::remove(item.path());
  auto planned = plan();
  BOOST_REQUIRE(planned.old.fault.has_value());
  BOOST_TEST(planned.old.fault->code == ErrorCode::key);
  BOOST_TEST(planned.is_lost());
}

BOOST_FIXTURE_TEST_CASE(a_key_that_others_may_read_is_not_lost, Node) {
  for (const auto& item : fs::directory_iterator{directory.keys()})
    BOOST_REQUIRE(::chmod(item.path().c_str(), 0640) == 0);
  auto planned = plan();
  BOOST_REQUIRE(planned.old.fault.has_value());
  BOOST_TEST(mentions(planned.old.fault->message, "chmod 600"));
  BOOST_TEST(!planned.is_lost());
}

/// Two planned it at once, and the other one did it.
BOOST_FIXTURE_TEST_CASE(an_identity_that_was_given_up_is_not_given_up_again,
                        Node) {
  auto planned = plan();
  must(runtime::rejoin(directory, planned));
  BOOST_TEST(
      is_error(runtime::rejoin(directory, planned), ErrorCode::bad_input));
  BOOST_TEST(!fs::exists(directory.rejoin()));
}

BOOST_FIXTURE_TEST_CASE(a_ledger_without_its_checkpoint_outside_is_lost, Node) {
  fs::remove(directory.outside_checkpoint());
  auto planned = plan();
  BOOST_TEST(planned.is_lost());
  BOOST_TEST(planned.founding.rejoin->last_checkpoint == checkpoint);
}

BOOST_FIXTURE_TEST_CASE(a_ledger_that_is_too_new_is_not_lost, Node) {
  RejoinPlan planned;
  planned.old.fault = store::Error{ErrorCode::too_new, "it is"};
  BOOST_TEST(!planned.is_lost());
}

BOOST_FIXTURE_TEST_CASE(a_database_that_can_not_be_read_leaves_a_checkpoint,
                        Node) {
  std::ofstream{directory.database()} << std::string(8192, 'x');
  auto planned = plan();
  BOOST_TEST(planned.is_lost());
  BOOST_TEST(planned.founding.rejoin->replaces == id);
  BOOST_TEST(planned.founding.node_name == "unread");
  BOOST_TEST(!planned.old.remains->is_verified);
}

BOOST_FIXTURE_TEST_CASE(a_database_that_crashes_its_reader_does_no_harm, Node) {
  // Its pages are missing where its head says that they are.
  fs::resize_file(directory.database(), 8192);
  auto planned = plan();
  BOOST_TEST(planned.is_lost());
  BOOST_TEST(planned.founding.rejoin->replaces == id);
}

BOOST_FIXTURE_TEST_CASE(a_name_that_nobody_tells_must_be_good, Node) {
  fs::remove_all(directory.ledger());
  auto error = error_of(runtime::plan_rejoin(directory, "no.name"));
  BOOST_TEST(error.code == ErrorCode::bad_input);
  BOOST_TEST(mentions(error.message, "set `name` in the configuration"));
}

BOOST_FIXTURE_TEST_CASE(without_ledger_and_checkpoint_nobody_can_tell, Node) {
  std::ofstream{directory.database()} << std::string(8192, 'x');
  fs::remove(directory.outside_checkpoint());
  BOOST_TEST(
      is_error(runtime::plan_rejoin(directory, "unread"), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(where_no_node_was_there_is_nothing_to_rejoin) {
  ScratchDirectory scratch;
  BOOST_TEST(is_error(runtime::plan_rejoin({scratch.path()}, "unread"),
                      ErrorCode::not_found));
}

BOOST_FIXTURE_TEST_CASE(an_identity_is_kept_once, Node) {
  fs::create_directories(directory.former(id).root);
  auto error = error_of(runtime::plan_rejoin(directory, "unread"));
  BOOST_TEST(error.code == ErrorCode::bad_input);
  BOOST_TEST(mentions(error.message, directory.former(id).root.string()));
}

BOOST_FIXTURE_TEST_CASE(keys_that_others_may_read_are_said_before_it_begins,
                        Node) {
  auto planned = plan();
  BOOST_REQUIRE(::chmod(directory.keys().c_str(), 0755) == 0);
  BOOST_TEST(is_error(runtime::rejoin(directory, planned), ErrorCode::key));
  BOOST_TEST(!fs::exists(directory.rejoin()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
