#include "actors/pairing_session.hpp"

#include <algorithm>

#include "actors/device.hpp"
#include "store/hash.hpp"

namespace ppn::actors {

namespace {

using Context = PairingContext;
using schema::PairingOutcome;
using store::Result;

/// A member lets newcomers in, too, as long as its operator says so.
PairingListen wanted(const Context& context) {
  const auto& state = context.self->state;
  PairingListen listen;
  listen.is_everywhere = state.open_door ||
                         (state.shown && !state.shown->wish.via);
  if (const auto* mesh = mesh_of(context); mesh && is_authority(context))
    listen.own = mesh->find(context.node)->address;
  return listen;
}

/// The same key is secret twice for a moment: in the channel and on its way.
SecretPtr copy_of(const PairingChannel& channel) {
  return channel.with_preshared_key([](auto key) {
    auto secret = store::allocate_secret(key.size());
    std::copy(key.begin(), key.end(), secret.get());
    return std::make_shared<const store::SecretBytes>(std::move(secret));
  });
}

}  // namespace

const events::Mesh* mesh_of(const Context& context) {
  const auto& roster = context.self->state.roster;
  bool is_member = roster && roster->mesh.find(context.node) != nullptr;
  return is_member ? &roster->mesh : nullptr;
}

bool is_authority(const Context& context) {
  const auto* mesh = mesh_of(context);
  return mesh != nullptr && mesh->authority == context.node;
}

// -- the wire -----------------------------------------------------------------

void say(const Context& context, PairingConnection connection,
         std::vector<Bytes> messages) {
  for (auto& message : messages)
    context.self->send(
        context.parts->wire, message_atom::value, connection,
        BytesPtr{std::make_shared<const Bytes>(std::move(message))});
}

void hear(const Context& context, PairingConnection connection) {
  context.self->send(context.parts->wire, read_atom::value, connection);
}

void hang_up(const Context& context, PairingConnection connection) {
  auto& door = context.self->state.open_door;
  if (door) door->door.leave(connection);
  context.self->send(context.parts->wire, close_atom::value, connection);
}

void listen(const Context& context,
            const std::function<void(const store::Status&)>& done) {
  auto& state = context.self->state;
  auto now_wanted = wanted(context);
  if (now_wanted == state.listening) return done({});
  state.listening.reset();
  on_answer<bool>(
      context.self->request(context.parts->wire, caf::infinite,
                            listen_atom::value, now_wanted,
                            caf::actor_cast<PairingReceiver>(context.self)),
      [done, &state, now_wanted](bool) {
        state.listening = now_wanted;
        done({});
      },
      [done, &state](caf::error& error) {
        // It listens nowhere then, and is told again.
        state.listening.reset();
        done(from_message(error));
      });
}

events::Moment moment_of(const Context& context, const SessionClock& now) {
  return {now.utc_ns, now.since_boot_ns, now.synchronised, context.boot};
}

bool awaits_somebody(const Context& context) {
  const auto& admissions = context.self->state.pairing.admissions;
  return std::any_of(
      admissions.begin(), admissions.end(),
      [](const auto& admission) { return !admission.second.is_active; });
}

void keep_looking(const Context& context) {
  auto& state = context.self->state;
  bool has_reason =
      state.shown || !state.typed.empty() || !state.callers.empty() ||
      state.open_door || !state.mesh.is_followed() ||
      wanted(context) != state.listening || awaits_somebody(context);
  if (!has_reason || std::exchange(state.is_ticking, true)) return;
  context.self->delayed_send(context.self, std::chrono::seconds{1},
                             tick_atom::value);
}

// -- the ledger ---------------------------------------------------------------

bool is_certain(const store::Error& error) {
  return error.code != store::ErrorCode::io &&
         error.code != store::ErrorCode::version_conflict;
}

store::Principal own_will() {
  return {schema::PrincipalKind::actor, PairingState::name};
}

void record(const Context& context, const store::Principal& principal,
            PairingAggregate::Decide decide, const Recorded& done) {
  context.self->state.aggregate.command({principal, {}, {}}, std::move(decide),
                                        done);
}

void end_session(const Context& context, const Id& session,
                 PairingOutcome outcome, const std::string& detail,
                 const store::Principal& principal) {
  auto& pairing = context.self->state.pairing;
  auto decide = [&pairing, session, outcome,
                 detail](const events::Moment&) -> events::Decision {
    if (!pairing.open.contains(session)) return std::vector<events::Draft>{};
    return events::decide_end(pairing, session, outcome, detail);
  };
  record(context, principal, decide, [](const auto&) {});
}

// -- the preshared key --------------------------------------------------------

namespace {

/// What is recorded is of use, also while something else is about to be.
void retire_others(const Context& context) {
  auto& state = context.self->state;
  if (!state.has_begun) return;
  std::set<Hash> of_use;
  for (const auto& [node, hash] : state.keys_to_come) of_use.insert(hash);
  // A recovery may make who was removed a member again.
  for (const auto& [node, admission] : state.pairing.admissions)
    of_use.insert(admission.preshared);
  if (state.kept_keys == of_use) return;
  state.kept_keys = of_use;
  context.self->send(context.parts->wireguard, preshared_atom::value,
                     HashesPtr{std::make_shared<const std::vector<Hash>>(
                         of_use.begin(), of_use.end())});
}

}  // namespace

void tell_preshared(const Context& context) {
  auto& state = context.self->state;
  if (!state.roster) return;
  events::SharedKeys shared{
      events::preshared_keys(state.pairing, state.roster->mesh),
      state.tried_without};
  retire_others(context);
  for (const auto& [node, hash] : state.keys_to_come) {
    shared.keys[node] = hash;
    shared.tried_without.erase(node);
  }
  if (state.told_keys && *state.told_keys == shared) return;
  state.told_keys = std::make_shared<const events::SharedKeys>(shared);
  for (const auto& follower : state.followers)
    context.self->send(follower, preshared_atom::value, state.told_keys);
}

void keep_preshared(const Context& context, const NodeId& node,
                    const PairingChannel& channel,
                    const std::function<void(const Result<Hash>&)>& done) {
  auto& state = context.self->state;
  auto hash = channel.with_preshared_key(
      [](auto key) { return store::preshared_hash(key); });
  state.keys_to_come[node] = hash;
  on_answer<bool>(
      context.self->request(context.parts->wireguard, wireguard_patience,
                            preshared_atom::value, hash, copy_of(channel)),
      [=](bool) {
        tell_preshared(context);
        done(hash);
      },
      [=](caf::error& error) {
        forget_preshared(context, node, hash);
        done(from_message(error));
      });
}

void forget_preshared(const Context& context, const NodeId& node,
                      const Hash& hash) {
  auto& keys = context.self->state.keys_to_come;
  auto found = keys.find(node);
  if (found == keys.end() || found->second != hash) return;
  keys.erase(found);
  tell_preshared(context);
}

// -- the admission ------------------------------------------------------------

PairingAggregate::RecordBy by_mesh(const Context& context, RosterStep what,
                                   const store::Principal& principal,
                                   const NeedPtr& need) {
  return [=](store::AppendRequest events,
             const PairingAggregate::Recorded& recorded) {
    auto admission = std::make_shared<const Admission>(
        Admission{what, std::move(events), principal, std::nullopt,
                  need ? *need : std::nullopt});
    auto failed = [recorded](caf::error& error) {
      recorded(from_message(error));
    };
    with_kept<MeshActor>(
        context.self, context.parts->node, "mesh",
        [=](const MeshActor& mesh) {
          on_answer<EntriesPtr>(
              context.self->request(mesh, caf::infinite, admit_atom::value,
                                    AdmissionPtr{admission}),
              recorded, failed);
        },
        failed);
  };
}

void record_admission(const Context& context, const store::Principal& principal,
                      const Id& session, const Hash& preshared, RosterStep what,
                      const std::set<NodeId>& lapsed, const Recorded& done) {
  auto& state = context.self->state;
  auto need = std::make_shared<std::optional<events::Need>>();
  auto decide = [=, &state](const events::Moment&) -> events::Decision {
    auto open = state.pairing.open.find(session);
    if (open != state.pairing.open.end())
      *need = events::pairing_need(session, open->second);
    return events::decide_admitted(state.pairing, session, preshared, lapsed);
  };
  state.aggregate.command_by({principal, {}, {}}, decide,
                             by_mesh(context, std::move(what), principal, need),
                             done);
}

}  // namespace ppn::actors
