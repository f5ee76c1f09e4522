// The actor of the tunnel to one member: owns its stream, and records when
// packets begin to pass, when they no longer do, and which path they take.
#pragma once

#include "actors/aggregate.hpp"
#include "events/tunnel.hpp"

namespace ppn::actors {

struct TunnelParts {
  LedgerActor ledger;
  ClockPort clock;
  NodeId member;
  std::uint64_t boot = 0;
};

struct TunnelState {
  TunnelState() = default;

  events::Tunnel tunnel;
  /// The newest.
  TunnelSightPtr sight;
  bool deciding = false;
  /// Who is told once it is decided.
  std::vector<caf::typed_response_promise<events::Tunnel>> waiting;
  Aggregate<TunnelActor::stateful_pointer<TunnelState>> aggregate;
  static inline const char* name = "tunnel";
};

TunnelActor::behavior_type tunnel_actor(
    TunnelActor::stateful_pointer<TunnelState> self, const TunnelParts& parts);

}  // namespace ppn::actors
