#include "actors/node.hpp"

#include <algorithm>

#include "actors/balloon.hpp"
#include "actors/device.hpp"
#include "actors/dispatch.hpp"
#include "actors/headroom.hpp"
#include "actors/member.hpp"
#include "actors/mesh.hpp"
#include "actors/paths.hpp"
#include "actors/pool.hpp"
#include "actors/rare_path.hpp"
#include "actors/scheduler.hpp"
#include "actors/witness.hpp"
#include "store/key_rotation.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using Self = NodeActor::stateful_pointer<NodeState>;
using Kept = NodeState::Kept;

const Origin own_will{{schema::PrincipalKind::actor, NodeState::name}, {}, {}};

events::Draft draft_of(schema::EventUnion payload) {
  return {std::string{store::node_stream}, std::move(payload)};
}

/// The actor held out: its next death is a first one again.
constexpr auto held_out_after = std::chrono::minutes{2};

// -- the others ---------------------------------------------------------------

void spawn(Self self, Kept& kept) {
  kept.actor = kept.post.spawn(self, self->state.node);
  // Not a link: a kill goes through links, and would end the node too.
  self->monitor(kept.actor);
}

void spawn_all(Self self, const NodeParts& parts) {
  for (auto& post : spawn_table(parts)) {
    Kept kept;
    kept.post = std::move(post);
    self->state.kept.push_back(std::move(kept));
  }
  for (auto& kept : self->state.kept) spawn(self, kept);
}

void respawn(Self self, const std::string& name) {
  auto& state = self->state;
  if (state.mode == NodeMode::stopping) return;
  for (auto& kept : state.kept)
    if (kept.post.name == name && !kept.actor) {
      mark(RarePath::actor_respawned);
      kept.respawns += 1;
      spawn(self, kept);
      self->delayed_send(self, held_out_after, held_atom::value, name,
                         kept.respawns);
    }
}

void take_death(Self self, const LedgerActor& ledger,
                const caf::down_msg& death) {
  auto& state = self->state;
  // Without it there is no node.
  if (death.source == ledger) return self->quit(death.reason);
  auto kept =
      std::find_if(state.kept.begin(), state.kept.end(),
                   [&](const Kept& one) { return one.actor == death.source; });
  if (kept == state.kept.end()) return;
  kept->actor = nullptr;
  if (state.mode == NodeMode::stopping) return;
  auto delay = respawn_delay(kept->deaths_in_a_row++);
  if (delay == std::chrono::seconds{0}) return respawn(self, kept->post.name);
  mark(RarePath::respawn_delayed);
  self->delayed_send(self, delay, respawn_atom::value, kept->post.name);
}

/// Unless it died again meanwhile.
void note_held_out(NodeState& state, const std::string& name,
                   std::uint64_t respawns) {
  for (auto& kept : state.kept)
    if (kept.post.name == name && kept.respawns == respawns && kept.actor)
      kept.deaths_in_a_row = 0;
}

caf::result<caf::actor> find(const NodeState& state, const std::string& name) {
  for (const auto& kept : state.kept)
    if (kept.post.name == name && kept.actor &&
        state.mode != NodeMode::stopping)
      return kept.actor;
  return to_message({ErrorCode::not_found, "there is no actor " + name +
                                               " now; it may be respawned, "
                                               "try again"});
}

// -- its own life -------------------------------------------------------------

events::Contradiction apply(events::Node& node, const schema::Entry& entry) {
  events::State alone;
  alone.node = std::move(node);
  auto contradiction = events::apply(alone, entry);
  node = std::move(alone.node);
  return contradiction;
}

void start(Self self, const NodeParts& parts) {
  auto decide = [self, parts](const events::Moment&) -> events::Decision {
    schema::NodeStartedT started;
    started.boot = self->state.node.boot + 1;
    started.version = parts.version;
    schema::EventUnion payload;
    payload.Set(std::move(started));
    return std::vector{draft_of(std::move(payload))};
  };
  self->state.life.command(own_will, decide,
                           [self, parts](const auto& recorded) {
                             if (!recorded)
                               return self->quit(to_message(recorded.error()));
                             auto& state = self->state;
                             if (state.mode == NodeMode::starting)
                               state.mode = NodeMode::running;
                             spawn_all(self, parts);
                           });
}

