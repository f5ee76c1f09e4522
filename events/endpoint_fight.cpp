#include "events/endpoint_fight.hpp"

#include <algorithm>
#include <utility>

#include "events/hourly.hpp"

namespace ppn::events {

bool follow(EndpointTrail& trail, const ObservedPeer& peer,
            std::int64_t utc_ns) {
  const auto& endpoint = peer.config.endpoint;
  if (!endpoint || endpoint == trail.at || !is_live(peer, utc_ns)) return false;
  bool is_back = endpoint == trail.before &&
                 utc_ns - trail.changed_ns <= fight_return_ns;
  trail.returns = is_back ? trail.returns + 1 : 0;
  trail.before = std::exchange(trail.at, endpoint);
  trail.changed_ns = utc_ns;
  if (trail.returns < fight_returns) return false;
  trail.returns = 0;
  return true;
}

ClashNote note_of_fight(const NodeId& node, const EndpointTrail& trail) {
  ClashNote note;
  note.clash = schema::Clash::two_endpoints;
  note.node = node;
  note.number = static_cast<std::uint64_t>(
      std::max<std::int64_t>(hour_of(trail.changed_ns), 0));
  auto both = trail.before->text() + " " + trail.at->text();
  note.evidence.assign(both.begin(), both.end());
  return note;
}

}  // namespace ppn::events
