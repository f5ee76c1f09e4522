#include "actors/paths.hpp"

#include "actors/ask_clock.hpp"
#include "actors/rare_path.hpp"

namespace ppn::actors {

namespace {

using Self = PathsActor::stateful_pointer<PathsState>;
using Clock = store::ClockReading;

struct Context {
  Self self;
  PathsParts parts;
  NodeId node;
};

const events::Mesh* mesh_of(const Context& context) {
  const auto& state = context.self->state;
  bool is_member = state.restored && state.roster &&
                   state.roster->mesh.find(context.node) != nullptr;
  return is_member ? &state.roster->mesh : nullptr;
}

/// Without looking through all members.
bool is_all_told(const PathsState& state) {
  return state.told && state.told_of == state.roster &&
         state.told_moves == state.paths.moves() &&
         state.told->calls == state.candidates.calls() &&
         state.told->keys == state.keys.uses();
}

void tell_followers(const Context& context) {
  auto& state = context.self->state;
  if (is_all_told(state)) return;
  state.told_of = state.roster;
  state.told_moves = state.paths.moves();
  events::PathChoices chosen;
  if (const auto* mesh = mesh_of(context))
    chosen = {state.paths.taken(*mesh), state.candidates.calls(),
              state.keys.uses()};
  if (state.told && *state.told == chosen) return;
  state.told = std::make_shared<const events::PathChoices>(std::move(chosen));
  for (const auto& follower : state.followers)
    context.self->send(follower, paths_atom::value, state.told);
}

template <class Letter>
void send(const Context& context, const std::vector<Letter>& letters) {
  for (const auto& letter : letters)
    context.self->state.member.with(
        context.self, context.parts.node, [=](const MemberActor& member) {
          context.self->send(member, letter_atom::value,
                             std::make_shared<const Letter>(letter));
        });
}

/// What follows from what was seen or heard.
void tick(const Context& context) {
  auto& state = context.self->state;
  state.ticking = true;
  with_clock(context.self, context.parts.clock, [=, &state](const Clock& now) {
    state.ticking = false;
    const auto* mesh = mesh_of(context);
    if (mesh == nullptr) return;
    auto wanted = state.paths.behind_busy_relays();
    send(context, state.paths.tick(*mesh, now.since_boot_ns));
    send(context, state.candidates.tick(*mesh, wanted, now.since_boot_ns));
    tell_followers(context);
    if (!state.paths.is_restless(*mesh, now.since_boot_ns) &&
        !state.candidates.is_restless(*mesh, wanted, now.since_boot_ns))
      return;
    state.ticking = true;
    context.self->delayed_send(context.self, path_tick_interval,
                               tick_atom::value);
  });
}

void tell_member(const Context& context, events::SeenAt seen_at) {
  auto& state = context.self->state;
  if (state.seen_at && *state.seen_at == seen_at && state.member.is_known())
    return;
  auto told = std::make_shared<const events::SeenAt>(std::move(seen_at));
  state.seen_at = told;
  state.member.with(context.self, context.parts.node,
                    [context, told](const MemberActor& member) {
                      context.self->send(member, seen_atom::value,
                                         SeenAtPtr{told});
                    });
}

/// Whose tunnels are otherwise than at the last look, or looked at with another
/// roster or for other keys.
std::set<NodeId> take_changed(PathsState& state, const DeviceLook& look) {
  const auto& mesh = state.roster->mesh;
  auto changed = state.watch.look({look.seen, &look.seen->device}, look.utc_ns);
  auto before = std::exchange(state.looked_with, state.roster);
  bool are_keys_same = state.looked_for == state.keys.uses();
  state.looked_for = state.keys.uses();
  return before == state.roster && are_keys_same
             ? events::holders_of(mesh, changed)
             : events::nodes_of(mesh);
}

void take_look(const Context& context, const DeviceLook& look) {
  auto& state = context.self->state;
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  const auto& device = look.seen->device;
  state.keys.look(*mesh, device, state.paths.broken(), look.utc_ns);
  const auto& keys = state.keys.uses();
  auto changed = take_changed(state, look);
  state.paths.look(*mesh, device, changed, look.utc_ns, keys);
  state.candidates.note_own(look.seen->host_addresses);
  state.candidates.look(*mesh, device, changed, state.paths.broken(),
                        look.utc_ns, keys);
  if (!changed.empty() || !state.seen_at || !state.member.is_known())
    tell_member(context, events::places_of(*mesh, device, look.utc_ns));
  tell_followers(context);
  if (!state.ticking) tick(context);
}

void take_word(const Context& context, const HeardWordPtr& heard) {
  auto& state = context.self->state;
  with_clock(context.self, context.parts.clock, [=, &state](const Clock& now) {
    const auto* mesh = mesh_of(context);
    if (mesh == nullptr) return;
    auto before = state.told;
    send(context, state.paths.take(*mesh, *heard, now.since_boot_ns));
    tell_followers(context);
    if (state.told != before) mark(RarePath::path_agreed);
    if (!state.ticking) tick(context);
  });
}

void take_place(const Context& context, const HeardPlacePtr& heard) {
  auto& state = context.self->state;
  with_clock(context.self, context.parts.clock, [=, &state](const Clock& now) {
    const auto* mesh = mesh_of(context);
    if (mesh == nullptr || mesh->find(heard->sender) == nullptr) return;
    if (heard->seen_at)
      send(context,
           state.candidates.note_seen_at(*mesh, heard->sender, *heard->seen_at,
                                         now.since_boot_ns));
    if (heard->whereabouts)
      send(context,
           state.candidates.take(*mesh, heard->sender, *heard->whereabouts,
                                 now.since_boot_ns));
    if (!state.ticking) tick(context);
  });
}

/// It does so first, and this node a moment later.
void take_switch(const Context& context, const HeardSwitch& heard) {
  const auto* mesh = mesh_of(context);
  const auto* member = mesh == nullptr ? nullptr : mesh->find(heard.sender);
  const auto& word = heard.word;
  if (member == nullptr || member->next_tunnel_key != word.key ||
      word.in_ms > events::key_switch_ms_max)
    return;
  std::chrono::milliseconds moment{word.in_ms + events::key_switch_margin_ms};
  context.self->delayed_send(context.self, moment, key_atom::value,
                             heard.sender, word.key);
}

void switch_key(const Context& context, const NodeId& node,
                const events::TunnelKey& key) {
  auto& state = context.self->state;
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr || !state.keys.take(*mesh, node, key)) return;
  mark(RarePath::tunnel_key_switched);
  state.paths.doubt(node);
  tell_followers(context);
  if (!state.ticking) tick(context);
}

void take_roster(const Context& context, const RosterPtr& roster) {
  auto& state = context.self->state;
  state.roster = roster;
  if (!state.restored) return;
  if (const auto* mesh = mesh_of(context)) {
    state.paths.keep_members(*mesh);
    state.candidates.keep_members(*mesh);
    state.keys.keep_announced(*mesh);
  }
  tell_followers(context);
}

/// Goes on with the paths that were recorded last.
void restore(const Context& context) {
  auto& state = context.self->state;
  on_answer<StatePtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            state_atom::value),
      [=, &state](const StatePtr& ledger) {
        for (const auto& [node, tunnel] : ledger->state.tunnels)
          if (tunnel.path) state.paths.restore(node, tunnel.path->taken);
        state.restored = true;
        if (state.roster) take_roster(context, state.roster);
      },
      [self = context.self](caf::error& error) { self->quit(error); });
}

