#include "runtime/api_fleet_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "runtime/api_fleet_wish.hpp"
#include "runtime/api_null.hpp"

namespace ppn::runtime {

namespace {

using actors::FleetRequestStatus;
using actors::FleetStatus;
using events::PlacementReason;
using schema::Json;
using schema::RequestOutcome;

Json stored_or_null(const flatbuffers::String* text) {
  return text == nullptr ? Json() : Json(text->str());
}

/// Who was the controller once still tells what became of its requests.
bool knows_nothing(const FleetStatus& status) {
  return !status.refusal.empty() && status.requests.empty();
}

/// Of a member; one that left has no name here.
Json host_name(const FleetStatus& status, const NodeId& node) {
  auto host = status.hosts.find(node);
  return host == status.hosts.end() ? Json() : Json(host->second.name);
}

/// As long as the guest is known.
Json vm_name(const FleetStatus& status, const events::FleetRequest& request) {
  auto placed = status.guests.find(request.vm);
  if (placed != status.guests.end()) return placed->second.name;
  auto host = status.hosts.find(request.node);
  if (host == status.hosts.end()) return {};
  auto shown = host->second.guests.find(request.vm);
  return shown == host->second.guests.end() ? Json() : Json(shown->second.name);
}

std::string_view state_of(const FleetRequestStatus& status) {
  const auto& request = status.request;
  if (request.outcome != RequestOutcome::unknown)
    return schema::EnumNameRequestOutcome(request.outcome);
  if (request.is_lapsed) return "lapsed";
  return status.to_fetch == 0 ? "open" : "fetching";
}

void add_request(Json& json, const FleetStatus& all, const Id& id,
                 const FleetRequestStatus& status) {
  const auto& request = status.request;
  json["request"] = id.hex();
  json["kind"] = request.is_placement ? "placement" : "order";
  json["node"] = request.node.hex();
  json["node_name"] = host_name(all, request.node);
  json["vm"] = request.vm.hex();
  json["vm_name"] = vm_name(all, request);
  json["state"] = state_of(status);
  json["reason"] = text_or_null(request.reason);
  json["fetched"] = status.fetched;
  json["to_fetch"] = status.to_fetch;
  json["trouble"] = text_or_null(status.trouble);
  json["sequence"] = request.sequence;
}

/// Nothing if this program does not know it.
std::optional<PlacementReason> reason_of(schema::PlacementReason stored) {
  using Stored = schema::PlacementReason;
  // In one order; what is stored begins with the unknown one.
  static_assert(static_cast<int>(Stored::not_near) ==
                static_cast<int>(PlacementReason::not_near) + 1);
  if (stored == Stored::unknown || stored > Stored::MAX) return std::nullopt;
  return static_cast<PlacementReason>(static_cast<int>(stored) - 1);
}

Json verdict_json(const FleetStatus& status,
                  const schema::PlacementVerdict& stored) {
  NodeId node{*stored.node()};
  auto reason = reason_of(stored.reason());
  events::PlacementVerdict verdict{reason.value_or(PlacementReason::not_named),
                                   stored.needs(), stored.has(),
                                   stored.to_fetch()};
  return {{"node", node.hex()},
          {"name", host_name(status, node)},
          {"reason", reason ? events::name_of(*reason) : "unknown"},
          {"words", reason ? events::in_words(verdict)
                           : "for a reason that this version does not know"},
          {"needs", verdict.needs},
          {"has", verdict.has},
          {"to_fetch", verdict.to_fetch}};
}

Json labels_json(const schema::GuestPlaced& placed) {
  auto list = Json::array();
  if (placed.labels() == nullptr) return list;
  for (const auto* label : *placed.labels()) list.push_back(label->str());
  return list;
}

Json images_json(const schema::GuestPlaced& placed) {
  auto list = Json::array();
  if (placed.images() == nullptr) return list;
  for (const auto* image : *placed.images())
    list.push_back(
        image_of_guest_json({Hash{*image->digest()}, image->name()->str(),
                             image->size(), image->format()}));
  return list;
}

Json verdicts_json(const FleetStatus& status,
                   const schema::GuestPlaced& placed) {
  auto list = Json::array();
  if (placed.verdicts() == nullptr) return list;
  for (const auto* verdict : *placed.verdicts())
    list.push_back(verdict_json(status, *verdict));
  return list;
}

void add_placement(Json& json, const FleetStatus& status,
                   const schema::GuestPlaced& placed) {
  json["name"] = placed.name()->str();
  json["owner"] = stored_or_null(placed.owner());
  json["labels"] = labels_json(placed);
  json["memory_mb"] = placed.spec()->memory_mb();
  json["vcpus"] = placed.spec()->vcpus();
  json["start"] = placed.start();
  json["images"] = images_json(placed);
  json["margin_mb"] = placed.margin_mb();
  json["nodes"] = verdicts_json(status, placed);
  json["more_hosts"] = placed.more_hosts();
}

/// False if it is none that can be.
bool add_order(Json& json, const schema::GuestOrdered& ordered) {
  auto order = events::read_order(ordered);
  if (!order) return false;
  json["name"] = ordered.name()->str();
  json.update(guest_order_json(*order));
  return true;
}

/// False if it is no entry that a request begins with.
bool add_entry(Json& json, const FleetStatus& status, ByteView bytes) {
  const auto& entry = *schema::GetEntry(bytes.data());
  if (const auto* placed = entry.payload_as_GuestPlaced()) {
    add_placement(json, status, *placed);
    return true;
  }
  const auto* ordered = entry.payload_as_GuestOrdered();
  return ordered != nullptr && add_order(json, *ordered);
}

}  // namespace

Answer<Json> fleet_requests_document(const FleetStatus& status) {
  if (knows_nothing(status)) return not_the_controller(status);
  std::vector<std::pair<Id, const FleetRequestStatus*>> newest_first;
  for (const auto& [id, request] : status.requests)
    newest_first.emplace_back(id, &request);
  std::sort(newest_first.begin(), newest_first.end(),
            [](const auto& one, const auto& other) {
              return one.second->request.sequence >
                     other.second->request.sequence;
            });
  auto requests = Json::array();
  for (const auto& [id, request] : newest_first)
    add_request(requests.emplace_back(Json::object()), status, id, *request);
  return Json{{"schema", "ppn.fleet-requests.v1"},
              {"requests", std::move(requests)}};
}

std::optional<Problem> refuse_request(const FleetStatus& status,
                                      const Id& request) {
  if (knows_nothing(status)) return not_the_controller(status);
  if (status.requests.contains(request)) return std::nullopt;
  return Problem{ProblemType::not_found,
                 fmt::format("there is no request {}, or it ended long ago; "
                             "`ppnctl fleet requests` lists those that there "
                             "are",
                             request.hex())};
}

Answer<Json> fleet_request_document(const FleetStatus& status,
                                    const Id& request, ByteView entry) {
  if (auto problem = refuse_request(status, request)) return *problem;
  Json json{{"schema", "ppn.fleet-request.v1"}};
  add_request(json, status, request, status.requests.at(request));
  if (add_entry(json, status, entry)) return json;
  return Problem{ProblemType::failed,
                 fmt::format("the entry that the request {} began with is not "
                             "understood",
                             request.hex())};
}

Json fleet_order_document(const Id& request) {
  return {{"schema", "ppn.fleet-order.v1"}, {"request", request.hex()}};
}

}  // namespace ppn::runtime
