#include "actors/device.hpp"

#include <algorithm>
#include <utility>

#include "actors/device_key.hpp"
#include "actors/rare_path.hpp"

namespace ppn::actors {

namespace {

using Self = DeviceActor::stateful_pointer<DeviceState>;
using store::ErrorCode;

using Context = DeviceContext;

void reconcile(const Context& context);

// -- what should be -----------------------------------------------------------

events::DeviceConfig desired_of(const Context& context) {
  const auto& state = context.self->state;
  return events::desired_device(state.roster->mesh, context.node,
                                key_of_device(context),
                                context.parts->listen_port, *state.choices,
                                state.members_seen, *state.preshared);
}

DeviceGround ground_of(const Context& context) {
  const auto& state = context.self->state;
  return {state.roster, state.choices, state.preshared, key_of_device(context)};
}

/// A device is made once there is a mesh, and stays. It is not touched before
/// it is known which paths packets took when this node was stopped, and which
/// keys it shares with whom.
bool is_wanted(const DeviceState& state) {
  return state.roster && state.roster->mesh.founded() && state.choices &&
         state.preshared;
}

std::string name_of(const DeviceState& state, const events::TunnelKey& key) {
  if (!state.roster) return key.hex();
  const auto& mesh = state.roster->mesh;
  auto holder = mesh.holders.tunnel_keys.find(key);
  if (holder == mesh.holders.tunnel_keys.end()) return key.hex();
  const auto* member = mesh.find(holder->second);
  return member == nullptr ? key.hex() : member->name;
}

events::PeerName peer_names(const DeviceState& state) {
  return [&state](const auto& key) { return name_of(state, key); };
}

// -- tunnels ------------------------------------------------------------------

void ensure_tunnel(const Context& context, const NodeId& member) {
  auto& tunnel = context.self->state.tunnels[member];
  if (tunnel) return;
  tunnel = context.self->spawn(
      tunnel_actor, TunnelParts{context.parts->ledger, context.parts->clock,
                                member, context.boot});
  context.self->monitor(tunnel);
}

/// One that has ended is spawned again at the next look.
void forget(DeviceState& state, const caf::actor_addr& dead) {
  for (auto& [member, tunnel] : state.tunnels)
    if (tunnel && caf::actor_cast<caf::actor_addr>(tunnel) == dead)
      tunnel = nullptr;
}

void end_tunnel(TunnelActor& tunnel) {
  if (tunnel) caf::anon_send_exit(tunnel, caf::exit_reason::kill);
  tunnel = nullptr;
}

void end_tunnels_of_others(DeviceState& state) {
  for (auto one = state.tunnels.begin(); one != state.tunnels.end();) {
    if (state.roster->mesh.find(one->first) != nullptr) {
      ++one;
      continue;
    }
    end_tunnel(one->second);
    state.recorded.erase(one->first);
    one = state.tunnels.erase(one);
  }
  std::erase_if(state.unchecked, [&](const NodeId& node) {
    return state.roster->mesh.find(node) == nullptr;
  });
}

/// Whether the tunnel's own record says so already.
bool is_recorded(const DeviceState& state, const NodeId& member,
                 const TunnelSight& sight) {
  auto found = state.recorded.find(member);
  if (found == state.recorded.end()) return false;
  const auto& tunnel = found->second;
  auto path = tunnel.path ? tunnel.path->taken.path : sight.usual;
  return tunnel.is_up == events::is_live(sight.observed, state.seen_ns) &&
         path == sight.taken.path;
}

/// What there is to see of the tunnel to a member; null if there is no such
/// peer and never was.
TunnelSightPtr sight_of(const Context& context, const NodeId& node,
                        const events::Member& member) {
  const auto& state = context.self->state;
  const auto& keys = state.choices->keys;
  const auto& key = events::key_in_use(node, member, keys);
  auto found = state.seen->device.peers.find(key);
  bool is_there = found != state.seen->device.peers.end();
  if (!is_there && !state.tunnels.contains(node)) return nullptr;
  auto sight = std::make_shared<TunnelSight>();
  // One whose peer is gone hears that nothing comes any more.
  if (is_there) sight->observed = found->second;
  // A handshake with another key is one with the member, too.
  if (const auto* before =
          events::seen_with_another(state.members_seen, node, key))
    sight->observed.last_handshake_ns = before->last_handshake_ns;
  sight->usual = events::usual_path(state.roster->mesh, context.node, node);
  auto taken = state.choices->paths.find(node);
  sight->taken = taken == state.choices->paths.end()
                     ? events::TakenPath{sight->usual, {}}
                     : taken->second;
  return sight;
}

/// Tells the tunnel to a member what there is to see of it, if that is news.
void tell_tunnel(const Context& context, const NodeId& node,
                 const events::Member& member) {
  auto& state = context.self->state;
  auto sight = sight_of(context, node, member);
  state.unchecked.erase(node);
  if (!sight || is_recorded(state, node, *sight)) return;
  state.unchecked.insert(node);
  ensure_tunnel(context, node);
  on_answer<events::Tunnel>(
      context.self->request(state.tunnels.at(node), caf::infinite,
                            observed_atom::value, sight),
      [&state, node](const events::Tunnel& recorded) {
        if (!state.tunnels.contains(node)) return;
        state.recorded[node] = recorded;
        // It may have become otherwise before that was recorded.
        state.unchecked.insert(node);
      },
      [](const caf::error&) {});
}

/// The witness actor records whatever speaks against a member.
void report_fight(const Context& context, const events::ClashNote& note) {
  mark(RarePath::endpoint_fought_for);
  with_kept<WitnessActor>(
      context.self, context.parts->node, "witness",
      [=](const WitnessActor& witness) {
        context.self->send(witness, clash_atom::value, note);
      },
      [](const caf::error&) {});
}

bool is_called(const DeviceState& state, const NodeId& node) {
  if (!state.choices) return false;
  auto call = state.choices->calls.find(node);
  return call != state.choices->calls.end() && call->second.endpoint;
}

void follow_endpoint(const Context& context, const events::TunnelKey& key) {
  auto& state = context.self->state;
  const auto& peers = state.seen->device.peers;
  const auto& holders = state.roster->mesh.holders.tunnel_keys;
  auto peer = peers.find(key);
  auto holder = holders.find(key);
  // This node itself moves whom it calls.
  if (peer == peers.end() || holder == holders.end() ||
      is_called(state, holder->second)) {
    state.trails.erase(key);
    return;
  }
  auto& trail = state.trails[key];
  if (events::follow(trail, peer->second, state.seen_ns))
    report_fight(context, events::note_of_fight(holder->second, trail));
}

// -- look, compare, apply -----------------------------------------------------

/// The end of what one look led to.
void rest(const Context& context) {
  auto& state = context.self->state;
  state.busy = false;
  if (!std::exchange(state.again, false)) return;
  mark(RarePath::looked_again);
  reconcile(context);
}

void fail(const Context& context, const caf::error& error) {
  mark(RarePath::device_failed);
  auto& state = context.self->state;
  state.problem = from_message(error).message;
  state.confirmed.reset();
  state.told.reset();
  state.wish.reset();
  rest(context);
}

/// Goes on once the device was told.
void apply(const Context& context, events::DeviceChange change,
           const std::function<void()>& done) {
  auto& state = context.self->state;
  // One that is not set right at once is not somebody's doing once more.
  state.confirmed.reset();
  state.wish = std::make_shared<const events::DeviceChange>(std::move(change));
  on_answer<bool>(
      context.self->request(context.parts->wireguard, wireguard_patience,
                            apply_atom::value,
                            DeviceWish{state.wish, keys_of_use(state)}),
      [=, &state](bool) {
        state.problem.reset();
        state.wish.reset();
        done();
      },
      [=](caf::error& error) { fail(context, error); });
}

void record(const Context& context, std::vector<events::RepairNote> notes) {
  if (notes.empty()) return;
  auto& state = context.self->state;
  state.aggregate.command(
      device_will,
      [&state, notes = std::move(notes)](const events::Moment& now) {
        return events::decide_repairs(state.own, notes, now);
      },
      [](const auto&) {});
}

/// What somebody else changed since the device was found right. Where a peer is
/// may change by itself.
events::DeviceChange made_by_others(const DeviceState& state) {
  if (!state.confirmed) return {};
  auto before = *state.confirmed;
  for (auto& [key, peer] : before.peers) {
    peer.endpoint.reset();
    peer.is_called = false;
  }
  return events::difference(before, state.seen->device, state.seen_ns);
}

void note_right(DeviceState& state) {
  state.problem.reset();
  state.checking = false;
  state.told.emplace();
}

/// Sets right what differs. What differs although nothing that it should be has
/// changed was changed by somebody else, and that is recorded.
void compare(const Context& context) {
  auto& state = context.self->state;
  auto desired = desired_of(context);
  auto change = events::difference(desired, state.seen->device, state.seen_ns);
  if (change.empty()) {
    note_right(state);
    state.confirmed = std::move(desired);
    return rest(context);
  }
  // What was right and is not was changed by somebody else, whatever should be
  // by now.
  auto by_others = made_by_others(state);
  bool is_by_others = !by_others.empty();
  auto notes = is_by_others
                   ? events::repairs_in(by_others, peer_names(state))
                   : events::unknown_peers(
                         change, state.roster->mesh.holders.tunnel_keys);
  if (!notes.empty())
    mark(is_by_others ? RarePath::device_repaired : RarePath::stranger_removed);
  record(context, std::move(notes));
  state.told.reset();
  apply(context, std::move(change), [=, &state] {
    // What was applied is what should be, once a look says so. If it does not,
    // the next one waits.
    state.checking = !state.checking;
    state.again |= state.checking;
    rest(context);
  });
}

using Seen = std::function<void(const DeviceLook&)>;
using Failed = std::function<void(caf::error&)>;

void look(const Context& context, std::chrono::seconds patience,
          const Seen& seen, const Failed& failed) {
  on_answer<DeviceLook>(context.self->request(context.parts->wireguard,
                                              patience, look_atom::value),
                        seen, failed);
}

std::set<NodeId> seen_otherwise(const DeviceState& state) {
  std::set<NodeId> nodes;
  for (const auto& [node, seen] : state.members_seen)
    if (state.roster->mesh.find(node)->tunnel_key != seen.key)
      nodes.insert(node);
  return nodes;
}

/// What the device shows of each member is noted, told and compared.
void look_at_all(const Context& context) {
  auto& state = context.self->state;
  const auto& mesh = state.roster->mesh;
  const auto& device = state.seen->device;
  events::note_seen(state.members_seen, mesh, device, state.choices->keys,
                    state.seen_ns);
  end_tunnels_of_others(state);
  for (const auto& [node, member] : mesh.members)
    if (node != context.node) tell_tunnel(context, node, member);
  std::erase_if(state.trails, [&](const auto& trail) {
    return !device.peers.contains(trail.first);
  });
  for (const auto& [key, peer] : device.peers) follow_endpoint(context, key);
  state.seen_otherwise = seen_otherwise(state);
  state.looked_with = ground_of(context);
  compare(context);
}

/// All others are as they were when the device was found right.
void look_at(const Context& context,
             const std::vector<events::TunnelKey>& changed,
             std::set<NodeId> nodes) {
  auto& state = context.self->state;
  const auto& mesh = state.roster->mesh;
  const auto& device = state.seen->device;
  for (const auto& node : nodes)
    if (const auto* member = mesh.find(node))
      events::note_seen(state.members_seen, node, *member, device,
                        state.choices->keys, state.seen_ns);
  nodes.insert(state.unchecked.begin(), state.unchecked.end());
  for (const auto& node : nodes)
    if (const auto* member = mesh.find(node); node != context.node && member)
      tell_tunnel(context, node, *member);
  for (const auto& key : changed) follow_endpoint(context, key);
  if (!events::is_right(*state.confirmed, device, changed, state.seen_ns))
    return compare(context);
  note_right(state);
  rest(context);
}

/// Whether the same as at the last look says how the device should be.
/// `changed` are the members whose peers changed, `aged` those whose last
/// handshake began or ceased to last.
bool is_ground_same(const Context& context, const std::set<NodeId>& changed,
                    const std::set<NodeId>& aged) {
  const auto& state = context.self->state;
  auto is_moved = [&](const NodeId& node) {
    return changed.contains(node) || aged.contains(node);
  };
  return state.confirmed && state.looked_with == ground_of(context) &&
         state.choices->keys.empty() &&
         std::none_of(state.seen_otherwise.begin(), state.seen_otherwise.end(),
                      is_moved);
}

void take_look(const Context& context, const DeviceLook& look) {
  auto& state = context.self->state;
  state.seen = look.seen;
  state.seen_ns = look.utc_ns;
  state.chooser.with([=](const PathsActor& paths) {
    context.self->send(paths, observed_atom::value, look);
  });
  auto changed = state.watch.look({look.seen, &look.seen->device}, look.utc_ns);
  auto aged = events::note_time(state.members_seen, look.utc_ns);
  auto nodes = events::holders_of(state.roster->mesh, changed);
  if (is_ground_same(context, nodes, aged))
    look_at(context, changed, std::move(nodes));
  else
    look_at_all(context);
}

// -- news ---------------------------------------------------------------------

/// What the roster's news change, unless all of the device has to be compared:
/// it was not right when it was seen, or is another one since.
std::optional<events::PeerNews> news_for_device(const Context& context,
                                                const RosterPtr& before) {
  const auto& state = context.self->state;
  if (!before || !state.told || state.busy) return std::nullopt;
  auto news =
      events::peer_news(before->mesh, state.roster->mesh, state.roster->news,
                        context.node, *state.choices, state.seen->device,
                        state.seen_ns, state.members_seen, *state.preshared);
  auto was_told = [&](const auto& peer) {
    return state.told->contains(peer.first);
  };
  if (!news || std::any_of(news->peers.begin(), news->peers.end(), was_told))
    return std::nullopt;
  return news;
}

/// The device is right for the roster as it is now, too.
void confirm(DeviceState& state, const events::PeerNews& news) {
  if (!state.confirmed) return;
  for (const auto& [key, peer] : news.peers) {
    state.confirmed->peers.erase(key);
    if (peer) state.confirmed->peers.emplace(key, *peer);
  }
}

/// A few members of many cost no look: the next one, in its turn, shows whether
/// all is right.
void take_roster(const Context& context, const RosterPtr& roster) {
  auto& state = context.self->state;
  auto before = std::exchange(state.roster, roster);
  auto news = news_for_device(context, before);
  if (!news) return reconcile(context);
  if (news->change.empty()) return confirm(state, *news);
  mark(RarePath::told_at_once);
  for (const auto& [key, peer] : news->peers) state.told->insert(key);
  state.busy = true;
  apply(context, std::move(news->change), [=] { rest(context); });
}

// -- reconcile ----------------------------------------------------------------

void reconcile(const Context& context) {
  auto& state = context.self->state;
  if (!state.aggregate.ready()) return;
  if (state.busy) {
    state.again = true;
    return;
  }
  if (!state.own.key) {
    state.busy = true;
    return make_first_key(context, [=](const auto& result) {
      if (!result) return fail(context, to_message(result.error()));
      rest(context);
    });
  }
  if (!is_wanted(state)) return;
  state.busy = true;
  look(
      context, wireguard_patience,
      [=](const DeviceLook& look) { take_look(context, look); },
      [=](caf::error& error) { fail(context, error); });
}

// -- what others ask ----------------------------------------------------------

caf::result<WordsPtr> plan(const Context& context) {
  auto& state = context.self->state;
  if (!is_wanted(state) || !state.own.key)
    return std::make_shared<const std::vector<std::string>>();
  auto promise = context.self->make_response_promise<WordsPtr>();
  auto failed = [promise](caf::error& error) {
    answer(promise, store::Result<WordsPtr>{from_message(error)});
  };
  auto tell = [=, &state](const DeviceLook& look) {
    auto desired = desired_of(context);
    auto change = events::difference(desired, look.seen->device, look.utc_ns);
    answer(promise, store::Result<WordsPtr>{
                        std::make_shared<const std::vector<std::string>>(
                            events::in_words(change, peer_names(state)))});
  };
  look(context, wireguard_patience, tell, failed);
  return promise;
}

DeviceStatusPtr status_of(const Context& context, const DeviceSeenPtr& seen,
                          std::int64_t seen_ns) {
  const auto& state = context.self->state;
  auto status = std::make_shared<DeviceStatus>();
  status->problem = state.problem;
  status->key = state.own.key;
  status->rotation = rotation_of(context);
  status->tunnels = state.recorded;
  if (state.choices) status->choices = *state.choices;
  if (seen) {
    status->implementation = seen->implementation;
    status->observed = seen->device;
    status->observed_ns = seen_ns;
  }
  if (is_wanted(state) && state.own.key) status->desired = desired_of(context);
  return status;
}

/// As it is now; as it was seen last where the port does not answer. Whoever
/// asks meanwhile hears of the same look.
caf::result<DeviceStatusPtr> status(const Context& context) {
  auto& state = context.self->state;
  if (!state.seen) return status_of(context, nullptr, 0);
  auto promise = context.self->make_response_promise<DeviceStatusPtr>();
  state.asking.push_back(promise);
  if (state.asking.size() > 1) return promise;
  auto tell = [=, &state](const DeviceSeenPtr& seen, std::int64_t seen_ns) {
    auto status = status_of(context, seen, seen_ns);
    for (const auto& asking : std::exchange(state.asking, {}))
      answer(asking, store::Result<DeviceStatusPtr>{status});
  };
  look(
      context, status_patience,
      [=](const DeviceLook& look) { tell(look.seen, look.utc_ns); },
      [=, &state](const caf::error&) { tell(state.seen, state.seen_ns); });
  return promise;
}

void tick(const Context& context) {
  auto& state = context.self->state;
  state.mesh.ensure(context.self, context.parts->node);
  ensure_told(context.self, context.parts->node, state.chooser,
              state.choices != nullptr);
  ensure_told(context.self, context.parts->node, state.sharer,
              state.preshared != nullptr);
  reconcile(context);
  go_on_with_rotation(context);
  context.self->delayed_send(context.self, device_look_interval,
                             tick_atom::value);
}

events::Contradiction apply(events::OwnDevice& own,
                            const schema::Entry& entry) {
  if (const auto* made = entry.payload_as_TunnelKeyMade())
    return events::apply(own, *made);
  if (const auto* requested = entry.payload_as_TunnelKeyRequested())
    return events::apply(own, *requested);
  if (const auto* repaired = entry.payload_as_DeviceRepaired())
    return events::apply(own, entry, *repaired);
  return "it is no event of a device";
}

}  // namespace

DeviceState::~DeviceState() {
  for (auto& [member, tunnel] : tunnels) end_tunnel(tunnel);
}

DeviceActor::behavior_type device_actor(Self self, const DeviceParts& parts,
                                        const events::Node& node) {
  Context context{self, std::make_shared<const DeviceParts>(parts), node.id,
                  node.boot};
  auto& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& death) {
    state.mesh.note_death(death.source);
    state.chooser.note_death(death.source);
    state.sharer.note_death(death.source);
    forget(state, death.source);
  });
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
       [&state](const auto& entry, ByteView) {
         return apply(state.own, entry);
       },
       [context] { reconcile(context); }},
      events::device_stream);
  self->send(self, tick_atom::value);
  return {
      [=](roster_atom, const RosterPtr& roster) {
        take_roster(context, roster);
      },
      [=](paths_atom, const PathChoicesPtr& choices) {
        self->state.choices = choices;
        reconcile(context);
      },
      [=](preshared_atom, const SharedKeysPtr& shared) {
        self->state.preshared =
            std::make_shared<const events::PresharedKeys>(shared->in_use());
        reconcile(context);
      },
      [=](tick_atom) { tick(context); },
      [=](key_atom, std::uint32_t step) {
        switch_key(context, step, [=] { reconcile(context); });
      },
      [=](plan_atom) { return plan(context); },
      [=](plan_atom, const ChangePtr& change) {
        return plan_rotation(context, std::get<RotateTunnelKey>(*change));
      },
      [=](commit_atom, const ChangePtr& change, const Id& proposal,
          const store::Principal& principal) {
        return request_rotation(context, std::get<RotateTunnelKey>(*change),
                                proposal, principal);
      },
      [=](status_atom) { return status(context); },
  };
}

}  // namespace ppn::actors