void record_stop(Self self, schema::StopReason reason,
                 caf::typed_response_promise<bool> promise) {
  auto decide = [self, reason](const events::Moment&) -> events::Decision {
    schema::NodeStoppedT stopped;
    stopped.boot = self->state.node.boot;
    stopped.reason = reason;
    schema::EventUnion payload;
    payload.Set(schema::NodeStoppedT{stopped});
    return std::vector{draft_of(std::move(payload))};
  };
  self->state.life.command(own_will, decide,
                           [self, promise](const auto& recorded) mutable {
                             // It ends all the same: replay copes with a boot
                             // that has no end.
                             if (recorded) {
                               promise.deliver(true);
                             } else {
                               mark(RarePath::stop_unrecorded);
                               promise.deliver(to_message(recorded.error()));
                             }
                             self->quit(caf::exit_reason::user_shutdown);
                           });
}

/// Each in its turn: what it was asked and what it is answered comes first.
void end_kept(Self self) {
  for (auto& kept : self->state.kept)
    if (kept.actor)
      caf::anon_send(
          kept.actor,
          caf::exit_msg{self->address(), caf::exit_reason::user_shutdown});
}

caf::result<bool> stop(Self self, const LedgerActor& ledger,
                       schema::StopReason reason) {
  auto& state = self->state;
  if (state.mode == NodeMode::stopping)
    return to_message({ErrorCode::bad_input, "the node is stopping already"});
  state.mode = NodeMode::stopping;
  auto promise = self->make_response_promise<bool>();
  on_answer<bool>(
      self->request(ledger, caf::infinite, stop_atom::value),
      [=](bool) {
        end_kept(self);
        record_stop(self, reason, promise);
      },
      [=](caf::error& error) { self->quit(error); });
  return promise;
}

void turn_read_only(NodeState& state, const std::string& reason) {
  if (state.mode != NodeMode::stopping) state.mode = NodeMode::read_only;
  state.reason = reason;
}

NodeStatus status_of(const NodeState& state) {
  NodeStatus status{state.node.id, state.node.name, state.node.boot,
                    state.mode,    state.reason,    {}};
  for (const auto& kept : state.kept)
    status.respawns[kept.post.name] = kept.respawns;
  return status;
}

}  // namespace

NodeState::~NodeState() {
  for (const auto& one : kept)
    if (one.actor) caf::anon_send_exit(one.actor, caf::exit_reason::kill);
}

