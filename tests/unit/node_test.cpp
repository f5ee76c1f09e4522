// The actors of one node, one message at a time: who is kept alive, what the
// operator gate records, and what is said when nothing can be recorded.
#include "actors/node.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>

#include "actors/ledger.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/unit/decisions.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::ErrorCode;

namespace {

struct OneThread : caf::actor_system_config {
  OneThread() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.verbosity", caf::atom("quiet"));
  }
};

const store::Principal owner{schema::PrincipalKind::operator_, "uid/1000"};

/// A node with nothing around it, whose disk does as it is told.
class Rig {
 public:
  Rig() {
    opened_ = must(actors::open_or_found(disk_.parts(), {"alone", {}}, clock_));
    clock_port_ = system_.spawn(
        [](actors::ClockPort::pointer,
           const Rig* rig) -> actors::ClockPort::behavior_type {
          return {[rig](actors::read_atom) { return rig->clock_; }};
        },
        this);
    ledger_ = system_.spawn(actors::ledger_actor, opened_, clock_port_,
                            actors::LedgerSettings{});
    node_ = system_.spawn(actors::node_actor, parts());
    settle();
  }

  ~Rig() {
    for (const auto& actor : {caf::actor_cast<caf::actor>(node_),
                              caf::actor_cast<caf::actor>(ledger_),
                              caf::actor_cast<caf::actor>(clock_port_)})
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    settle();
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  [[nodiscard]] actors::NodeParts parts() {
    actors::NodeParts parts;
    parts.ledger = ledger_;
    parts.clock = clock_port_;
    parts.next_id = [this] { return next_id(); };
    parts.version = "test";
    return parts;
  }

  /// Lets everybody do what there is to do, without any time passing.
  void settle() {
    while (coordinator_.try_run_once()) {
    }
  }

  void pass(std::chrono::seconds time) {
    coordinator_.advance_time(time);
    settle();
  }

  template <class Answer, class Handle, class... Words>
  store::Result<Answer> ask(const Handle& whom, Words... words) {
    std::optional<store::Result<Answer>> answer;
    auto pending = self_->request(whom, caf::infinite, words...);
    settle();
    pending.receive(
        [&](const Answer& good) { answer = good; },
        [&](caf::error& error) { answer = actors::from_message(error); });
    return *answer;
  }

  actors::NodeStatus status() {
    return must(ask<actors::NodeStatus>(node_, actors::status_atom::value));
  }

  actors::OperatorGate gate() {
    auto found = must(ask<caf::actor>(node_, actors::find_atom::value,
                                      std::string{"operator_gate"}));
    return caf::actor_cast<actors::OperatorGate>(found);
  }

  store::Result<Id> propose(actors::Change change) {
    return ask<Id>(gate(), actors::propose_atom::value,
                   std::make_shared<const actors::Change>(std::move(change)));
  }

  store::Result<std::uint64_t> commit(const Id& proposal) {
    return ask<std::uint64_t>(gate(), actors::commit_atom::value, proposal,
                              owner);
  }

  std::vector<actors::Proposal> proposals() {
    return *must(ask<actors::ProposalsPtr>(gate(), actors::list_atom::value));
  }

  void fail_commits() { fate_ = simulation::CommitFate::failed; }

  [[nodiscard]] const events::State& state() const { return opened_->state; }
  [[nodiscard]] std::uint64_t entries() const { return stored_.entries(); }
  [[nodiscard]] const std::string& outside_checkpoint() const {
    return *stored_.outside_checkpoint;
  }
  [[nodiscard]] const actors::LedgerActor& ledger() const { return ledger_; }
  caf::actor_system& system() { return system_; }
  [[nodiscard]] const actors::NodeActor& node() const { return node_; }

 private:
  Id next_id() {
    Id id;
    id.bytes.fill(++ids_);
    return id;
  }

  OneThread config_;
  caf::actor_system system_{config_};
  caf::scheduler::test_coordinator& coordinator_ =
      dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  caf::scoped_actor self_{system_};
  simulation::Disk stored_;
  simulation::CommitFate fate_ = simulation::CommitFate::done;
  std::uint8_t ids_ = 0;
  std::uint64_t draws_ = 0;
  store::ClockReading clock_{1'000'000, 5'000, true};
  simulation::OpenDisk disk_{stored_,
                             {[this] { return fate_; }, [] { return false; },
                              [] { return false; }, [] { return false; }},
                             [this] { return ++draws_; }};
  std::shared_ptr<actors::OpenLedger> opened_;
  actors::ClockPort clock_port_;
  actors::LedgerActor ledger_;
  actors::NodeActor node_;
};

events::GrantWish wish(std::optional<Id> parent = {}) {
  return {{}, "node/2", "vm/1", schema::Right::invoke | schema::Right::grant,
          {}, parent};
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(node, Rig)

// -- the node ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_start_is_an_event_with_a_boot_that_rises) {
  BOOST_TEST(state().node.boot == 1U);
  BOOST_TEST(state().node.running);
  BOOST_TEST((status().mode == actors::NodeMode::running));
  BOOST_TEST(status().name == "alone");
}

BOOST_AUTO_TEST_CASE(a_stop_is_an_event) {
  BOOST_TEST(must(ask<bool>(node(), actors::stop_atom::value,
                            schema::StopReason::requested)));
  BOOST_TEST(!state().node.running);
}

BOOST_AUTO_TEST_CASE(a_stop_leaves_the_checkpoint_outside_up_to_date) {
  must(commit(must(propose(wish()))));
  must(ask<bool>(node(), actors::stop_atom::value,
                 schema::StopReason::requested));
  const auto& note = outside_checkpoint();
  BOOST_TEST(mentions(note, "\n" + std::to_string(entries()) + "\n"));
}

BOOST_AUTO_TEST_CASE(a_stop_that_can_not_be_recorded_says_so) {
  fail_commits();
  BOOST_TEST(is_error(ask<bool>(node(), actors::stop_atom::value,
                                schema::StopReason::requested),
                      ErrorCode::io));
}

/// Who may talk to whom; a change here is a change of what a part may do.
BOOST_AUTO_TEST_CASE(the_spawn_table_says_who_is_handed_whom) {
  std::string table;
  for (const auto& post : actors::spawn_table(parts())) {
    table += post.name + ":";
    for (const auto& other : post.talks_to) table += " " + other;
    table += "\n";
  }
  BOOST_TEST(table ==
             "mesh: ledger clock\n"
             "paths: ledger clock mesh member\n"
             "device: ledger clock wireguard mesh paths member pairing "
             "witness\n"
             "member: ledger clock wire journal mesh paths pairing headroom "
             "scheduler dispatch witness\n"
             "witness: ledger clock journal mesh member\n"
             "pairing: ledger clock wireguard pairing wire mesh member\n"
             "pool: ledger clock hypervisor images bulk\n"
             "balloon: clock memory pool\n"
             "headroom: ledger host pool balloon\n"
             "scheduler: ledger clock bulk hypervisor mesh headroom member "
             "dispatch\n"
             "dispatch: ledger bulk hypervisor mesh pool member headroom "
             "scheduler\n"
             "operator_gate: ledger clock mesh device pool scheduler "
             "witness\n");
}

BOOST_AUTO_TEST_CASE(an_actor_that_is_killed_comes_back_with_all_that_it_knew) {
  auto proposal = must(propose(wish()));
  must(commit(proposal));
  caf::anon_send_exit(gate(), caf::exit_reason::kill);
  settle();
  BOOST_TEST((status().mode == actors::NodeMode::running));
  BOOST_TEST(status().respawns["operator_gate"] == 1U);
  auto grant = state().capabilities.live.begin()->first;
  must(commit(must(propose(actors::RevokeWish{grant, "enough"}))));
  BOOST_TEST(state().capabilities.live.empty());
}

BOOST_AUTO_TEST_CASE(one_that_dies_again_comes_back_later_and_later) {
  for (int delay : {0, 1, 2, 4}) {
    caf::anon_send_exit(gate(), caf::exit_reason::kill);
    settle();
    auto found = [&] {
      return ask<caf::actor>(node(), actors::find_atom::value,
                             std::string{"operator_gate"});
    };
    BOOST_TEST(found().ok() == (delay == 0));
    pass(std::chrono::seconds{delay});
    BOOST_TEST(found().ok());
  }
}

BOOST_AUTO_TEST_CASE(one_that_held_out_comes_back_at_once) {
  for (int death = 0; death < 3; ++death) {
    caf::anon_send_exit(gate(), caf::exit_reason::kill);
    settle();
    BOOST_TEST(status().respawns["operator_gate"] ==
               static_cast<std::uint64_t>(death) + 1);
    pass(std::chrono::minutes{2});
  }
}

BOOST_AUTO_TEST_CASE(nobody_waits_longer_than_a_minute) {
  BOOST_TEST(actors::respawn_delay(6).count() == 32);
  BOOST_TEST(actors::respawn_delay(7).count() == 60);
  BOOST_TEST(actors::respawn_delay(~std::uint64_t{0}).count() == 60);
}

BOOST_AUTO_TEST_CASE(
    a_ledger_that_fails_makes_the_node_read_only_and_it_says_so) {
  auto proposal = must(propose(wish()));
  auto before = entries();
  fail_commits();
  BOOST_TEST(!commit(proposal).ok());
  settle();
  BOOST_TEST((status().mode == actors::NodeMode::read_only));
  BOOST_TEST(mentions(status().reason, "no more appends"));
  BOOST_TEST(entries() == before);
  // The gate began anew and knows no proposal; another one is refused.
  auto again = propose(wish());
  BOOST_REQUIRE(again.ok());
  BOOST_TEST(is_error(commit(*again), ErrorCode::read_only));
}

BOOST_AUTO_TEST_CASE(without_a_ledger_there_is_no_node) {
  caf::anon_send_exit(parts().ledger, caf::exit_reason::kill);
  settle();
  BOOST_TEST(!ask<actors::NodeStatus>(node(), actors::status_atom::value).ok());
}

// -- the operator gate -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_proposal_is_a_plan_in_words_and_records_nothing) {
  auto before = entries();
  auto id = must(propose(wish()));
  auto waiting = proposals();
  BOOST_REQUIRE(waiting.size() == 1U);
  BOOST_TEST((waiting[0].id == id));
  BOOST_REQUIRE(waiting[0].plan.size() == 1U);
  BOOST_TEST(mentions(waiting[0].plan[0], "node/2 may invoke, grant vm/1"));
  BOOST_TEST(entries() == before);
}

BOOST_AUTO_TEST_CASE(a_commit_is_recorded_in_the_operators_name) {
  auto proposal = must(propose(wish()));
  auto last = must(commit(proposal));
  BOOST_TEST(last + 1 == entries());
  BOOST_TEST(state().capabilities.live.size() == 1U);
  BOOST_TEST(proposals().empty());
  BOOST_TEST(is_error(commit(proposal), ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(a_rejected_proposal_is_gone) {
  auto proposal = must(propose(wish()));
  BOOST_TEST(must(ask<bool>(gate(), actors::reject_atom::value, proposal)));
  BOOST_TEST(proposals().empty());
  BOOST_TEST(is_error(commit(proposal), ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(what_can_not_be_is_refused_before_it_waits) {
  auto refused = propose(actors::RevokeWish{{}, "it never was"});
  BOOST_TEST(is_error(refused, ErrorCode::bad_input));
  BOOST_TEST(mentions(error_of(refused).message, "no live grant"));
  BOOST_TEST(proposals().empty());
}

BOOST_AUTO_TEST_CASE(a_commit_is_decided_on_what_is_true_then) {
  must(commit(must(propose(wish()))));
  auto parent = state().capabilities.live.begin()->first;
  auto late = must(propose(wish(parent)));
  must(commit(must(propose(actors::RevokeWish{parent, "enough"}))));
  BOOST_TEST(is_error(commit(late), ErrorCode::bad_input));
  BOOST_TEST(state().capabilities.live.empty());
}

BOOST_AUTO_TEST_CASE(what_is_being_committed_can_not_be_rejected) {
  auto proposal = must(propose(wish()));
  auto at = gate();
  caf::scoped_actor other{system()};
  auto committing = other->request(at, caf::infinite,
                                   actors::commit_atom::value, proposal, owner);
  auto rejected = ask<bool>(at, actors::reject_atom::value, proposal);
  BOOST_TEST(mentions(error_of(rejected).message, "is being committed"));
  committing.receive([](std::uint64_t sequence) { BOOST_TEST(sequence == 2U); },
                     [](caf::error&) { BOOST_ERROR("it was not committed"); });
  BOOST_TEST(proposals().empty());
}

BOOST_AUTO_TEST_CASE(entries_are_read_from_a_place_on) {
  must(commit(must(propose(wish()))));
  auto read = [&](std::uint64_t from, std::uint64_t limit) {
    return must(ask<actors::EntriesPtr>(ledger(), actors::read_atom::value,
                                        from, limit));
  };
  BOOST_TEST(read(0, 100)->size() == entries());
  BOOST_TEST(read(1, 1)->size() == 1U);
  BOOST_TEST(schema::GetEntry(read(1, 1)->front().data())->sequence() == 1U);
  BOOST_TEST(read(entries(), 100)->empty());
  BOOST_TEST(read(entries() + 7, 100)->empty());
}

// -- sessions ----------------------------------------------------------------

namespace {

/// As the actor of the ceremony will record it.
store::Result<actors::EntriesPtr> record(Rig& rig,
                                         const events::Decision& decision) {
  auto append = std::make_shared<actors::Append>();
  std::uint64_t version = rig.state().pairing.open.size();
  for (const auto& draft : drafts_of(decision)) {
    store::Event event;
    event.stream = draft.stream;
    event.expected_version = draft.follows.value_or(
        draft.stream == events::pairing_stream ? version++ : 0);
    event.principal = owner;
    event.payload = draft.payload;
    append->request.push_back(std::move(event));
  }
  return rig.ask<actors::EntriesPtr>(rig.ledger(), actors::append_atom::value,
                                     actors::AppendPtr{append});
}

}  // namespace

/// The gate would otherwise revoke one that a boot before this one left.
BOOST_AUTO_TEST_CASE(the_grant_of_a_session_ends_with_the_session_alone) {
  Id session;
  events::Moment long_ago{0, 0, false, 99};
  must(record(*this,
              events::decide_open(
                  state().pairing,
                  {session, {}, schema::PairingSide::newcomer, 7}, long_ago)));
  caf::anon_send_exit(gate(), caf::exit_reason::kill);
  settle();
  pass(std::chrono::seconds{61});
  BOOST_TEST(state().capabilities.live.size() == 1U);
  BOOST_TEST(!propose(actors::RevokeWish{Id{}, "the operator wants it"}).ok());
  must(record(*this, events::decide_abandoned(state().pairing)));
  BOOST_TEST(state().capabilities.live.empty());
  BOOST_TEST(state().pairing.open.empty());
}

BOOST_AUTO_TEST_CASE(no_operator_makes_a_grant_of_a_session) {
  auto forged = wish();
  forged.subject = "session/1";
  BOOST_TEST(mentions(error_of(propose(forged)).message, "when it begins"));
}

BOOST_AUTO_TEST_CASE(a_revocation_and_what_hangs_from_it_are_one_append) {
  must(commit(must(propose(wish()))));
  auto parent = state().capabilities.live.begin()->first;
  must(commit(must(propose(wish(parent)))));
  auto before = entries();
  auto proposal = must(propose(actors::RevokeWish{parent, "enough"}));
  BOOST_TEST(proposals()[0].plan.size() == 2U);
  must(commit(proposal));
  BOOST_TEST(entries() == before + 2);
  BOOST_TEST(state().capabilities.live.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