/// Who waits for the first choices asks again and again, and so sees to it that
/// the mesh actor is followed, should it have been dead before.
void follow(const Context& context, const PathFollower& follower) {
  auto& state = context.self->state;
  state.mesh.ensure(context.self, context.parts.node);
  if (!state.followers.insert(follower).second) return;
  context.self->monitor(follower);
  if (state.told) context.self->send(follower, paths_atom::value, state.told);
}

}  // namespace

PathsActor::behavior_type paths_actor(Self self, const PathsParts& parts,
                                      const events::Node& node) {
  Context context{self, parts, node.id};
  auto& state = self->state;
  state.paths = events::Paths{node.id};
  state.candidates = events::Candidates{node.id};
  self->set_down_handler([&state](const caf::down_msg& death) {
    state.mesh.note_death(death.source);
    state.member.note_death(death.source);
    // Another member actor knows nothing of it.
    state.seen_at.reset();
    std::erase_if(state.followers, [&](const PathFollower& follower) {
      return caf::actor_cast<caf::actor_addr>(follower) == death.source;
    });
  });
  restore(context);
  state.mesh.ensure(self, parts.node);
  return {
      [=](roster_atom, const RosterPtr& roster) {
        take_roster(context, roster);
      },
      [=](observed_atom, const DeviceLook& look) {
        self->state.mesh.ensure(self, parts.node);
        take_look(context, look);
      },
      [=](word_atom, const HeardWordPtr& heard) { take_word(context, heard); },
      [=](word_atom, const HeardPlacePtr& heard) {
        take_place(context, heard);
      },
      [=](key_atom, const HeardSwitch& heard) { take_switch(context, heard); },
      [=](key_atom, const NodeId& member, const events::TunnelKey& key) {
        switch_key(context, member, key);
      },
      [=](own_atom, const OwnBytes& own) {
        self->state.paths.note_own(own.node, own.by_path, own.received,
                                   own.sent);
      },
      [=](passed_atom, const NodeId& from, const NodeId& to) {
        return self->state.paths.passes_on(from, to);
      },
      [=](tick_atom) { tick(context); },
      [=](follow_atom, const PathFollower& follower) {
        follow(context, follower);
      },
  };
}

}  // namespace ppn::actors
