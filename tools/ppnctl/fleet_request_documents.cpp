#include "tools/ppnctl/fleet_request_documents.hpp"

#include "tools/ppnctl/fields.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

/// It becomes a part of what is asked for.
std::string read_id(const Json& json, const char* name, Fields& fields) {
  auto id = fields.text(json, name);
  if (!Id::parse_hex(id)) fields.complain(name, "an id");
  return id;
}

FleetRequest read_request(const Json& json, Fields& fields) {
  return {.id = read_id(json, "request", fields),
          .kind = fields.text(json, "kind"),
          .node = fields.text(json, "node"),
          .node_name = fields.text_or_null(json, "node_name"),
          .vm = fields.text(json, "vm"),
          .vm_name = fields.text_or_null(json, "vm_name"),
          .state = fields.text(json, "state"),
          .reason = fields.text_or_null(json, "reason"),
          .fetched = fields.number(json, "fetched"),
          .to_fetch = fields.number(json, "to_fetch"),
          .trouble = fields.text_or_null(json, "trouble"),
          .document = json};
}

FleetVerdictTold read_verdict(const Json& json, Fields& fields) {
  return {.node = fields.text(json, "node"),
          .name = fields.text_or_null(json, "name"),
          .reason = fields.text(json, "reason"),
          .words = fields.text(json, "words"),
          .needs = fields.number(json, "needs"),
          .has = fields.number(json, "has"),
          .to_fetch = fields.number(json, "to_fetch")};
}

FleetPlacementTold read_placement(const Json& json, Fields& fields) {
  FleetPlacementTold told{.owner = fields.text_or_null(json, "owner"),
                          .labels = fields.texts(json, "labels"),
                          .memory_mb = fields.number(json, "memory_mb"),
                          .vcpus = fields.number(json, "vcpus"),
                          .images = {},
                          .margin_mb = fields.number(json, "margin_mb"),
                          .verdicts = {},
                          .more_hosts = fields.number(json, "more_hosts")};
  for (const auto& image : fields.array(json, "images"))
    told.images.push_back(fields.text(image, "name"));
  for (const auto& node : fields.array(json, "nodes"))
    told.verdicts.push_back(read_verdict(node, fields));
  return told;
}

FleetOrderTold read_order(const Json& json, Fields& fields) {
  return {.verb = fields.text(json, "verb"),
          .is_forced = fields.flag(json, "force"),
          .vcpus = fields.number_or_null(json, "vcpus"),
          .memory_mb = fields.number_or_null(json, "memory_mb"),
          .floor_mb = fields.number_or_null(json, "floor_mb"),
          .cpu_weight = fields.number_or_null(json, "cpu_weight")};
}

}  // namespace

Result<std::vector<FleetRequest>> read_fleet_requests(const Json& document) {
  Fields fields{document, "ppn.fleet-requests.v1"};
  std::vector<FleetRequest> requests;
  for (const auto& request : fields.array("requests"))
    requests.push_back(read_request(request, fields));
  return fields.unless_faulty(std::move(requests));
}

Result<FleetRequestTold> read_fleet_request(const Json& document) {
  Fields fields{document, "ppn.fleet-request.v1"};
  FleetRequestTold told{.request = read_request(document, fields),
                        .name = fields.text("name"),
                        .placement = {},
                        .order = {}};
  if (told.request.kind == "placement")
    told.placement = read_placement(document, fields);
  else
    told.order = read_order(document, fields);
  return fields.unless_faulty(std::move(told));
}

Result<std::string> read_fleet_order(const Json& document) {
  Fields fields{document, "ppn.fleet-order.v1"};
  auto id = read_id(document, "request", fields);
  return fields.unless_faulty(std::move(id));
}

Result<std::string> read_proposed_request(const Json& document) {
  Fields fields{document, "ppn.proposal.v1"};
  auto id = read_id(fields.object("change"), "request", fields);
  return fields.unless_faulty(std::move(id));
}

}  // namespace ppn::ctl
