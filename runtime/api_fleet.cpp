#include "runtime/api_fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ppn::runtime {

namespace {

using actors::FleetHostStatus;
using actors::FleetStatus;
using schema::Json;

constexpr std::uint64_t ns_per_s = 1'000'000'000;

Problem not_the_controller(const FleetStatus& status) {
  std::string what = "this node is not the controller of a mesh";
  if (!status.controller.empty()) what += ": that is " + status.controller;
  return {ProblemType::refused, what};
}

/// For people, by their names.
std::vector<std::pair<NodeId, const FleetHostStatus*>> by_name(
    const FleetStatus& status) {
  std::vector<std::pair<NodeId, const FleetHostStatus*>> hosts;
  for (const auto& [node, host] : status.hosts) hosts.emplace_back(node, &host);
  std::sort(hosts.begin(), hosts.end(), [](const auto& one, const auto& other) {
    return one.second->name < other.second->name;
  });
  return hosts;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
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

events::HostRoom room_of(const NodeId& node, const FleetHostStatus& host) {
  return events::room_of(node, host.name, host.recorded, host.standing,
                         host.report ? &*host.report : nullptr);
}

Json fleet_host_json(const NodeId& node, const FleetHostStatus& host) {
  using events::HostReport;
  const auto& report = host.report;
  auto json = host_json(node, host);
  json["memory_mb"] = field_or_null(report, &HostReport::memory_mb);
  json["available_mb"] = field_or_null(report, &HostReport::available_mb);
  json["guaranteed_mb"] = field_or_null(report, &HostReport::guaranteed_mb);
  json["reclaimable_mb"] = field_or_null(report, &HostReport::reclaimable_mb);
  json["memory_left_mb"] = report ? Json(room_of(node, host).memory_left_mb)
                                  : Json();
  json["disk_left_mb"] = field_or_null(report, &HostReport::disk_left_mb);
  json["cores"] = field_or_null(report, &HostReport::cores);
  json["load_permille"] = field_or_null(report, &HostReport::load_permille);
  json["vcpus_left"] = field_or_null(report, &HostReport::vcpus_left);
  json["guests"] = field_or_null(report, &HostReport::guests);
  json["guests_left"] = field_or_null(report, &HostReport::guests_left);
  json["accelerator"] = accelerator_json(report);
  return json;
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

Json guests_json(const FleetHostStatus& host) {
  // Two have one name if another was made before it was heard that one is gone.
  std::set<std::pair<std::string, Id>> by_their_name;
  for (const auto& [id, guest] : host.guests)
    by_their_name.emplace(guest.name, id);
  auto list = Json::array();
  for (const auto& [name, id] : by_their_name)
    list.push_back(guest_json(host, id, host.guests.at(id)));
  return list;
}

/// A member by its name or its node id.
std::optional<NodeId> find_host(const FleetStatus& status,
                                const std::string& meant) {
  std::optional<NodeId> of_id;
  for (const auto& [node, host] : status.hosts) {
    if (host.name == meant) return node;
    if (node.hex() == meant) of_id = node;
  }
  return of_id;
}

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
  if (wish.node.empty()) return request;
  request.node = find_host(status, wish.node);
  if (request.node) return request;
  return Problem{ProblemType::refused,
                 fmt::format("no member is called {}; `ppnctl fleet nodes` "
                             "lists them",
                             wish.node)};
}

Json verdict_json(const NodeId& node, const FleetHostStatus& host,
                  const events::PlacementVerdict& verdict, std::uint64_t fits) {
  auto json = host_json(node, host);
  json["reason"] = events::name_of(verdict.reason);
  json["words"] = events::in_words(verdict);
  auto room = room_of(node, host);
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
  if (auto problem = fields.finish("placement")) return *problem;
  return wish;
}

Answer<Json> fleet_document(const FleetStatus& status) {
  if (!status.is_controller) return not_the_controller(status);
  auto nodes = Json::array();
  auto guests = Json::array();
  for (const auto& [node, host] : by_name(status)) {
    nodes.push_back(fleet_host_json(node, *host));
    for (auto& guest : guests_json(*host)) guests.push_back(std::move(guest));
  }
  return Json{{"schema", "ppn.fleet.v1"},
              {"margin_mb", status.margin_mb},
              {"nodes", std::move(nodes)},
              {"guests", std::move(guests)}};
}

Answer<Json> placement_document(const FleetStatus& status,
                                const PlacementWish& wish) {
  if (!status.is_controller) return not_the_controller(status);
  auto read = request_of(status, wish);
  if (const auto* problem = std::get_if<Problem>(&read)) return *problem;
  const auto& request = std::get<events::PlacementRequest>(read);
  auto hosts = by_name(status);
  std::vector<events::HostRoom> rooms;
  rooms.reserve(hosts.size());
  for (const auto& [node, host] : hosts) rooms.push_back(room_of(node, *host));
  auto placement = events::place(request, status.margin_mb, rooms);
  auto nodes = Json::array();
  std::uint64_t all_fit = 0;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    auto fits = events::fits(request, status.margin_mb, rooms[i]);
    all_fit += fits;
    nodes.push_back(verdict_json(hosts[i].first, *hosts[i].second,
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
