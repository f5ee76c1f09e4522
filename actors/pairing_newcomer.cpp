#include "actors/pairing_newcomer.hpp"

#include "actors/mesh_file.hpp"

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
/// Whoever passes on may have to be told first that it should.
constexpr std::uint64_t call_again_s = 3;

std::uint32_t seconds_left(std::uint64_t until_ns, const Clock& now) {
  return until_ns <= now.since_boot_ns
             ? 0
             : static_cast<std::uint32_t>((until_ns - now.since_boot_ns) /
                                          second_ns);
}

/// One that is easily said, and says nothing of the code.
std::uint32_t draw_number(const Entropy& entropy) {
  constexpr std::uint32_t numbers = 999;
  std::array<std::uint8_t, 4> bytes{};
  entropy(bytes);
  std::uint32_t number = 0;
  for (auto byte : bytes) number = number << 8U | byte;
  return 1 + number % numbers;
}

ShortCodePtr draw_code(const Entropy& entropy, std::size_t symbols) {
  return std::make_shared<const events::ShortCode>(
      events::ShortCode::draw(symbols, [&] {
        std::array<std::uint8_t, 1> byte{};
        entropy(byte);
        return byte[0];
      }));
}

/// Nothing if a code may be shown.
std::optional<Error> why_not(const Context& context,
                             const PairingOfferWish& wish) {
  const auto& state = context.self->state;
  auto refused = [](std::string why) {
    return Error{ErrorCode::bad_input, std::move(why)};
  };
  if (!state.roster || !state.aggregate.ready())
    return Error{ErrorCode::io, "the ledger is not read yet; try again"};
  if (wish.symbols < events::ShortCode::symbols_min ||
      wish.symbols > events::ShortCode::symbols_max)
    return refused("a code has 6 to 10 symbols");
  if (state.shown)
    return refused(
        "a code is shown already: end that session first, or wait for its end");
  const auto& mesh = state.roster->mesh;
  auto admission = state.pairing.admissions.find(mesh.authority);
  bool is_awaited = admission != state.pairing.admissions.end() &&
                    admission->second.side == PairingSide::newcomer &&
                    !admission->second.is_active;
  if (mesh.founded() && !is_awaited)
    return refused("this node is in the mesh " + mesh.name +
                   " already: `ppnctl leave` takes it out");
  return std::nullopt;
}

ShownSession* shown_of(const Context& context, const Id& session) {
  auto& shown = context.self->state.shown;
  return shown && shown->status.id == session ? &*shown : nullptr;
}

NewcomerTalk* talk_on(const Context& context, PairingConnection connection) {
  auto& shown = context.self->state.shown;
  if (!shown) return nullptr;
  auto talk = shown->talks.find(connection);
  return talk == shown->talks.end() ? nullptr : &talk->second;
}

void drop(const Context& context, PairingConnection connection) {
  hang_up(context, connection);
  lose_as_newcomer(context, connection);
}

/// Says in the clear why nothing more is said.
void give_up(const Context& context, PairingConnection connection,
             PairingOutcome outcome) {
  say(context, connection, {write_message(PairingOver{outcome})});
  drop(context, connection);
}

/// Says it where nobody else hears it.
void refuse(const Context& context, PairingConnection connection,
            const PairingRefusal& refusal) {
  if (auto* talk = talk_on(context, connection))
    say(context, connection, {talk->refuse(refusal)});
  drop(context, connection);
}

// -- whom it is passed on by --------------------------------------------------

void call_relay(const Context& context, const Id& session, bool is_first) {
  auto& state = context.self->state;
  auto connected = [=, &state](const PairingConnection& connection) {
    auto* shown = shown_of(context, session);
    if (shown == nullptr) return hang_up(context, connection);
    with_clock(
        context.self, context.parts->clock, [=, &state](const Clock& now) {
          if (shown_of(context, session) == nullptr)
            return hang_up(context, connection);
          state.shown->talks.emplace(
              std::piecewise_construct, std::forward_as_tuple(connection),
              std::forward_as_tuple(state.shown->code,
                                    state.shown->status.number,
                                    seconds_left(state.shown->until_ns, now),
                                    context.parts->entropy));
          state.shown->status.phase = PairingPhase::waiting;
          hear(context, connection);
        });
  };
  auto failed = [=](caf::error& error) {
    if (auto* waiting = shown_of(context, session))
      waiting->status.phase = PairingPhase::waiting;
    if (is_first)
      end_session(context, session, PairingOutcome::unreachable,
                  from_message(error).message);
  };
  auto* shown = shown_of(context, session);
  if (shown == nullptr) return;
  shown->status.phase = PairingPhase::calling;
  on_answer<PairingConnection>(
      context.self->request(context.parts->wire, caf::infinite,
                            dial_atom::value, *shown->wish.via),
      connected, failed);
}

