#include "runtime/api_fleet.hpp"

#include <algorithm>
#include <map>

#include "runtime/api_fleet_wish.hpp"
#include "runtime/api_null.hpp"

namespace ppn::runtime {

namespace {

using actors::FleetHostStatus;
using actors::FleetStatus;
using schema::Json;

constexpr std::uint64_t ns_per_s = 1'000'000'000;

using Hosts = std::vector<std::pair<NodeId, const FleetHostStatus*>>;

/// For people, by their names.
Hosts by_name(const FleetStatus& status) {
  Hosts hosts;
  for (const auto& [node, host] : status.hosts) hosts.emplace_back(node, &host);
  std::sort(hosts.begin(), hosts.end(), [](const auto& one, const auto& other) {
    return one.second->name < other.second->name;
  });
  return hosts;
}

Json age_s(const FleetHostStatus& host) {
  return host.age_ns ? Json(*host.age_ns / ns_per_s) : Json();
}

/// What is the same in every document.
Json host_json(const NodeId& node, const FleetHostStatus& host) {
  return {{"node", node.hex()},
          {"name", host.name},
          {"standing", events::name_of(host.standing)},
          {"heard_ago_s", age_s(host)},
          {"drained", host.recorded.is_drained},
          {"reserved", host.recorded.is_reserved}};
}

template <class T>
Json field_or_null(const std::optional<events::HostReport>& report,
                   T events::HostReport::*field) {
  return report ? Json((*report).*field) : Json();
}

Json accelerator_json(const std::optional<events::HostReport>& report) {
  bool has_none = !report || report->accelerator.empty();
  return has_none ? Json() : Json(report->accelerator);
}

/// What is known of a room beside what its host says.
events::Fleet fleet_of(const FleetStatus& status) {
  events::Fleet fleet;
  fleet.guests = status.guests;
  for (const auto& [id, request] : status.requests)
    fleet.requests[id] = request.request;
  return fleet;
}

/// What each of them has left, as a placement sees it: without what is
/// promised.
std::vector<events::HostRoom> rooms_of(const FleetStatus& status,
                                       const Hosts& hosts) {
  auto fleet = fleet_of(status);
  std::vector<events::HostRoom> rooms;
  rooms.reserve(hosts.size());
  for (const auto& [node, host] : hosts) {
    auto room = events::room_of(node, host->name, host->recorded,
                                host->standing,
                                host->report ? &*host->report : nullptr);
    events::add_guests_of(fleet, room);
    events::take_away(room, host->promised);
    rooms.push_back(std::move(room));
  }
  return rooms;
}

Json fleet_host_json(const NodeId& node, const FleetHostStatus& host,
                     const events::HostRoom& room) {
  using events::HostReport;
  const auto& report = host.report;
  auto json = host_json(node, host);
  json["memory_mb"] = field_or_null(report, &HostReport::memory_mb);
  json["available_mb"] = field_or_null(report, &HostReport::available_mb);
  json["guaranteed_mb"] = field_or_null(report, &HostReport::guaranteed_mb);
  json["reclaimable_mb"] = field_or_null(report, &HostReport::reclaimable_mb);
  json["promised_mb"] = host.promised.memory_mb;
  json["memory_left_mb"] = report ? Json(room.memory_left_mb) : Json();
  json["disk_left_mb"] = field_or_null(report, &HostReport::disk_left_mb);
  json["cores"] = field_or_null(report, &HostReport::cores);
  json["load_permille"] = field_or_null(report, &HostReport::load_permille);
  json["vcpus_left"] = field_or_null(report, &HostReport::vcpus_left);
  json["guests"] = field_or_null(report, &HostReport::guests);
  json["guests_left"] = field_or_null(report, &HostReport::guests_left);
  json["accelerator"] = accelerator_json(report);
  return json;
}

// -- guests -------------------------------------------------------------------

/// By which request guests got their place, of those that are kept in mind.
using Placements = std::map<Id, Id>;

Placements placements_of(const FleetStatus& status) {
  Placements placements;
  for (const auto& [id, request] : status.requests)
    if (request.request.is_placement) placements[request.request.vm] = id;
  return placements;
}

/// What the controller knows of a guest beside what its host says.
void add_placement(Json& json, const FleetStatus& status,
                   const Placements& placements, const Id& id) {
  auto guest = status.guests.find(id);
  bool is_placed = guest != status.guests.end();
  bool has_owner = is_placed && !guest->second.owner.empty();
  auto request = placements.find(id);
  json["owner"] = has_owner ? Json(guest->second.owner) : Json();
  json["labels"] = is_placed ? Json(guest->second.labels) : Json::array();
  json["request"] = is_placed && request != placements.end()
                        ? Json(request->second.hex())
                        : Json();
}

Json guest_json(const FleetHostStatus& host, const Id& id,
                const events::GuestSummary& guest) {
  return {{"id", id.hex()},
          {"name", guest.name},
          {"node_name", host.name},
          {"outcome", schema::EnumNameVmOutcome(guest.outcome)},
          {"responds", guest.responds},
          {"heard_ago_s", age_s(host)},
          {"memory_mb", guest.memory_mb},
          {"vcpus", guest.vcpus}};
}

/// Of a guest that its host does not show yet. What it needs is told like that
/// of others, without QEMU's own.
Json promised_json(const FleetHostStatus& host, const Id& id,
                   const events::FleetGuest& guest) {
  events::VmSpec spec;
  spec.vcpus = static_cast<std::uint16_t>(guest.needs.vcpus);
  auto memory_mb = guest.needs.memory_mb;
  return {
      {"id", id.hex()},
      {"name", guest.name},
      {"node_name", host.name},
      {"outcome", "promised"},
      {"responds", true},
      {"heard_ago_s", age_s(host)},
      {"memory_mb", memory_mb - std::min(memory_mb, events::overhead_mb(spec))},
      {"vcpus", guest.needs.vcpus}};
}

/// Those of a host and those that it is to have, by their names. Two have one
/// name if another was made before it was heard that one is gone.
Json guests_json(const FleetStatus& status, const Placements& placements,
                 const NodeId& node, const FleetHostStatus& host) {
  std::map<std::pair<std::string, Id>, Json> by_their_name;
  for (const auto& [id, guest] : host.guests)
    by_their_name[{guest.name, id}] = guest_json(host, id, guest);
  for (const auto& [id, guest] : status.guests)
    if (guest.node == node && !host.guests.contains(id))
      by_their_name[{guest.name, id}] = promised_json(host, id, guest);
  auto list = Json::array();
  for (auto& [key, json] : by_their_name) {
    add_placement(json, status, placements, key.second);
    list.push_back(std::move(json));
  }
  return list;
}

// -- quotas -------------------------------------------------------------------

/// What the guests of an owner come to together, beside what they may.
struct OwnerUse {
  events::Quota quota;
  std::uint64_t guests = 0;
  std::uint64_t memory_mb = 0;
  std::uint64_t vcpus = 0;
};

Json quotas_json(const FleetStatus& status) {
  std::map<std::string, OwnerUse> owners;
  for (const auto& [owner, quota] : status.quotas) owners[owner].quota = quota;
  for (const auto& [id, guest] : status.guests) {
    if (guest.owner.empty()) continue;
    auto& use = owners[guest.owner];
    use.guests += 1;
    use.memory_mb += guest.needs.memory_mb;
    use.vcpus += guest.needs.vcpus;
  }
  auto list = Json::array();
  for (const auto& [owner, use] : owners)
    list.push_back({{"owner", owner},
                    {"guests", or_null(use.quota.guests)},
                    {"memory_mb", or_null(use.quota.memory_mb)},
                    {"vcpus", or_null(use.quota.vcpus)},
                    {"used_guests", use.guests},
                    {"used_memory_mb", use.memory_mb},
                    {"used_vcpus", use.vcpus}});
  return list;
}

// -- placements ---------------------------------------------------------------

Answer<events::PlacementRequest> request_of(const FleetStatus& status,
                                            const PlacementWish& wish) {
  events::VmSpec spec;
  spec.vcpus = wish.vcpus;
  spec.memory_mb = wish.memory_mb;
  events::PlacementRequest request;
  request.memory_mb = spec.memory_mb + events::overhead_mb(spec);
  request.vcpus = wish.vcpus;
  request.disk_mb = wish.disk_mb;
  request.prefers_accelerator = wish.prefers_accelerator;
  request.near = wish.near;
  request.apart = wish.apart;
  if (wish.node.empty()) return request;
  request.node = find_host(status, wish.node);
  if (request.node) return request;
  return no_such_host(wish.node);
}

Json verdict_json(const NodeId& node, const FleetHostStatus& host,
                  const events::HostRoom& room,
                  const events::PlacementVerdict& verdict, std::uint64_t fits) {
  auto json = host_json(node, host);
  json["reason"] = events::name_of(verdict.reason);
  json["words"] = events::in_words(verdict);
  bool is_known = host.report.has_value();
  json["memory_left_mb"] = is_known ? Json(room.memory_left_mb) : Json();
  json["vcpus_left"] = is_known ? Json(room.vcpus_left) : Json();
  json["disk_left_mb"] = is_known ? Json(room.disk_left_mb) : Json();
  json["load_permille"] = is_known ? Json(room.load_permille) : Json();
  json["fits"] = fits;
  return json;
}

}  // namespace

Answer<PlacementWish> read_placement(std::string_view body) {
  auto read = read_json(body);
  if (const auto* problem = std::get_if<Problem>(&read)) return *problem;
  const auto& json = std::get<Json>(read);
  constexpr auto disk_mb_max = static_cast<std::uint32_t>(events::disk_mb_max);
  FieldReader fields{json};
  PlacementWish wish;
  wish.node = fields.name_or_empty("node");
  auto memory_mb = fields.number_within("memory_mb", events::vm_memory_mb_min,
                                        events::vm_memory_mb_max);
  if (!memory_mb) fields.complain("'memory_mb' must be given");
  wish.memory_mb = memory_mb.value_or(0);
  wish.vcpus = static_cast<std::uint16_t>(
      fields.number_within("vcpus", 1, events::vcpus_max).value_or(1));
  wish.disk_mb = fields.number_within("disk_mb", 0, disk_mb_max).value_or(0);
  wish.prefers_accelerator = fields.flag("prefers_accelerator");
  wish.near = read_labels(fields, "near");
  wish.apart = read_labels(fields, "apart");
  if (auto problem = fields.finish("placement")) return *problem;
  return wish;
}

Answer<Json> fleet_document(const FleetStatus& status) {
  if (!status.refusal.empty()) return not_the_controller(status);
  auto hosts = by_name(status);
  auto rooms = rooms_of(status, hosts);
  auto placements = placements_of(status);
  auto nodes = Json::array();
  auto guests = Json::array();
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto& [node, host] = hosts[i];
    nodes.push_back(fleet_host_json(node, *host, rooms[i]));
    for (auto& guest : guests_json(status, placements, node, *host))
      guests.push_back(std::move(guest));
  }
  return Json{{"schema", "ppn.fleet.v1"},
              {"margin_mb", status.margin_mb},
              {"waits_for", text_or_null(status.waits_for)},
              {"nodes", std::move(nodes)},
              {"guests", std::move(guests)},
              {"quotas", quotas_json(status)}};
}

