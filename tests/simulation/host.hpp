// One simulated host: what outlives its process (disk, dial, clocks), and the
// process, which is the real actors of a node.
#pragma once

#include <memory>

#include "actors/ledger.hpp"
#include "actors/node.hpp"
#include "tests/simulation/counter.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/reader.hpp"
#include "tests/simulation/shadow.hpp"

namespace ppn::simulation {

/// The state of an actor that is alive, looked at from outside; null if it is
/// not. Good until the next step.
template <class State, class Handle>
State* look_into(const Handle& handle) {
  if (!handle) return nullptr;
  auto* actor = caf::actor_cast<caf::abstract_actor*>(handle);
  using Stateful = typename Handle::template stateful_base<State>;
  if (actor->getf(caf::abstract_actor::is_terminated_flag)) return nullptr;
  return &static_cast<Stateful*>(actor)->state;
}

struct Process {
  std::unique_ptr<OpenDisk> disk;
  std::shared_ptr<actors::OpenLedger> opened;
  actors::LedgerActor ledger;
  actors::ClockPort clock;
  Dial dial;
  Wire wire;
  actors::LedgerFollower reader;
  actors::NodeActor node;
  /// A fault struck in the middle of a step; the process dies after it.
  bool is_dying = false;
  bool stop_asked = false;

  /// Requests that a fault keeps waiting.
  std::vector<caf::response_promise> unanswered;

  /// An actor that the node keeps; null while it is dead.
  template <class Handle>
  Handle kept(const char* name) const {
    if (auto* state = look_into<actors::NodeState>(node))
      for (const auto& one : state->kept)
        if (one.post.name == name && one.actor)
          return caf::actor_cast<Handle>(one.actor);
    return {};
  }

  template <class State, class Handle>
  State* look_into_kept() const {
    return look_into<State>(kept<Handle>(State::name));
  }
};

struct Host {
  int index = 0;
  Disk disk;
  /// The disk as it was at some time before.
  std::optional<Disk> backup;
  Shadow shadow;
  std::unique_ptr<Process> process;

  std::uint64_t machine_started_ns = 0;
  std::int64_t clock_skew_ns = 0;
  bool clock_synchronised = true;

  std::uint64_t dial_shows = 0;
  std::uint64_t dial_incarnation = 0;

  bool is_suspended = false;
  bool is_slow = false;
  /// For how many checks in a row the ledger failed and the node did not say
  /// so.
  int silent_failures = 0;
  /// For how many an actor was dead.
  int dead_actors = 0;
};

/// Holds the host against the rules, as it is after a step of this actor: large
/// states that the step can not have changed are not compared again.
Complaint check(Host& host, caf::actor_id stepped, Trace& trace);

/// A full audit of what is on its disk.
Complaint audit(Disk& disk);

}  // namespace ppn::simulation