std::vector<Post> spawn_table(const NodeParts& parts) {
  std::vector<Post> table{
      {MeshState::name,
       {"ledger", "clock"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(self->spawn(
             mesh_actor, MeshParts{parts.ledger, parts.clock}, node));
       }},
      {PathsState::name,
       {"ledger", "clock", "mesh", "member"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(self->spawn(
             paths_actor,
             PathsParts{parts.ledger, parts.clock, NodeActor{self}}, node));
       }},
      {DeviceState::name,
       {"ledger", "clock", "wireguard", "mesh", "paths", "member", "pairing",
        "witness"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(
             self->spawn(device_actor,
                         DeviceParts{parts.ledger, parts.clock, parts.wireguard,
                                     NodeActor{self}, parts.listen_port},
                         node));
       }},
      {MemberState::name,
       {"ledger", "clock", "wire", "journal", "mesh", "paths", "pairing",
        "headroom", "scheduler", "dispatch", "witness"},
       [parts, nonce = parts.next_id()](NodePointer self,
                                        const events::Node& node) {
         return caf::actor_cast<caf::actor>(
             self->spawn(member_actor,
                         MemberParts{parts.ledger, parts.clock, parts.wire,
                                     parts.journal, NodeActor{self}, nonce},
                         node));
       }},
      {WitnessState::name,
       {"ledger", "clock", "journal", "mesh", "member"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(
             self->spawn(witness_actor,
                         WitnessParts{parts.ledger, parts.clock, parts.journal,
                                      NodeActor{self}},
                         node));
       }},
      {PairingState::name,
       {"ledger", "clock", "wireguard", "pairing wire", "mesh", "member"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(self->spawn(
             pairing_actor,
             PairingParts{parts.ledger, parts.clock, parts.wireguard,
                          parts.pairing_wire, NodeActor{self}, parts.next_id,
                          parts.entropy, parts.listen_port},
             node));
       }},
      {PoolState::name,
       {"ledger", "clock", "hypervisor", "images", "bulk"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(self->spawn(
             pool_actor,
             PoolParts{parts.ledger, parts.clock, parts.hypervisor,
                       parts.images, parts.bulk, parts.next_id, parts.pool},
             node));
       }},
      {BalloonState::name,
       {"clock", "memory", "pool"},
       [parts](NodePointer self, const events::Node&) {
         return caf::actor_cast<caf::actor>(self->spawn(
             balloon_actor, BalloonParts{parts.clock, parts.memory,
                                         NodeActor{self}, parts.balloons}));
       }},
      {HeadroomState::name,
       {"ledger", "host", "pool", "balloon"},
       [parts](NodePointer self, const events::Node&) {
         return caf::actor_cast<caf::actor>(self->spawn(
             headroom_actor,
             HeadroomParts{parts.ledger, parts.host, NodeActor{self}}));
       }},
      {SchedulerState::name,
       {"ledger", "clock", "bulk", "hypervisor", "mesh", "headroom", "member",
        "dispatch"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(self->spawn(
             scheduler_actor,
             SchedulerParts{parts.ledger, parts.clock, NodeActor{self},
                            parts.bulk, parts.hypervisor, parts.next_id,
                            parts.entropy, parts.margin_mb},
             node));
       }},
      {DispatchActorState::name,
       {"ledger", "bulk", "hypervisor", "mesh", "pool", "member", "headroom",
        "scheduler"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(self->spawn(
             dispatch_actor,
             DispatchParts{parts.ledger, parts.bulk, parts.hypervisor,
                           NodeActor{self}, parts.takes_dispatches},
             node.id));
       }},
      {OperatorGateState::name,
       {"ledger", "clock", "mesh", "device", "pool", "scheduler", "witness"},
       [parts](NodePointer self, const events::Node& node) {
         return caf::actor_cast<caf::actor>(
             self->spawn(operator_gate,
                         GateParts{parts.ledger, parts.clock, NodeActor{self},
                                   parts.next_id},
                         node.boot));
       }},
  };
  table.insert(table.end(), parts.more_posts.begin(), parts.more_posts.end());
  return table;
}

std::chrono::seconds respawn_delay(std::uint64_t deaths_in_a_row) {
  constexpr std::uint64_t doublings_max = 6;
  if (deaths_in_a_row == 0) return std::chrono::seconds{0};
  auto doubled = std::uint64_t{1}
                 << std::min(deaths_in_a_row - 1, doublings_max);
  return std::chrono::seconds{std::min<std::uint64_t>(doubled, 60)};
}

NodeActor::behavior_type node_actor(Self self, const NodeParts& parts) {
  self->set_down_handler(
      [self, ledger = parts.ledger](const caf::down_msg& death) {
        take_death(self, ledger, death);
      });
  self->monitor(parts.ledger);
  self->send(parts.ledger, watch_atom::value,
             caf::actor_cast<LedgerWatcher>(self));
  self->state.life.begin(
      self,
      {parts.ledger, parts.clock, [self] { return self->state.node.boot; },
       [self](const auto& entry, ByteView) {
         return apply(self->state.node, entry);
       },
       [] {}},
      std::string{store::node_stream});
  start(self, parts);
  return {
      [=](status_atom) { return status_of(self->state); },
      [=](find_atom, const std::string& name) {
        return find(self->state, name);
      },
      [=](stop_atom, schema::StopReason reason) {
        return stop(self, parts.ledger, reason);
      },
      [=](read_only_atom, const std::string& reason) {
        turn_read_only(self->state, reason);
      },
      [=](respawn_atom, const std::string& name) { respawn(self, name); },
      [=](held_atom, const std::string& name, std::uint64_t respawns) {
        note_held_out(self->state, name, respawns);
      },
  };
}

}  // namespace ppn::actors
