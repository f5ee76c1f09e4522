// From the I/O thread to the actors and back: asks run in an actor, answers in
// the I/O thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "actors/interfaces.hpp"
#include "runtime/api_problem.hpp"

namespace ppn::runtime {

/// Runs what the I/O thread wants asked, and hears what the I/O thread wants to
/// know.
using Desk = caf::typed_actor<
    caf::reacts_to<actors::run_atom,
                   std::shared_ptr<const std::function<void()>>>,
    caf::reacts_to<actors::grew_atom, std::uint64_t>>;

/// How long to wait for an answer, and what it is called if none comes.
struct Patience {
  std::chrono::seconds limit;
  ProblemType late;
};

/// For what changes nothing.
inline constexpr Patience look_patience{std::chrono::seconds{5},
                                        ProblemType::no_answer};
inline constexpr Patience commit_patience{std::chrono::seconds{30},
                                          ProblemType::outcome_unknown};

class ActorBridge {
 public:
  using OnGrowth = std::function<void(std::uint64_t entries)>;
  /// Told in words how the node ended.
  using OnEnd = std::function<void(const std::string& reason)>;

  /// Both are called in the I/O thread, as long as this lives and its loop
  /// runs.
  ActorBridge(caf::actor_system& system, boost::asio::io_context& io,
              const actors::LedgerActor& ledger, const actors::NodeActor& node,
              OnGrowth on_growth, OnEnd on_end);
  ~ActorBridge();
  ActorBridge(const ActorBridge&) = delete;
  ActorBridge& operator=(const ActorBridge&) = delete;

  template <class T>
  using Done = std::function<void(Answer<T>)>;

  template <class T, class Handle, class... Words>
  void ask(Handle whom, Patience patience, Done<T> done, Words... words) {
    auto ticket = std::make_shared<Done<T>>(std::move(done));
    run([=, this] { request<T>(whom, patience, ticket, words...); });
  }

  /// The same for an actor that the node keeps alive, by its name there.
  template <class T, class Handle, class... Words>
  void ask_kept(const char* name, Patience patience, Done<T> done,
                Words... words) {
    auto ticket = std::make_shared<Done<T>>(std::move(done));
    run([=, this] {
      desk_self_
          ->request(node_, patience.limit, actors::find_atom::value,
                    std::string{name})
          .then(
              [=, this](const caf::actor& found) {
                request<T>(caf::actor_cast<Handle>(found), patience, ticket,
                           words...);
              },
              [=, this](const caf::error&) {
                tell<T>(ticket,
                        Problem{ProblemType::busy,
                                std::string{name} +
                                    " is being brought back; try again"});
              });
    });
  }

 private:
  /// What is to be done with an answer. It is given back to the I/O thread as
  /// it is: what it holds must not end in an actor's.
  template <class T>
  using Ticket = std::shared_ptr<Done<T>>;

  Desk::behavior_type begin_desk(Desk::pointer self,
                                 const actors::LedgerActor& ledger);
  void run(std::function<void()> task) const;

  template <class T, class Handle, class... Words>
  void request(const Handle& whom, Patience patience, const Ticket<T>& ticket,
               Words... words) {
    desk_self_->request(whom, patience.limit, words...)
        .then([=, this](const T& value) { tell<T>(ticket, value); },
              [=, this](const caf::error& error) {
                tell<T>(ticket, to_problem(error, patience.late));
              });
  }

  template <class T>
  void tell(const Ticket<T>& ticket, Answer<T> answer) {
    boost::asio::post(io_, [done = std::exchange(*ticket, {}),
                            answer = std::move(answer)] { done(answer); });
  }

  static Problem to_problem(const caf::error& error, ProblemType late);

  boost::asio::io_context& io_;
  actors::NodeActor node_;
  OnGrowth on_growth_;
  OnEnd on_end_;
  Desk desk_;
  /// Used by tasks only, which the desk runs.
  Desk::pointer desk_self_ = nullptr;
};

}  // namespace ppn::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<const std::function<void()>>)
