// Two machines with one tunnel key: whoever speaks takes the tunnel to himself,
// so its endpoint goes back and forth between two addresses. One machine that
// moves goes on, and seldom back.
#pragma once

#include "events/clash.hpp"
#include "events/device.hpp"

namespace ppn::events {

/// So many returns one after the other are a fight.
inline constexpr int fight_returns = 4;
/// What takes longer is a machine that moved back. Two that say every 25 s that
/// they are there take turns faster.
inline constexpr std::int64_t fight_return_ns = 60'000'000'000;

/// Where a peer was, one look after the other.
struct EndpointTrail {
  std::optional<Endpoint> at;
  /// Where it was before that.
  std::optional<Endpoint> before;
  std::int64_t changed_ns = 0;
  /// How often it went back to where it was before, without a longer rest.
  int returns = 0;

  bool operator==(const EndpointTrail&) const = default;
};

/// Follows a peer, as it was seen at `utc_ns`, and says whether two machines
/// fight for it. That begins anew each time it is said.
bool follow(EndpointTrail& trail, const ObservedPeer& peer,
            std::int64_t utc_ns);

/// What there is to record of it: once an hour.
ClashNote note_of_fight(const NodeId& node, const EndpointTrail& trail);

}  // namespace ppn::events
