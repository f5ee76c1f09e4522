#include "actors/tunnel.hpp"

namespace ppn::actors {

namespace {

using Self = TunnelActor::stateful_pointer<TunnelState>;

events::Contradiction apply(events::Tunnel& tunnel,
                            const schema::Entry& entry) {
  if (const auto* up = entry.payload_as_TunnelUp())
    return events::apply(tunnel, entry, *up);
  if (const auto* down = entry.payload_as_TunnelDown())
    return events::apply(tunnel, entry, *down);
  if (const auto* changed = entry.payload_as_PathChanged())
    return events::apply(tunnel, entry, *changed);
  return "it is no event of a tunnel";
}

events::Decision decide(const TunnelState& state, const NodeId& member,
                        const events::Moment& now) {
  auto decision =
      events::decide_tunnel(state.tunnel, member, state.sight->observed, now);
  auto of_path = events::decide_path(state.tunnel, member, state.sight->taken,
                                     state.sight->usual, now);
  auto& drafts = std::get<std::vector<events::Draft>>(decision);
  for (auto& draft : std::get<std::vector<events::Draft>>(of_path))
    drafts.push_back(std::move(draft));
  return decision;
}

/// One decision at a time: the next look brings what is true then.
void record_change(Self self, const NodeId& member) {
  auto& state = self->state;
  if (state.deciding || !state.sight) return;
  state.deciding = true;
  state.aggregate.command(
      {{schema::PrincipalKind::actor, TunnelState::name}, {}, {}},
      [&state, member](const events::Moment& now) {
        return decide(state, member, now);
      },
      [&state](const auto&) {
        state.deciding = false;
        for (auto& promise : std::exchange(state.waiting, {}))
          promise.deliver(state.tunnel);
      });
}

}  // namespace

TunnelActor::behavior_type tunnel_actor(Self self, const TunnelParts& parts) {
  auto& state = self->state;
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = parts.boot] { return boot; },
       [&state](const auto& entry, ByteView) {
         return apply(state.tunnel, entry);
       },
       [] {}},
      events::tunnel_stream(parts.member));
  return {
      [=](observed_atom, const TunnelSightPtr& sight) {
        auto promise = self->make_response_promise<events::Tunnel>();
        self->state.sight = sight;
        self->state.waiting.push_back(promise);
        record_change(self, parts.member);
        return promise;
      },
  };
}

}  // namespace ppn::actors
