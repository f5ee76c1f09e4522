// From the I/O thread to the actors and back.
#include "runtime/actor_bridge.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <optional>

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::ClockPort;
using runtime::ActorBridge;
using runtime::Answer;
using runtime::Problem;
using runtime::ProblemType;
using store::ClockReading;

namespace {

constexpr runtime::Patience patience{std::chrono::seconds{60},
                                     ProblemType::no_answer};

ClockPort::behavior_type answering(ClockPort::pointer, std::int64_t utc_ns) {
  return {[=](actors::read_atom) { return ClockReading{utc_ns, 0, true}; }};
}

ClockPort::behavior_type refusing(ClockPort::pointer, store::Error error) {
  return {[=](actors::read_atom) -> caf::result<ClockReading> {
    return actors::to_message(error);
  }};
}

/// Does nothing until it is told to end for a reason.
caf::behavior idle(caf::event_based_actor* self, int /*nothing*/) {
  return {[](actors::follow_atom, const actors::LedgerFollower&) {},
          [self](const std::string& reason) {
            self->quit(actors::to_message({store::ErrorCode::damaged, reason}));
          }};
}

/// A bridge with nothing behind it; the I/O thread is the test's.
class Rig {
 public:
  Rig() {
    bridge_ = std::make_unique<ActorBridge>(
        system_, io_, caf::actor_cast<actors::LedgerActor>(ledger_),
        caf::actor_cast<actors::NodeActor>(node_), [](std::uint64_t) {},
        // cppcheck-suppress useInitializationList; it is assigned much later
        [this](const std::string& reason) { end_ = reason; });
  }

  ~Rig() {
    bridge_.reset();
    for (const auto& actor : {ledger_, node_, clock_})
      if (actor) caf::anon_send_exit(actor, caf::exit_reason::kill);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  template <class Clock, class Argument>
  ClockPort clock(Clock behavior, Argument argument) {
    auto spawned = system_.spawn(behavior, argument);
    clock_ = caf::actor_cast<caf::actor>(spawned);
    return spawned;
  }

  void ask(const ClockPort& clock, ActorBridge::Done<ClockReading> done,
           runtime::Patience limit = patience) {
    bridge_->ask<ClockReading>(clock, limit, std::move(done),
                               actors::read_atom::value);
  }

  Answer<ClockReading> answer_of(const ClockPort& clock,
                                 runtime::Patience limit = patience) {
    std::optional<Answer<ClockReading>> answer;
    ask(
        clock, [&](Answer<ClockReading> told) { answer = std::move(told); },
        limit);
    run_until([&] { return answer.has_value(); });
    return *answer;
  }

  void run_until(const std::function<bool()>& enough) {
    while (!enough() && io_.run_one_for(std::chrono::seconds{20}) > 0) {
    }
    BOOST_REQUIRE(enough());
  }

 protected:
  struct Quiet : caf::actor_system_config {
    Quiet() { set("logger.verbosity", caf::atom("quiet")); }
  };

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{io_.get_executor()};
  Quiet quiet_;
  caf::actor_system system_{quiet_};
  caf::actor ledger_ = system_.spawn(idle, 0);
  caf::actor node_ = system_.spawn(idle, 0);
  caf::actor clock_;
  std::optional<std::string> end_;
  std::unique_ptr<ActorBridge> bridge_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(actor_bridge, Rig)

BOOST_AUTO_TEST_CASE(an_answer_is_told) {
  auto answer = answer_of(clock(answering, std::int64_t{7}));
  BOOST_REQUIRE(std::holds_alternative<ClockReading>(answer));
  BOOST_TEST(std::get<ClockReading>(answer).utc_ns == 7);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_as_a_problem) {
  auto answer = answer_of(
      clock(refusing, store::Error{store::ErrorCode::disk_full, "no room"}));
  BOOST_REQUIRE(std::holds_alternative<Problem>(answer));
  BOOST_TEST((std::get<Problem>(answer).type == ProblemType::disk_full));
  BOOST_TEST(std::get<Problem>(answer).detail == "no room");
}

BOOST_AUTO_TEST_CASE(that_nobody_is_there_to_answer_is_told) {
  auto gone = clock(answering, std::int64_t{7});
  caf::scoped_actor self{system_};
  self->send_exit(gone, caf::exit_reason::kill);
  self->wait_for(gone);
  auto answer = answer_of(gone);
  BOOST_REQUIRE(std::holds_alternative<Problem>(answer));
  BOOST_TEST((std::get<Problem>(answer).type == ProblemType::busy));
}

BOOST_AUTO_TEST_CASE(a_commit_that_nobody_answers_may_have_happened) {
  auto gone = clock(answering, std::int64_t{7});
  caf::scoped_actor self{system_};
  self->send_exit(gone, caf::exit_reason::kill);
  self->wait_for(gone);
  auto answer = answer_of(gone, runtime::commit_patience);
  BOOST_REQUIRE(std::holds_alternative<Problem>(answer));
  BOOST_TEST((std::get<Problem>(answer).type == ProblemType::outcome_unknown));
}

BOOST_AUTO_TEST_CASE(the_end_of_the_node_is_told_in_words) {
  caf::anon_send(node_, std::string{"entry 5: it is another"});
  run_until([this] { return end_.has_value(); });
  BOOST_TEST(*end_ == "entry 5: it is another");
}

/// It owns connections, which must not end in the thread of an actor.
BOOST_AUTO_TEST_CASE(no_actor_holds_what_is_done_with_an_answer) {
  auto asked = clock(answering, std::int64_t{7});
  for (int i = 0; i < 100; ++i) {
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    std::optional<long> owners;
    ask(asked,
        [&owners, watched, owned = std::move(owned)](
            const Answer<ClockReading>&) { owners = watched.use_count(); });
    run_until([&] { return owners.has_value(); });
    BOOST_TEST(*owners == 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
