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

}  // namespace ppn::events
