#include "actors/device_key.hpp"

#include "actors/rare_path.hpp"

namespace ppn::actors {

namespace {

using store::Result;
using Context = DeviceContext;

/// Who is there learns of a forced one too: so many looks are waited for them.
constexpr std::uint32_t forced_patience = 10;

const events::Mesh& mesh_of(const DeviceState& state) {
  static const events::Mesh none;
  return state.roster ? state.roster->mesh : none;
}

/// Goes on with a key that was made and is recorded nowhere yet.
void with_new_key(const Context& context,
                  const std::function<void(const events::TunnelKey&)>& next,
                  const std::function<void(caf::error&)>& failed) {
  auto& state = context.self->state;
  if (state.made_key) return next(*state.made_key);
  on_answer<events::TunnelKey>(
      context.self->request(context.parts->wireguard, wireguard_patience,
                            create_key_atom::value),
      [=, &state](const events::TunnelKey& key) {
        state.made_key = key;
        next(key);
      },
      failed);
}

/// Records the key that the tunnels have from now on.
void record_key(const Context& context, const events::TunnelKey& key,
                const KeyMade& done) {
  auto& state = context.self->state;
  state.aggregate.command(
      device_will,
      [&state, key](const events::Moment&) {
        return events::decide_key(state.own, key);
      },
      [&state, key, done](const auto& result) {
        if (result && state.made_key == key) state.made_key.reset();
        done(result);
      });
}

// -- what others are told -----------------------------------------------------

template <class Handle, class Message>
void tell(const Context& context, const char* name, Message message) {
  with_kept<Handle>(context.self, context.parts->node, name, message,
                    [](const caf::error&) {});
}

/// Tells the authority what the roster lacks of this node's key.
void tell_news(const Context& context, const events::TunnelKey& of_device) {
  auto& state = context.self->state;
  const auto& mesh = mesh_of(state);
  auto lacking = events::key_news(mesh, context.node, state.own, of_device);
  bool had_news = std::exchange(state.has_key_news, lacking.has_value());
  if (!lacking && !had_news) return;
  KeyNewsPtr news;
  if (lacking) news = std::make_shared<const events::KeyNews>(*lacking);
  if (news && mesh.authority == context.node)
    tell<MeshActor>(context, "mesh", [=](const MeshActor& actor) {
      context.self->send(actor, key_atom::value, context.node, news);
    });
  tell<MemberActor>(context, "member", [=](const MemberActor& actor) {
    context.self->send(actor, key_atom::value, news);
  });
}

// -- the switch ---------------------------------------------------------------

/// What the device is to get, once the roster has announced it to all.
std::optional<events::TunnelKey> announced_key(const Context& context) {
  const auto& state = context.self->state;
  const auto& mesh = mesh_of(state);
  const auto* member = mesh.find(context.node);
  if (member == nullptr || mesh.restating || !state.own.key)
    return std::nullopt;
  auto to_come = events::key_to_come(state.own, key_of_device(context));
  bool is_announced = to_come && member->next_tunnel_key == to_come;
  return is_announced ? to_come : std::nullopt;
}

void begin_telling(const Context& context, const events::TunnelKey& key) {
  auto& state = context.self->state;
  state.told_key = key;
  state.has_told = false;
  context.self->send(context.self, key_atom::value, std::uint32_t{0});
}

/// Persisted first; the device keeps the old key until the others were told.
void begin_switch(const Context& context, const events::TunnelKey& key) {
  if (context.self->state.own.key == key) return begin_telling(context, key);
  record_key(context, key, [=](const auto& result) {
    if (result) begin_telling(context, key);
  });
}

void switch_if_acknowledged(const Context& context,
                            const MemberStatus& members) {
  auto& state = context.self->state;
  auto key = announced_key(context);
  if (!key || key == state.told_key || !state.announced_at) return;
  std::map<NodeId, events::RosterPlace> known;
  for (const auto& [node, heard] : members.heard) known[node] = heard.agreed;
  state.waits_for = events::not_acknowledged(mesh_of(state), context.node,
                                             *state.announced_at, known);
  // It may be its own already, as far as this node goes.
  bool is_due = state.own.is_forced || state.own.key == key;
  if (state.waits_for.empty() || (is_due && state.waited >= forced_patience))
    begin_switch(context, *key);
}

}  // namespace

void make_first_key(const Context& context, const KeyMade& done) {
  with_new_key(
      context,
      [=](const events::TunnelKey& key) { record_key(context, key, done); },
      [=](caf::error& error) { done(from_message(error)); });
}

events::TunnelKey key_of_device(const Context& context) {
  const auto& state = context.self->state;
  bool told = state.has_told && state.told_key == state.own.key;
  return events::key_of_device(
      mesh_of(state), context.node, state.own,
      state.seen ? state.seen->device.key : std::nullopt, told);
}

std::vector<events::TunnelKey> keys_of_use(const DeviceState& state) {
  const auto& own = state.own;
  auto keys = own.former_keys;
  for (const auto& key : {own.key, own.next_key, state.made_key})
    if (key) keys.push_back(*key);
  return keys;
}

void go_on_with_rotation(const Context& context) {
  auto& state = context.self->state;
  if (!state.aggregate.ready() || !state.own.key || !state.seen) return;
  if (auto made =
          events::key_made_elsewhere(state.own, mesh_of(state), context.node))
    return record_key(context, *made, [](const auto&) {});
  auto of_device = key_of_device(context);
  // What it has by somebody else's doing, or not yet, is no news.
  if (state.seen->device.key == of_device) tell_news(context, of_device);
  auto key = announced_key(context);
  if (!key) {
    state.announced_at.reset();
    state.waits_for.clear();
    state.was_unnamed |= of_device != state.own.key;
    if (state.seen->device.key == of_device) state.told_key.reset();
    return;
  }
  // Killed as it was to switch: all knew it then, and some have switched.
  if (state.own.key == key && !state.was_unnamed && key != state.told_key)
    return begin_switch(context, *key);
  const auto& mesh = mesh_of(state);
  if (!state.announced_at || state.announced_at->epoch != mesh.epoch) {
    state.announced_at = events::place_of(mesh);
    state.waits_for =
        events::not_acknowledged(mesh, context.node, *state.announced_at, {});
    state.waited = 0;
  }
  state.waited += 1;
  tell<MemberActor>(context, "member", [=](const MemberActor& actor) {
    on_answer<MemberStatusPtr>(
        context.self->request(actor, caf::infinite, status_atom::value),
        [=](const MemberStatusPtr& members) {
          switch_if_acknowledged(context, *members);
        },
        [](const caf::error&) {});
  });
}

void switch_key(const Context& context, std::uint32_t step,
                const std::function<void()>& reconcile) {
  auto& state = context.self->state;
  if (!state.told_key || state.told_key != state.own.key) return;
  if (step == events::key_switch_words) {
    state.has_told = true;
    return reconcile();
  }
  events::KeySwitch word{*state.told_key, (events::key_switch_words - step) *
                                              events::key_switch_word_ms};
  // What was not said is said again.
  auto failed = [&state](const caf::error&) { state.told_key.reset(); };
  auto said = [=](bool) {
    context.self->delayed_send(
        context.self, std::chrono::milliseconds{events::key_switch_word_ms},
        key_atom::value, step + 1);
  };
  with_kept<MemberActor>(
      context.self, context.parts->node, "member",
      [=](const MemberActor& actor) {
        on_answer<bool>(
            context.self->request(actor, caf::infinite, key_atom::value, word),
            said, failed);
      },
      failed);
}

// -- what the operator wants --------------------------------------------------

caf::result<WordsPtr> plan_rotation(const Context& context,
                                    const RotateTunnelKey& wish) {
  auto& state = context.self->state;
  auto promise = context.self->make_response_promise<WordsPtr>();
  state.aggregate.command(
      {},
      [&state, node = context.node,
       wish](const events::Moment& now) -> events::Decision {
        auto decision = events::decide_rotation(state.own, mesh_of(state), node,
                                                {}, wish.force, now);
        if (std::holds_alternative<events::Refusal>(decision)) return decision;
        return std::vector<events::Draft>{};
      },
      [=, &state](const auto& result) {
        if (!result) return answer(promise, Result<WordsPtr>{result.error()});
        auto words =
            events::rotation_in_words(state.own, mesh_of(state), wish.force);
        answer(promise, Result<WordsPtr>{
                            std::make_shared<const std::vector<std::string>>(
                                std::move(words))});
      });
  return promise;
}

caf::result<std::uint64_t> request_rotation(const Context& context,
                                            const RotateTunnelKey& wish,
                                            const Id& proposal,
                                            const store::Principal& principal) {
  auto& state = context.self->state;
  auto promise = context.self->make_response_promise<std::uint64_t>();
  Origin origin{
      principal,
      store::Causation{schema::CausationKind::request, {}, 0, proposal},
      {}};
  with_new_key(
      context,
      [=, &state](const events::TunnelKey& key) {
        state.aggregate.command(
            origin,
            [&state, node = context.node, wish,
             key](const events::Moment& now) {
              return events::decide_rotation(state.own, mesh_of(state), node,
                                             key, wish.force, now);
            },
            [=, &state](const auto& result) {
              if (result && state.own.next_key == key) state.made_key.reset();
              answer(promise, result);
              go_on_with_rotation(context);
            });
      },
      [promise](caf::error& error) {
        answer(promise, Result<std::uint64_t>{from_message(error)});
      });
  return promise;
}

std::optional<KeyRotation> rotation_of(const Context& context) {
  const auto& state = context.self->state;
  if (!state.own.key) return std::nullopt;
  auto of_device = key_of_device(context);
  auto to_come = events::key_to_come(state.own, of_device);
  auto news =
      events::key_news(mesh_of(state), context.node, state.own, of_device);
  bool is_in_use = news && news->is_in_use;
  if (!to_come && !is_in_use) return std::nullopt;
  bool is_announced = announced_key(context).has_value();
  return KeyRotation{to_come.value_or(of_device), state.own.is_forced,
                     is_announced || is_in_use, is_in_use,
                     is_announced ? state.waits_for : std::vector<NodeId>{}};
}

}  // namespace ppn::actors