Answer<Json> placement_document(const FleetStatus& status,
                                const PlacementWish& wish) {
  if (!status.refusal.empty()) return not_the_controller(status);
  auto read = request_of(status, wish);
  if (const auto* problem = std::get_if<Problem>(&read)) return *problem;
  const auto& request = std::get<events::PlacementRequest>(read);
  auto hosts = by_name(status);
  auto rooms = rooms_of(status, hosts);
  auto placement = events::place(request, status.margin_mb, rooms);
  auto nodes = Json::array();
  std::uint64_t all_fit = 0;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    auto fits = events::fits(request, status.margin_mb, rooms[i]);
    all_fit += fits;
    nodes.push_back(verdict_json(hosts[i].first, *hosts[i].second, rooms[i],
                                 placement.verdicts[i], fits));
  }
  auto chosen = placement.chosen ? Json(rooms[*placement.chosen].name) : Json();
  return Json{{"schema", "ppn.placement.v1"},
              {"chosen", std::move(chosen)},
              {"memory_mb", request.memory_mb},
              {"margin_mb", status.margin_mb},
              {"fits", all_fit},
              {"nodes", std::move(nodes)}};
}

Json fleet_change_json(const events::UseHost& wish) {
  return {{"kind", "fleet-use"},
          {"node", wish.node.hex()},
          {"drained", or_null(wish.drained)},
          {"reserved", or_null(wish.reserved)}};
}

}  // namespace ppn::runtime
