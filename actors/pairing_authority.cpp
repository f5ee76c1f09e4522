#include "actors/pairing_authority.hpp"

#include <algorithm>

#include "actors/mesh_file.hpp"
#include "actors/rare_path.hpp"
#include "actors/roster_record.hpp"

namespace ppn::actors {

namespace {

using Context = PairingContext;
using Clock = SessionClock;
using schema::PairingOutcome;
using schema::PairingSide;
using store::Error;
using store::ErrorCode;
using store::Result;

constexpr std::uint64_t second_ns = 1'000'000'000;

PairingCaller* caller_on(const Context& context, PairingConnection connection) {
  auto& callers = context.self->state.callers;
  auto caller = callers.find(connection);
  return caller == callers.end() ? nullptr : &caller->second;
}

/// The session that a connection is in, if it is.
TypedSession* typed_on(const Context& context, PairingConnection connection) {
  auto* caller = caller_on(context, connection);
  if (caller == nullptr || !caller->session) return nullptr;
  auto& typed = context.self->state.typed;
  auto session = typed.find(*caller->session);
  return session == typed.end() ? nullptr : &session->second;
}

void drop(const Context& context, PairingConnection connection) {
  hang_up(context, connection);
  context.self->state.callers.erase(connection);
}

/// Without a word where somebody else may hear it.
void end_talk(const Context& context, PairingConnection connection,
              PairingOutcome outcome, const std::string& detail = {}) {
  auto* caller = caller_on(context, connection);
  if (caller == nullptr) return;
  if (caller->talk.has_channel())
    say(context, connection,
        {caller->talk.refuse({outcome, detail.substr(0, events::reason_max)})});
  drop(context, connection);
}

void refuse(const Context& context, PairingConnection connection,
            PairingOutcome outcome, const std::string& detail,
            const store::Principal& principal = own_will()) {
  auto* caller = caller_on(context, connection);
  if (caller == nullptr) return;
  auto session = caller->session;
  end_talk(context, connection, outcome, detail);
  if (session) end_session(context, *session, outcome, detail, principal);
}

// -- the exchange -------------------------------------------------------------

/// Spends the code on who is there.
void begin_exchange(const Context& context, PairingConnection connection) {
  auto* caller = caller_on(context, connection);
  auto* typed = typed_on(context, connection);
  if (typed == nullptr || !caller->offered) return;
  typed->status.number = caller->offered->session;
  typed->status.phase = PairingPhase::proving;
  auto begun =
      caller->talk.begin(*typed->approval.code, context.parts->entropy);
  if (!begun)
    return refuse(context, connection, PairingOutcome::wrong_code,
                  begun.error().message);
  say(context, connection, {*begun});
  hear(context, connection);
}

void take_offer(const Context& context, PairingConnection connection,
                const PairingOffered& offered, const Clock& now) {
  auto& caller = *caller_on(context, connection);
  caller.offered = offered;
  caller.until_ns =
      now.since_boot_ns + std::min<std::uint64_t>(offered.left_s * second_ns,
                                                  events::pairing_window_ns);
  auto* typed = typed_on(context, connection);
  if (typed == nullptr) return hear(context, connection);
  auto wanted = typed->approval.number;
  if (wanted && wanted != offered.session)
    return refuse(context, connection, PairingOutcome::cancelled,
                  "session " + std::to_string(offered.session) +
                      " waits there, not " + std::to_string(*wanted));
  begin_exchange(context, connection);
}

/// A newcomer that is reached from here needs no endpoint of its own.
void add_endpoint(events::Newcomer& newcomer, const TypedSession& typed,
                  const PairingPlace& place) {
  newcomer.endpoints = place.endpoints;
  if (!typed.approval.at || !place.endpoints.empty() || place.listen_port == 0)
    return;
  newcomer.endpoints.push_back({typed.approval.at->address, place.listen_port});
}

void invite(const Context& context, PairingConnection connection,
            const Signature& signature) {
  auto* caller = caller_on(context, connection);
  auto* typed = typed_on(context, connection);
  const auto* mesh = mesh_of(context);
  if (typed == nullptr || mesh == nullptr) return drop(context, connection);
  const auto& own = *mesh->find(context.node);
  say(context, connection,
      {caller->talk.invite(
          {mesh->id, mesh->name, context.node, own.name, own.key, signature})});
  typed->status.phase = PairingPhase::met;
  hear(context, connection);
}

void sign_invitation(const Context& context, PairingConnection connection) {
  auto* caller = caller_on(context, connection);
  if (caller == nullptr) return;
  on_answer<Signature>(
      context.self->request(
          context.parts->ledger, caf::infinite, sign_atom::value,
          caller->talk.channel().binding_of(CpaceRole::initiator)),
      [=](const Signature& signature) {
        invite(context, connection, signature);
      },
      [=](caf::error& error) {
        refuse(context, connection, PairingOutcome::cancelled,
               from_message(error).message);
      });
}

/// Who says that it is it, and has its key.
Result<events::Newcomer> read_newcomer(const PairingChannel& channel,
                                       const PairingMetNewcomer& met) {
  auto records = read_mesh_file(met.introduction);
  if (!records) return records.error();
  auto newcomer = read_introduction(*records);
  if (!newcomer) return newcomer.error();
  if (!is_at(channel, CpaceRole::responder, newcomer->key, met.signature))
    return Error{ErrorCode::bad_input,
                 "the newcomer does not have the key that it shows"};
  return newcomer;
}

void meet(const Context& context, PairingConnection connection,
          const PairingMetNewcomer& met, const Clock& now) {
  auto& state = context.self->state;
  auto* typed = typed_on(context, connection);
  const auto* mesh = mesh_of(context);
  if (typed == nullptr || mesh == nullptr) return drop(context, connection);
  auto newcomer =
      read_newcomer(caller_on(context, connection)->talk.channel(), met);
  if (!newcomer)
    return refuse(context, connection, PairingOutcome::broken,
                  newcomer.error().message);
  add_endpoint(*newcomer, *typed, met.place);
  auto moment = moment_of(context, now);
  auto decided = events::decide_admission(
      *mesh, context.node, {*newcomer, events::awaited(state.pairing)}, moment);
  if (const auto* unwanted = std::get_if<events::Unwanted>(&decided))
    return refuse(context, connection, unwanted->outcome, unwanted->why);
  typed->newcomer = *newcomer;
  auto& status = typed->status;
  status.peer = {newcomer->node, newcomer->name, newcomer->key, mesh->id};
  status.mesh_name = mesh->name;
  status.symbols = met.symbols;
  record(
      context, own_will(),
      [&state, session = status.id,
       peer = *status.peer](const events::Moment& at) {
        return events::decide_proved(state.pairing, session, peer, at);
      },
      [=](const auto& recorded) {
        if (!recorded)
          return refuse(context, connection, PairingOutcome::expired,
                        recorded.error().message);
        sign_invitation(context, connection);
      });
}

// -- the admission ------------------------------------------------------------

void welcome(const Context& context, PairingConnection connection,
             const EntriesPtr& records, const std::string& checkpoint) {
  auto* caller = caller_on(context, connection);
  if (caller == nullptr) return;
  say(context, connection,
      caller->talk.welcome(write_mesh_file(*records), checkpoint));
  hear(context, connection);
  // Whoever does not say thanks is there, or lapses.
  with_clock(context.self, context.parts->clock, [=](const Clock& now) {
    with(context.self->state.callers, connection, [&](PairingCaller& known) {
      known.until_ns = now.since_boot_ns + events::pairing_rest_ns;
    });
  });
}

/// What a member may know follows once the newcomer is one.
void tell_roster(const Context& context, PairingConnection connection) {
  auto failed = [=](const caf::error&) { drop(context, connection); };
  auto with_records = [=](const EntriesPtr& records) {
    on_answer<LedgerStatus>(
        context.self->request(context.parts->ledger, caf::infinite,
                              status_atom::value),
        [=](const LedgerStatus& ledger) {
          welcome(context, connection, records, ledger.checkpoint);
        },
        failed);
  };
  with_kept<MeshActor>(
      context.self, context.parts->node, "mesh",
      [=](const MeshActor& mesh) {
        on_answer<EntriesPtr>(
            context.self->request(mesh, caf::infinite, export_atom::value),
            with_records, failed);
      },
      failed);
}

void admit(const Context& context, const Id& session, const Hash& preshared,
           const std::set<NodeId>& superseded,
           caf::typed_response_promise<bool> promise) {
  auto& state = context.self->state;
  auto& typed = state.typed.at(session);
  RosterStep step =
      events::Admit{typed.newcomer, events::awaited(state.pairing)};
  record_admission(
      context, typed.approval.principal, session, preshared, step, superseded,
      [=, &state, node = typed.newcomer.node,
       connection = typed.connection](const auto& recorded) mutable {
        if (!recorded) {
          refuse(context, connection, PairingOutcome::cancelled,
                 recorded.error().message);
          return answer(promise, Result<bool>{recorded.error()});
        }
        mark(RarePath::newcomer_admitted);
        state.keys_to_come.erase(node);
        keep_looking(context);
        tell_roster(context, connection);
        promise.deliver(true);
      });
}

Error no_such_session() {
  return {ErrorCode::not_found, "there is no such session"};
}

caf::result<bool> admit(const Context& context, const Id& session,
                        const store::Principal& principal) {
  auto& state = context.self->state;
  auto& typed = state.typed.at(session);
  typed.status.phase = PairingPhase::admitting;
  typed.approval.principal = principal;
  auto promise = context.self->make_response_promise<bool>();
  auto fail = [=, &state](PairingOutcome outcome, const Error& error) {
    with(state.typed, session, [&](const TypedSession& known) {
      refuse(context, known.connection, outcome, error.message);
    });
    answer(promise, Result<bool>{error});
  };
  with_clock(context.self, context.parts->clock, [=, &state](const Clock& now) {
    const auto* mesh = mesh_of(context);
    auto found = state.typed.find(session);
    auto* caller = found == state.typed.end()
                       ? nullptr
                       : caller_on(context, found->second.connection);
    if (mesh == nullptr || caller == nullptr)
      return fail(PairingOutcome::cancelled, no_such_session());
    auto decided = events::decide_admission(
        *mesh, context.node,
        {found->second.newcomer, events::awaited(state.pairing)},
        moment_of(context, now));
    if (const auto* unwanted = std::get_if<events::Unwanted>(&decided))
      return fail(unwanted->outcome, {ErrorCode::bad_input, unwanted->why});
    auto superseded = std::get<events::Admitted>(decided).superseded;
    keep_preshared(context, found->second.newcomer.node, caller->talk.channel(),
                   [=, &state](const Result<Hash>& hash) {
                     if (!hash)
                       return fail(PairingOutcome::cancelled, hash.error());
                     auto there = state.typed.find(session);
                     if (there == state.typed.end())
                       return fail(PairingOutcome::cancelled,
                                   no_such_session());
                     there->second.preshared = *hash;
                     admit(context, session, *hash, superseded, promise);
                   });
  });
  return promise;
}

// -- who is there -------------------------------------------------------------

/// The one that waits and is meant.
Result<PairingConnection> find_waiting(const PairingState& state,
                                       const PairingApproval& approval) {
  std::vector<PairingConnection> waiting;
  for (const auto& [connection, caller] : state.callers)
    if (caller.offered && !caller.session &&
        (!approval.number || approval.number == caller.offered->session))
      waiting.push_back(connection);
  if (waiting.empty() && approval.number)
    return Error{ErrorCode::not_found,
                 "session " + std::to_string(*approval.number) +
                     " does not wait here; `ppnctl pair list` shows who does, "
                     "and --from calls one"};
  if (waiting.empty())
    return Error{ErrorCode::not_found,
                 "no newcomer waits here: name its address with --from, or let "
                 "it call by a member where `ppnctl pair open` holds"};
  // Whoever shows the number of another gets one guess at most, too.
  if (waiting.size() > 1 && !approval.number)
    return Error{ErrorCode::bad_input,
                 std::to_string(waiting.size()) +
                     " sessions wait: type the number that the newcomer shows "
                     "before its code"};
  return waiting.front();
}

void add_caller(const Context& context, PairingConnection connection,
                PairingCaller caller) {
  say(context, connection, {caller.talk.hello()});
  context.self->state.callers.emplace(connection, std::move(caller));
  hear(context, connection);
  keep_looking(context);
}

void call_newcomer(const Context& context, const Id& session,
                   const events::Endpoint& at) {
  auto& state = context.self->state;
  on_answer<PairingConnection>(
      context.self->request(context.parts->wire, caf::infinite,
                            dial_atom::value, at),
      [=, &state](const PairingConnection& connection) {
        if (!state.typed.contains(session)) return hang_up(context, connection);
        state.typed.at(session).connection = connection;
        with_clock(context.self, context.parts->clock, [=](const Clock& now) {
          PairingCaller caller{AuthorityTalk{context.parts->entropy},
                               at.address, false, now.since_boot_ns};
          caller.session = session;
          add_caller(context, connection, std::move(caller));
        });
      },
      [=](caf::error& error) {
        end_session(context, session, PairingOutcome::unreachable,
                    from_message(error).message);
      });
}

}  // namespace

caf::result<Id> approve(const Context& context,
                        const PairingApproval& approval) {
  auto& state = context.self->state;
  if (!is_authority(context))
    return to_message(
        {ErrorCode::bad_input,
         "this node's operator admits nobody: type the code on the authority"});
  Result<PairingConnection> waiting = PairingConnection{0};
  if (!approval.at) waiting = find_waiting(state, approval);
  if (!waiting) return to_message(waiting.error());
  auto promise = context.self->make_response_promise<Id>();
  events::PairingWish open{context.parts->next_id(), context.parts->next_id(),
                           PairingSide::authority, approval.number.value_or(0)};
  if (!approval.at) {
    auto& caller = state.callers.at(*waiting);
    caller.session = open.session;
    open.number = caller.offered->session;
  }
  TypedSession typed{{open.session, PairingSide::authority, open.number,
                      PairingPhase::calling},
                     approval,
                     *waiting};
  record(
      context, approval.principal,
      [&state, open](const events::Moment& now) {
        return events::decide_open(state.pairing, open, now);
      },
      [=, &state](const auto& recorded) mutable {
        if (!recorded) {
          if (auto* caller = caller_on(context, typed.connection))
            caller->session.reset();
          return answer(promise, Result<Id>{recorded.error()});
        }
        state.typed.emplace(open.session, typed);
        keep_looking(context);
        promise.deliver(open.session);
        if (typed.approval.at)
          return call_newcomer(context, open.session, *typed.approval.at);
        if (caller_on(context, typed.connection) == nullptr)
          return end_session(context, open.session, PairingOutcome::unreachable,
                             "the newcomer is gone");
        begin_exchange(context, typed.connection);
      });
  return promise;
}

caf::result<bool> decide_on(const Context& context, const Id& session,
                            bool is_wanted, const store::Principal& principal) {
  auto& state = context.self->state;
  auto typed = state.typed.find(session);
  if (typed == state.typed.end()) return to_message(no_such_session());
  if (typed->second.status.phase != PairingPhase::met)
    return to_message({ErrorCode::bad_input,
                       "nobody waits for the operator's word in that session"});
  if (is_wanted) return admit(context, session, principal);
  refuse(context, typed->second.connection, PairingOutcome::refused, {},
         principal);
  return true;
}

bool let_in_to_wait(const Context& context, const PairingArrival& arrival,
                    const Clock& now) {
  auto& state = context.self->state;
  auto of_source = std::count_if(
      state.callers.begin(), state.callers.end(),
      [&](const auto& caller) { return caller.second.from == arrival.from; });
  if (state.callers.size() >= callers_max ||
      static_cast<std::size_t>(of_source) >= callers_of_one)
    return false;
  add_caller(context, arrival.connection,
             {AuthorityTalk{context.parts->entropy}, arrival.from,
              arrival.is_member, now.since_boot_ns});
  return true;
}

void take_as_authority(const Context& context, PairingConnection connection,
                       const Bytes& message, const Clock& now) {
  auto* caller = caller_on(context, connection);
  if (caller == nullptr) return;
  auto step = caller->talk.take(message);
  if (std::holds_alternative<PairingWait>(step)) hear(context, connection);
  if (const auto* to_say = std::get_if<PairingSay>(&step)) {
    say(context, connection, to_say->messages);
    hear(context, connection);
  }
  if (const auto* offered = std::get_if<PairingOffered>(&step))
    take_offer(context, connection, *offered, now);
  if (const auto* met = std::get_if<PairingMetNewcomer>(&step))
    meet(context, connection, *met, now);
  if (std::holds_alternative<PairingThanked>(step)) drop(context, connection);
  if (const auto* broken = std::get_if<PairingBroken>(&step)) {
    auto session = caller->session;
    drop(context, connection);
    if (session)
      end_session(context, *session, broken->outcome, broken->detail);
  }
}

void lose_as_authority(const Context& context, PairingConnection connection) {
  auto* caller = caller_on(context, connection);
  if (caller == nullptr) return;
  auto session = caller->session;
  context.self->state.callers.erase(connection);
  if (session)
    end_session(context, *session, PairingOutcome::unreachable,
                "the connection to the newcomer broke");
}

void look_as_authority(const Context& context, const Clock& now) {
  auto& state = context.self->state;
  std::vector<PairingConnection> overdue;
  for (const auto& [connection, caller] : state.callers) {
    auto until_ns = caller.offered ? caller.until_ns
                                   : caller.since_ns + caller_patience_ns;
    bool is_over = now.since_boot_ns >= until_ns;
    bool is_in_session = caller.offered && caller.session &&
                         state.typed.contains(*caller.session);
    if (is_over && !is_in_session) overdue.push_back(connection);
  }
  for (auto connection : overdue) {
    hang_up(context, connection);
    lose_as_authority(context, connection);
  }
  for (auto& [id, typed] : state.typed) {
    auto open = state.pairing.open.find(id);
    if (open == state.pairing.open.end()) continue;
    auto left_ns =
        open->second.until_since_boot_ns -
        std::min(open->second.until_since_boot_ns, now.since_boot_ns);
    typed.status.left_s = static_cast<std::uint32_t>(left_ns / second_ns);
  }
}

void finish_typed(const Context& context, const Id& session,
                  PairingOutcome outcome, const std::string& detail) {
  auto& state = context.self->state;
  auto found = state.typed.find(session);
  if (found == state.typed.end()) return;
  auto status = std::move(found->second.status);
  auto connection = found->second.connection;
  auto node = found->second.newcomer.node;
  auto preshared = found->second.preshared;
  state.typed.erase(found);
  status.outcome = outcome;
  status.detail = detail;
  status.phase = PairingPhase::admitted;
  if (outcome != PairingOutcome::admitted) {
    status.phase = PairingPhase::ended;
    if (preshared) forget_preshared(context, node, *preshared);
    end_talk(context, connection, outcome);
  }
  state.finished.push_back(std::move(status));
}

}  // namespace ppn::actors