// -- the exchange -------------------------------------------------------------

bool is_burned(const Context& context, const Id& session) {
  const auto& open = context.self->state.pairing.open;
  auto found = open.find(session);
  return found != open.end() &&
         found->second.answered >= events::pairing_guesses_max;
}

/// Recorded before it is answered.
void answer_guess(const Context& context, PairingConnection connection,
                  const Bytes& message) {
  auto& state = context.self->state;
  bool is_passed_on = state.shown->wish.via.has_value();
  if (!is_passed_on && !state.shown->door.take_guess(connection))
    return give_up(context, connection, PairingOutcome::burned);
  auto session = state.shown->status.id;
  record(
      context, own_will(),
      [&state, session](const events::Moment& now) {
        return events::decide_answer(state.pairing, session, {}, now);
      },
      [=](const auto& recorded) {
        if (talk_on(context, connection) == nullptr) return;
        if (!recorded)
          return give_up(context, connection,
                         is_burned(context, session) ? PairingOutcome::burned
                                                     : PairingOutcome::expired);
        say(context, connection, {message});
        hear(context, connection);
      });
}

void introduce(const Context& context, PairingConnection connection,
               const EntriesPtr& records) {
  auto* talk = talk_on(context, connection);
  if (talk == nullptr) return;
  auto binding = talk->channel().binding_of(CpaceRole::responder);
  on_answer<Signature>(
      context.self->request(context.parts->ledger, caf::infinite,
                            sign_atom::value, binding),
      [=](const Signature& signature) {
        auto* there = talk_on(context, connection);
        if (there == nullptr) return;
        PairingPlace place{context.self->state.shown->wish.endpoints,
                           context.parts->listen_port};
        say(context, connection,
            there->introduce(write_mesh_file(*records), signature, place));
        hear(context, connection);
      },
      [=](const caf::error&) { drop(context, connection); });
}

/// The authority has the code: it learns who is here.
void take_proof(const Context& context, PairingConnection connection,
                const Bytes& message) {
  auto& shown = *context.self->state.shown;
  shown.door.note_proved(connection);
  shown.proved_by = connection;
  shown.status.phase = PairingPhase::proving;
  say(context, connection, {message});
  auto failed = [=](caf::error& error) {
    refuse(context, connection,
           {PairingOutcome::cancelled, from_message(error).message});
  };
  with_kept<MeshActor>(
      context.self, context.parts->node, "mesh",
      [=](const MeshActor& mesh) {
        on_answer<EntriesPtr>(
            context.self->request(mesh, caf::infinite, introduce_atom::value),
            [=](const EntriesPtr& records) {
              introduce(context, connection, records);
            },
            failed);
      },
      failed);
}

void meet(const Context& context, PairingConnection connection,
          const PairingMetAuthority& met) {
  auto& state = context.self->state;
  auto session = state.shown->status.id;
  const auto& invitation = met.invitation;
  events::PairingPeer peer{invitation.authority, invitation.authority_name,
                           invitation.authority_key, invitation.mesh};
  record(
      context, own_will(),
      [&state, session, peer](const events::Moment& now) {
        return events::decide_proved(state.pairing, session, peer, now);
      },
      [=](const auto& recorded) {
        auto* shown = shown_of(context, session);
        if (shown == nullptr || talk_on(context, connection) == nullptr) return;
        if (!recorded)
          return refuse(context, connection,
                        {PairingOutcome::expired, recorded.error().message});
        shown->invitation = met.invitation;
        auto& status = shown->status;
        status.phase = PairingPhase::met;
        status.peer = peer;
        status.mesh_name = met.invitation.mesh_name;
        status.symbols = met.symbols;
        hear(context, connection);
      });
}

// -- the end ------------------------------------------------------------------

