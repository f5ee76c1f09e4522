#include "events/tunnel.hpp"

#include "events/hourly.hpp"
#include "events/stored_address.hpp"

namespace ppn::events {

namespace {

template <class Event>
std::vector<Draft> draft_of(const NodeId& node, Event event) {
  event.node = std::make_unique<schema::NodeId>(node.stored());
  std::vector<Draft> drafts(1);
  drafts[0].stream = tunnel_stream(node);
  drafts[0].payload.Set(std::move(event));
  return drafts;
}

}  // namespace

std::string tunnel_stream(const NodeId& node) { return "tunnel/" + node.hex(); }

Decision decide_tunnel(const Tunnel& tunnel, const NodeId& node,
                       const ObservedPeer& observed, const Moment& now) {
  bool is_up = is_live(observed, now.utc_ns);
  bool too_often = in_the_same_hour(tunnel.changed_ns, now.utc_ns) &&
                   tunnel.changes_in_hour >= tunnel_changes_an_hour;
  if (is_up == tunnel.is_up || too_often) return std::vector<Draft>{};
  if (!is_up) {
    schema::TunnelDownT down;
    down.last_handshake_ns = observed.last_handshake_ns;
    return draft_of(node, std::move(down));
  }
  schema::TunnelUpT up;
  if (observed.config.endpoint) up.endpoint = stored(*observed.config.endpoint);
  return draft_of(node, std::move(up));
}

Decision decide_path(const Tunnel& tunnel, const NodeId& node,
                     const TakenPath& taken, const Path& usual,
                     const Moment& now) {
  const auto& recorded = tunnel.path;
  bool too_often = recorded &&
                   in_the_same_hour(recorded->changed_ns, now.utc_ns) &&
                   recorded->changes_in_hour >= path_changes_an_hour;
  bool is_news = taken.path != (recorded ? recorded->taken.path : usual);
  if (too_often || !is_news) return std::vector<Draft>{};
  schema::PathChangedT changed;
  if (taken.path.relay)
    changed.relay =
        std::make_unique<schema::NodeId>(taken.path.relay->stored());
  changed.why = taken.why;
  return draft_of(node, std::move(changed));
}

Contradiction apply(Tunnel& tunnel, const schema::Entry& entry,
                    const schema::TunnelUp& event) {
  if (tunnel.is_up) return "the tunnel is up already";
  std::optional<Endpoint> endpoint;
  if (event.endpoint() != nullptr) {
    endpoint = read_endpoint(*event.endpoint());
    if (!endpoint) return "it has an address that is none";
  }
  tunnel.is_up = true;
  tunnel.endpoint = endpoint;
  count_in_hour(tunnel.changed_ns, tunnel.changes_in_hour,
                entry.clock()->utc_ns());
  return {};
}

Contradiction apply(Tunnel& tunnel, const schema::Entry& entry,
                    const schema::TunnelDown& /*event*/) {
  if (!tunnel.is_up) return "the tunnel is down already";
  tunnel.is_up = false;
  count_in_hour(tunnel.changed_ns, tunnel.changes_in_hour,
                entry.clock()->utc_ns());
  return {};
}

Contradiction apply(Tunnel& tunnel, const schema::Entry& entry,
                    const schema::PathChanged& event) {
  TakenPath taken{{}, event.why()};
  if (event.relay() != nullptr) taken.path.relay = NodeId{*event.relay()};
  if (taken.path.relay == NodeId{*event.node()})
    return "a member does not pass on what is its own";
  auto& recorded = tunnel.path ? *tunnel.path : tunnel.path.emplace();
  recorded.taken = taken;
  count_in_hour(recorded.changed_ns, recorded.changes_in_hour,
                entry.clock()->utc_ns());
  return {};
}

}  // namespace ppn::events
