#include "actors/pairing.hpp"

#include <algorithm>

#include "actors/pairing_authority.hpp"
#include "actors/pairing_newcomer.hpp"
#include "actors/rare_path.hpp"

namespace ppn::actors {

namespace {

using Self = PairingActor::stateful_pointer<PairingState>;
using Context = PairingContext;
using Clock = SessionClock;
using schema::PairingOutcome;
using schema::PairingSide;
using store::Error;
using store::ErrorCode;

constexpr std::uint64_t second_ns = 1'000'000'000;
/// So many sessions that ended can be asked for.
constexpr std::size_t finished_max = 16;

// -- what was recorded --------------------------------------------------------

events::Contradiction apply(PairingState& state, const schema::Entry& entry) {
  // Those of a session's grant are recorded with it.
  if (entry.payload_as_CapabilityGranted() != nullptr ||
      entry.payload_as_CapabilityRevoked() != nullptr)
    return {};
  events::State alone;
  alone.pairing = std::move(state.pairing);
  auto contradiction = events::apply(alone, entry);
  state.pairing = std::move(alone.pairing);
  if (const auto* ended = entry.payload_as_PairingEnded())
    state.ends[Id{*ended->session()}] = {
        ended->outcome(),
        ended->detail() == nullptr ? "" : ended->detail()->str()};
  if (const auto* active = entry.payload_as_NodeActive())
    for (auto& status : state.finished)
      if (status.outcome == PairingOutcome::admitted && status.peer &&
          status.peer->node == NodeId{*active->node()})
        status.phase = PairingPhase::active;
  return contradiction;
}

/// What ended is let go of.
void settle(const Context& context) {
  auto& state = context.self->state;
  for (const auto& [session, end] : std::exchange(state.ends, {})) {
    bool is_shown = state.shown && state.shown->status.id == session;
    // The newcomer says thank you first.
    if (is_shown && end.first != PairingOutcome::admitted)
      finish_shown(context, end.first, end.second);
    finish_typed(context, session, end.first, end.second);
  }
  while (state.finished.size() > finished_max) state.finished.pop_front();
  tell_preshared(context);
  listen(context);
  keep_looking(context);
}

// -- who comes ----------------------------------------------------------------

/// To the authority, which alone may read it.
void pass_on(const Context& context, const PairingArrival& arrival,
             const Clock& now) {
  auto& state = context.self->state;
  const auto* mesh = mesh_of(context);
  const auto* authority = mesh == nullptr ? nullptr : mesh->authority_member();
  auto connection = arrival.connection;
  if (!state.open_door || authority == nullptr ||
      state.open_door->door.enter(connection, arrival.from,
                                  now.since_boot_ns) != DoorAnswer::welcome)
    return hang_up(context, connection);
  state.open_door->door.note_proved(connection);
  state.passed_on[connection] = 0;
  on_answer<PairingConnection>(
      context.self->request(context.parts->wire, caf::infinite,
                            dial_atom::value,
                            events::Endpoint{authority->address, 0}),
      [=, &state](const PairingConnection& onward) {
        auto found = state.passed_on.find(connection);
        if (found == state.passed_on.end()) return hang_up(context, onward);
        mark(RarePath::newcomer_passed_on);
        found->second = onward;
        context.self->send(context.parts->wire, join_both_atom::value,
                           connection, onward);
      },
      [=, &state](const caf::error&) {
        state.passed_on.erase(connection);
        hang_up(context, connection);
      });
}

void take_arrival(const Context& context, const PairingArrival& arrival,
                  const Clock& now) {
  auto& state = context.self->state;
  if (let_in_to_prove(context, arrival, now)) return;
  if (!is_authority(context) || (!arrival.is_member && !state.open_door))
    return pass_on(context, arrival, now);
  bool may_come = arrival.is_member ||
                  state.open_door->door.enter(arrival.connection, arrival.from,
                                              now.since_boot_ns) ==
                      DoorAnswer::welcome;
  if (!may_come || !let_in_to_wait(context, arrival, now))
    return hang_up(context, arrival.connection);
  if (!arrival.is_member) state.open_door->door.note_proved(arrival.connection);
}

void take_message(const Context& context, PairingConnection connection,
                  const Bytes& message, const Clock& now) {
  if (context.self->state.callers.contains(connection))
    take_as_authority(context, connection, message, now);
  else
    take_as_newcomer(context, connection, message, now);
}

void take_close(const Context& context, PairingConnection connection) {
  auto& state = context.self->state;
  if (state.open_door) state.open_door->door.leave(connection);
  state.passed_on.erase(connection);
  lose_as_authority(context, connection);
  lose_as_newcomer(context, connection);
}

// -- the door -----------------------------------------------------------------

void shut_door(const Context& context) {
  auto& state = context.self->state;
  if (!state.open_door) return;
  state.open_door.reset();
  for (const auto& [connection, onward] : std::exchange(state.passed_on, {})) {
    hang_up(context, connection);
    hang_up(context, onward);
  }
  listen(context);
}

caf::result<bool> open_door(const Context& context, std::uint32_t seconds,
                            const std::optional<events::IpAddress>& only_from) {
  auto& state = context.self->state;
  if (mesh_of(context) == nullptr)
    return to_message({ErrorCode::bad_input, "this node is in no mesh"});
  shut_door(context);
  if (seconds == 0) return true;
  auto promise = context.self->make_response_promise<bool>();
  with_clock(context.self, context.parts->clock, [=, &state](const Clock& now) {
    auto open_s = std::min(seconds, door_seconds_max);
    state.open_door.emplace(OpenDoor{PairingDoor{only_from, door_passed_on_max},
                                     now.since_boot_ns + open_s * second_ns});
    keep_looking(context);
    listen(context, [=, &state](const store::Status& listening) mutable {
      if (!listening) state.open_door.reset();
      answer(promise, listening ? store::Result<bool>{true}
                                : store::Result<bool>{listening.error()});
    });
  });
  return promise;
}

// -- admissions ---------------------------------------------------------------

void note_active(const Context& context, const NodeId& node) {
  auto& pairing = context.self->state.pairing;
  record(
      context, own_will(),
      [&pairing, node](const events::Moment&) -> events::Decision {
        auto found = pairing.admissions.find(node);
        if (found == pairing.admissions.end() || found->second.is_active)
          return std::vector<events::Draft>{};
        return events::decide_active(pairing, node);
      },
      [](const auto&) {});
}

/// Unless it was admitted anew meanwhile.
void forget_admission(const Context& context, const NodeId& node,
                      const Hash& preshared) {
  auto& pairing = context.self->state.pairing;
  record(
      context, own_will(),
      [&pairing, node, preshared](const events::Moment&) -> events::Decision {
        auto found = pairing.admissions.find(node);
        if (found == pairing.admissions.end() ||
            found->second.preshared != preshared)
          return std::vector<events::Draft>{};
        return events::decide_lapsed(pairing, node);
      },
      [](const auto&) {});
}

/// Its name and its address are free again. A member that this host cannot take
/// back keeps its key: it may hold the other half of it.
void let_lapse(const Context& context, const NodeId& node) {
  auto& state = context.self->state;
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  auto decide = [&state, node](const events::Moment& now) -> events::Decision {
    // It may have been admitted anew, or have come, a moment ago.
    auto still = events::lapsed(state.pairing, state.began_ns, now);
    if (std::find(still.begin(), still.end(), node) == still.end())
      return events::Refusal{"it is waited for"};
    return events::decide_lapsed(state.pairing, node);
  };
  if (mesh->find(node) == nullptr)
    return record(context, own_will(), decide, [](const auto&) {});
  if (!is_authority(context) || mesh->roles_of(node) != schema::Role{}) return;
  mark(RarePath::admission_lapsed);
  state.aggregate.command_by(
      {own_will(), {}, {}}, decide,
      by_mesh(context, events::TakeBack{node}, own_will(), nullptr),
      [](const auto&) {});
}

/// Whoever says that it has the same key is there. Who has another one, or
/// none, came by another way: it is spoken to without.
void take_heard(const Context& context, const MemberStatus& members,
                const Clock& now) {
  auto& state = context.self->state;
  for (const auto& [node, admission] : state.pairing.admissions) {
    auto heard = members.heard.find(node);
    if (heard == members.heard.end() || !heard->second.preshared) continue;
    // What it said before tells nothing of what it was given since.
    if (admission.boot == context.boot &&
        heard->second.preshared_ns <= admission.since_boot_ns)
      continue;
    if (*heard->second.preshared != admission.preshared)
      forget_admission(context, node, admission.preshared);
    else if (!admission.is_active)
      note_active(context, node);
  }
  for (const auto& node :
       events::lapsed(state.pairing, state.began_ns, moment_of(context, now)))
    if (!members.heard.contains(node)) let_lapse(context, node);
}

void ask_who_was_heard(const Context& context, const Clock& now) {
  with_kept<MemberActor>(
      context.self, context.parts->node, "member",
      [=](const MemberActor& member) {
        on_answer<MemberStatusPtr>(
            context.self->request(member, caf::infinite, status_atom::value),
            [=](const MemberStatusPtr& members) {
              take_heard(context, *members, now);
            },
            [](const caf::error&) {});
      },
      [](const caf::error&) {});
}

void watch_admissions(const Context& context, const Clock& now) {
  auto& state = context.self->state;
  if (awaits_somebody(context)) ask_who_was_heard(context, now);
  auto tried_without = events::tried_without(state.pairing, state.began_ns,
                                             moment_of(context, now));
  if (tried_without == state.tried_without) return;
  mark(RarePath::tried_without_key);
  state.tried_without = std::move(tried_without);
  tell_preshared(context);
}

/// Also of one that was active: it may have lost the key since.
void hear_of_key(const Context& context, const NodeId& node) {
  const auto& state = context.self->state;
  if (!state.aggregate.ready() || !state.pairing.admissions.contains(node))
    return;
  with_clock(context.self, context.parts->clock,
             [=](const Clock& now) { ask_who_was_heard(context, now); });
}

// -- now and then -------------------------------------------------------------

void look(const Context& context, const Clock& now) {
  auto& state = context.self->state;
  look_as_newcomer(context, now);
  look_as_authority(context, now);
  if (state.open_door && now.since_boot_ns >= state.open_door->until_ns)
    shut_door(context);
  if (!state.pairing.open.empty())
    record(
        context, own_will(),
        [&state](const events::Moment& at) {
          return events::decide_overdue(state.pairing, at);
        },
        [](const auto&) {});
  watch_admissions(context, now);
  listen(context);
  keep_looking(context);
}

void tick(const Context& context) {
  auto& state = context.self->state;
  state.is_ticking = false;
  state.mesh.ensure(context.self, context.parts->node);
  if (!state.aggregate.ready()) return keep_looking(context);
  with_clock(context.self, context.parts->clock,
             [=](const Clock& now) { look(context, now); });
}

PairingStatusPtr status_of(const PairingState& state, const Clock& now) {
  auto status = std::make_shared<PairingStatus>();
  auto left = [&](std::uint64_t until_ns) {
    auto left_ns = until_ns - std::min(until_ns, now.since_boot_ns);
    return static_cast<std::uint32_t>(left_ns / second_ns);
  };
  auto add = [&](PairingSessionStatus session, std::uint32_t left_s) {
    if (auto open = state.pairing.open.find(session.id);
        open != state.pairing.open.end()) {
      session.answered = open->second.answered;
      session.left_s = left(open->second.until_since_boot_ns);
    } else {
      session.left_s = left_s;
    }
    status->sessions.push_back(std::move(session));
  };
  for (const auto& session : state.finished) add(session, 0);
  for (const auto& [id, typed] : state.typed) add(typed.status, 0);
  if (state.shown) add(state.shown->status, left(state.shown->until_ns));
  for (const auto& [connection, caller] : state.callers)
    if (caller.offered && !caller.session)
      status->waiting.push_back({caller.offered->session, caller.from,
                                 caller.is_passed_on, left(caller.until_ns)});
  if (state.open_door) status->door_open_s = left(state.open_door->until_ns);
  status->connections = state.callers.size() + state.passed_on.size() +
                        (state.shown ? state.shown->talks.size() : 0);
  return status;
}

caf::result<PairingStatusPtr> status(const Context& context) {
  auto promise = context.self->make_response_promise<PairingStatusPtr>();
  with_clock(context.self, context.parts->clock, [=](const Clock& now) mutable {
    promise.deliver(status_of(context.self->state, now));
  });
  return promise;
}

// -- what others ask ----------------------------------------------------------

caf::result<bool> cancel(const Context& context, const Id& session,
                         const store::Principal& principal) {
  auto& state = context.self->state;
  if (!state.pairing.open.contains(session))
    return to_message({ErrorCode::not_found, "there is no such session"});
  auto promise = context.self->make_response_promise<bool>();
  record(
      context, principal,
      [&state, session](const events::Moment&) {
        return events::decide_end(state.pairing, session,
                                  PairingOutcome::cancelled, {});
      },
      [promise](const auto& recorded) {
        answer(promise, recorded ? store::Result<bool>{true}
                                 : store::Result<bool>{recorded.error()});
      });
  return promise;
}

void take_roster(const Context& context, const RosterPtr& roster) {
  auto& state = context.self->state;
  state.roster = roster;
  if (!state.aggregate.ready()) return;
  tell_preshared(context);
  listen(context);
  keep_looking(context);
}

void follow(const Context& context, const PresharedFollower& follower) {
  auto& state = context.self->state;
  if (state.followers.insert(follower).second) context.self->monitor(follower);
  if (state.told_keys)
    context.self->send(follower, preshared_atom::value, state.told_keys);
}

/// Whoever held the codes of what is open is gone.
void begin(const Context& context) {
  auto& state = context.self->state;
  record(
      context, own_will(),
      [&state](const events::Moment& now) {
        state.began_ns = now.since_boot_ns;
        return events::decide_abandoned(state.pairing);
      },
      [=, &state](const auto& recorded) {
        state.ends.clear();
        state.has_begun = recorded.ok();
        if (state.roster) take_roster(context, state.roster);
        keep_looking(context);
      });
}

}  // namespace

PairingActor::behavior_type pairing_actor(Self self, const PairingParts& parts,
                                          const events::Node& node) {
  Context context{self, std::make_shared<const PairingParts>(parts), node.id,
                  node.boot};
  auto& state = self->state;
  self->set_down_handler([&state, context](const caf::down_msg& death) {
    state.mesh.note_death(death.source);
    keep_looking(context);
    std::erase_if(state.followers, [&](const PresharedFollower& follower) {
      return caf::actor_cast<caf::actor_addr>(follower) == death.source;
    });
  });
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
       [&state](const auto& entry, ByteView) { return apply(state, entry); },
       [context] { settle(context); }},
      events::pairing_stream);
  begin(context);
  self->send(self, tick_atom::value);
  return {
      [=](offer_atom, const PairingOfferWish& wish) {
        return show_code(context, wish);
      },
      [=](approve_atom, const PairingApproval& approval) {
        return approve(context, approval);
      },
      [=](approve_atom, const Id& session, bool is_wanted,
          const store::Principal& principal) {
        return decide_on(context, session, is_wanted, principal);
      },
      [=](open_door_atom, std::uint32_t seconds,
          const std::optional<events::IpAddress>& only_from) {
        return open_door(context, seconds, only_from);
      },
      [=](close_atom, const Id& session, const store::Principal& principal) {
        return cancel(context, session, principal);
      },
      [=](status_atom) { return status(context); },
      [=](preshared_atom, const NodeId& whose) { hear_of_key(context, whose); },
      [=](arrived_atom, const PairingArrival& arrival) {
        with_clock(context.self, context.parts->clock, [=](const Clock& now) {
          take_arrival(context, arrival, now);
        });
      },
      [=](message_atom, PairingConnection connection, const BytesPtr& message) {
        with_clock(context.self, context.parts->clock, [=](const Clock& now) {
          take_message(context, connection, *message, now);
        });
      },
      [=](close_atom, PairingConnection connection) {
        // Not before what was said before.
        with_clock(context.self, context.parts->clock,
                   [=](const Clock&) { take_close(context, connection); });
      },
      [=](roster_atom, const RosterPtr& roster) {
        take_roster(context, roster);
      },
      [=](tick_atom) { tick(context); },
      [=](follow_atom, const PresharedFollower& follower) {
        follow(context, follower);
      },
  };
}

}  // namespace ppn::actors