/// Whoever is rolled back behind it is seen to be.
void tell_checkpoint(const Context& context, const NodeId& node,
                     const std::string& checkpoint) {
  with_kept<MemberActor>(
      context.self, context.parts->node, "member",
      [=](const MemberActor& member) {
        context.self->send(member, take_atom::value, node, checkpoint);
      },
      [](const caf::error&) {});
}

void thank(const Context& context, const Id& session,
           PairingConnection connection, const std::string& checkpoint,
           const Result<std::uint64_t>& recorded) {
  auto& state = context.self->state;
  if (!recorded) {
    // What may be recorded after all is not taken back by a word.
    if (is_certain(recorded.error()))
      refuse(context, connection,
             {PairingOutcome::broken, "the newcomer could not record it"});
    return end_session(context, session, PairingOutcome::broken,
                       recorded.error().message);
  }
  if (auto* talk = talk_on(context, connection))
    say(context, connection, {talk->thanks()});
  if (auto* shown = shown_of(context, session))
    tell_checkpoint(context, shown->invitation.authority, checkpoint);
  if (state.shown && state.shown->status.id == session)
    finish_shown(context, PairingOutcome::admitted, {});
}

void join(const Context& context, PairingConnection connection,
          const PairingWelcomed& welcomed) {
  auto& state = context.self->state;
  auto session = state.shown->status.id;
  auto records = read_mesh_file(welcomed.file);
  if (!records) return thank(context, session, connection, {}, records.error());
  const auto& invitation = state.shown->invitation;
  state.shown->status.phase = PairingPhase::admitting;
  RosterStep step = WelcomedRoster{std::move(*records), invitation.mesh,
                                   invitation.authority,
                                   invitation.authority_key};
  auto principal = state.shown->wish.principal;
  keep_preshared(
      context, invitation.authority, talk_on(context, connection)->channel(),
      [=, checkpoint = welcomed.checkpoint](const Result<Hash>& hash) {
        if (!hash) return thank(context, session, connection, {}, hash.error());
        if (auto* shown = shown_of(context, session)) shown->preshared = *hash;
        record_admission(context, principal, session, *hash, step, {},
                         [=](const auto& recorded) {
                           thank(context, session, connection, checkpoint,
                                 recorded);
                         });
      });
}

/// The other side ends it, or broke the rules.
void take_end(const Context& context, PairingConnection connection,
              const PairingBroken& broken) {
  auto& shown = *context.self->state.shown;
  if (broken.outcome == PairingOutcome::wrong_code)
    return give_up(context, connection, PairingOutcome::wrong_code);
  bool has_proved = talk_on(context, connection)->has_channel();
  drop(context, connection);
  // Whoever did not prove the code ends nothing but its own try.
  if (has_proved)
    end_session(context, shown.status.id, broken.outcome, broken.detail);
}

}  // namespace

void finish_shown(const Context& context, PairingOutcome outcome,
                  const std::string& detail) {
  auto& state = context.self->state;
  auto& shown = *state.shown;
  bool is_for_all = outcome == PairingOutcome::expired ||
                    outcome == PairingOutcome::cancelled;
  auto told = is_for_all ? outcome : PairingOutcome::cancelled;
  for (auto& [connection, talk] : shown.talks) {
    if (outcome != PairingOutcome::admitted)
      say(context, connection,
          {talk.has_channel() ? talk.refuse({told, {}})
                              : write_message(PairingOver{told})});
    hang_up(context, connection);
  }
  auto& status = shown.status;
  bool is_in = outcome == PairingOutcome::admitted;
  if (is_in) state.keys_to_come.erase(shown.invitation.authority);
  status.phase = is_in ? PairingPhase::admitted : PairingPhase::ended;
  status.outcome = outcome;
  status.detail = detail;
  if (!is_in && shown.preshared)
    forget_preshared(context, shown.invitation.authority, *shown.preshared);
  state.finished.push_back(std::move(status));
  state.shown.reset();
  listen(context);
  keep_looking(context);
}

