#include "runtime/actor_bridge.hpp"

#include "runtime/log.hpp"

namespace ppn::runtime {

namespace {

using Task = std::shared_ptr<const std::function<void()>>;

std::string end_in_words(const caf::error& reason) {
  if (reason.category() == caf::atom("ppn"))
    return actors::from_message(reason).message;
  return caf::to_string(reason);
}

}  // namespace

ActorBridge::ActorBridge(caf::actor_system& system, boost::asio::io_context& io,
                         const actors::LedgerActor& ledger,
                         const actors::NodeActor& node, OnGrowth on_growth,
                         OnEnd on_end)
    : io_(io),
      node_(node),
      on_growth_(std::move(on_growth)),
      on_end_(std::move(on_end)) {
  desk_ = system.spawn(
      [](Desk::pointer self, ActorBridge* bridge,
         const actors::LedgerActor& follows) {
        return bridge->begin_desk(self, follows);
      },
      this, ledger);
}

Desk::behavior_type ActorBridge::begin_desk(Desk::pointer self,
                                            const actors::LedgerActor& ledger) {
  desk_self_ = self;
  self->set_down_handler([this](const caf::down_msg& death) {
    boost::asio::post(
        io_, [this, reason = end_in_words(death.reason)] { on_end_(reason); });
  });
  // It lives as long as the daemon, whatever it is sent.
  self->set_error_handler([](const caf::error& error) {
    log(LogLevel::error, "desk.error", {{"error", caf::to_string(error)}});
  });
  self->monitor(node_);
  self->send(ledger, actors::follow_atom::value,
             caf::actor_cast<actors::LedgerFollower>(self));
  return {[](actors::run_atom, const Task& task) { (*task)(); },
          [this](actors::grew_atom, std::uint64_t entries) {
            boost::asio::post(io_, [this, entries] { on_growth_(entries); });
          }};
}

ActorBridge::~ActorBridge() {
  caf::scoped_actor waiting{desk_->home_system()};
  waiting->send_exit(desk_, caf::exit_reason::kill);
  // What it runs uses this object.
  waiting->wait_for(desk_);
}

void ActorBridge::run(std::function<void()> task) const {
  caf::anon_send(
      desk_, actors::run_atom::value,
      std::make_shared<const std::function<void()>>(std::move(task)));
}

Problem ActorBridge::to_problem(const caf::error& error, ProblemType late) {
  if (error.category() == caf::atom("ppn"))
    return problem_of(actors::from_message(error));
  if (error == caf::sec::request_timeout)
    return {late, late == ProblemType::outcome_unknown
                      ? "no answer came in time; it may still happen, look "
                        "before you try again"
                      : "the node did not answer in time; try again"};
  // What it was asked to do may be on its way into the ledger.
  return {late == ProblemType::outcome_unknown ? late : ProblemType::busy,
          "whoever was asked ended meanwhile; look, and try again"};
}

}  // namespace ppn::runtime
