#include "events/fleet.hpp"

#include "events/hourly.hpp"

namespace ppn::events {

namespace {

template <class Event>
Draft draft_of(const NodeId& node, Event event) {
  event.node = std::make_unique<schema::NodeId>(node.stored());
  Draft draft{fleet_stream, {}};
  draft.payload.Set(std::move(event));
  return draft;
}

bool is_too_often(const FleetHost& host, const Moment& now) {
  return in_the_same_hour(host.silent_ns, now.utc_ns) &&
         host.silences_in_hour >= silences_an_hour;
}

}  // namespace

FleetHost host_of(const Fleet& fleet, const NodeId& node) {
  auto found = fleet.find(node);
  return found == fleet.end() ? FleetHost{} : found->second;
}

Decision decide_use(const Fleet& fleet, const Mesh& mesh, const UseHost& wish) {
  const auto* member = mesh.find(wish.node);
  if (member == nullptr) return Refusal{"there is no such member"};
  auto host = host_of(fleet, wish.node);
  schema::HostUseSetT set;
  set.drained = wish.drained.value_or(host.is_drained);
  set.reserved = wish.reserved.value_or(host.is_reserved);
  if (set.drained == host.is_drained && set.reserved == host.is_reserved)
    return Refusal{member->name + " is used like that already"};
  std::vector<Draft> drafts;
  drafts.push_back(draft_of(wish.node, std::move(set)));
  return drafts;
}

Decision decide_silence(const Fleet& fleet, const SilentHosts& silent,
                        const Moment& now) {
  std::vector<Draft> drafts;
  for (const auto& [node, is_silent] : silent) {
    auto host = host_of(fleet, node);
    if (host.is_silent == is_silent) continue;
    if (!is_silent)
      drafts.push_back(draft_of(node, schema::HostHeardAgainT{}));
    else if (!is_too_often(host, now))
      drafts.push_back(draft_of(node, schema::HostFellSilentT{}));
  }
  return drafts;
}

Contradiction apply(Fleet& fleet, const schema::HostUseSet& event) {
  auto& host = fleet[NodeId{*event.node()}];
  host.is_drained = event.drained();
  host.is_reserved = event.reserved();
  return {};
}

Contradiction apply(Fleet& fleet, const schema::Entry& entry,
                    const schema::HostFellSilent& event) {
  auto& host = fleet[NodeId{*event.node()}];
  if (host.is_silent) return "the host is silent already";
  host.is_silent = true;
  count_in_hour(host.silent_ns, host.silences_in_hour, entry.clock()->utc_ns());
  return {};
}

Contradiction apply(Fleet& fleet, const schema::HostHeardAgain& event) {
  auto host = fleet.find(NodeId{*event.node()});
  if (host == fleet.end() || !host->second.is_silent)
    return "the host was not silent";
  host->second.is_silent = false;
  return {};
}

}  // namespace ppn::events