caf::result<ShownCode> show_code(const Context& context,
                                 const PairingOfferWish& wish) {
  if (auto error = why_not(context, wish)) return to_message(*error);
  auto& state = context.self->state;
  const auto& parts = *context.parts;
  auto promise = context.self->make_response_promise<ShownCode>();
  events::PairingWish open{parts.next_id(), parts.next_id(),
                           PairingSide::newcomer, draw_number(parts.entropy)};
  if (wish.via) open.via = wish.via->text();
  state.shown.emplace(ShownSession{
      {open.session, PairingSide::newcomer, open.number, PairingPhase::waiting},
      wish,
      draw_code(parts.entropy, wish.symbols),
      0,
      PairingDoor{wish.only_from},
      {}});
  auto fail = [=, &state](const Error& error) {
    for (const auto& [connection, talk] : state.shown->talks)
      hang_up(context, connection);
    state.shown.reset();
    listen(context);
    answer(promise, Result<ShownCode>{error});
  };
  listen(context, [=, &state](const store::Status& listening) {
    if (!listening) return fail(listening.error());
    record(
        context, wish.principal,
        [&state, open](const events::Moment& now) {
          state.shown->until_ns = now.since_boot_ns + open.window_ns;
          return events::decide_open(state.pairing, open, now);
        },
        [=, &state](const auto& recorded) {
          if (!recorded) return fail(recorded.error());
          keep_looking(context);
          if (wish.via) call_relay(context, open.session, true);
          answer(promise,
                 Result<ShownCode>{
                     {open.session, open.number, state.shown->code,
                      static_cast<std::uint32_t>(open.window_ns / second_ns)}});
        });
  });
  return promise;
}

bool let_in_to_prove(const Context& context, const PairingArrival& arrival,
                     const Clock& now) {
  auto& shown = context.self->state.shown;
  if (!shown || shown->wish.via || shown->until_ns == 0) return false;
  if (shown->door.enter(arrival.connection, arrival.from, now.since_boot_ns) !=
      DoorAnswer::welcome)
    return false;
  shown->talks.emplace(std::piecewise_construct,
                       std::forward_as_tuple(arrival.connection),
                       std::forward_as_tuple(shown->code, shown->status.number,
                                             seconds_left(shown->until_ns, now),
                                             context.parts->entropy));
  hear(context, arrival.connection);
  return true;
}

void take_as_newcomer(const Context& context, PairingConnection connection,
                      const Bytes& message, const Clock& /*now*/) {
  auto* talk = talk_on(context, connection);
  if (talk == nullptr) return;
  auto step = talk->take(message, context.parts->entropy);
  if (std::holds_alternative<PairingWait>(step)) hear(context, connection);
  if (const auto* to_say = std::get_if<PairingSay>(&step)) {
    say(context, connection, to_say->messages);
    hear(context, connection);
  }
  if (const auto* guess = std::get_if<PairingAnswerGuess>(&step))
    answer_guess(context, connection, guess->message);
  if (const auto* proof = std::get_if<PairingProved>(&step))
    take_proof(context, connection, proof->message);
  if (const auto* met = std::get_if<PairingMetAuthority>(&step))
    meet(context, connection, *met);
  if (const auto* welcomed = std::get_if<PairingWelcomed>(&step))
    join(context, connection, *welcomed);
  if (const auto* broken = std::get_if<PairingBroken>(&step))
    take_end(context, connection, *broken);
}

void lose_as_newcomer(const Context& context, PairingConnection connection) {
  auto& shown = context.self->state.shown;
  if (!shown) return;
  shown->door.leave(connection);
  if (shown->talks.erase(connection) == 0) return;
  auto& phase = shown->status.phase;
  if (phase == PairingPhase::admitting) return;
  // The code may be typed again, if it is good for another guess.
  if (shown->proved_by == connection) {
    shown->proved_by.reset();
    phase = PairingPhase::waiting;
  }
  if (shown->talks.empty() && is_burned(context, shown->status.id))
    end_session(context, shown->status.id, PairingOutcome::burned, {});
}

void look_as_newcomer(const Context& context, const Clock& now) {
  auto& shown = context.self->state.shown;
  if (!shown || !context.self->state.pairing.open.contains(shown->status.id))
    return;
  shown->status.left_s = seconds_left(shown->until_ns, now);
  for (auto connection : shown->door.overdue(now.since_boot_ns))
    drop(context, connection);
  bool calls = shown->wish.via && shown->talks.empty() &&
               shown->status.phase == PairingPhase::waiting &&
               shown->status.left_s % call_again_s == 0;
  if (calls) call_relay(context, shown->status.id, false);
}

}  // namespace ppn::actors
