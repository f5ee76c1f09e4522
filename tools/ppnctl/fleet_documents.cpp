#include "tools/ppnctl/fleet_documents.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "tools/ppnctl/fields.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

FleetNode read_node(const Json& json, Fields& fields) {
  return {.id = fields.text(json, "node"),
          .name = fields.text(json, "name"),
          .standing = fields.text(json, "standing"),
          .heard_ago_s = fields.number_or_null(json, "heard_ago_s"),
          .is_drained = fields.flag(json, "drained"),
          .is_reserved = fields.flag(json, "reserved"),
          .memory_left_mb = fields.number_or_null(json, "memory_left_mb"),
          .vcpus_left = fields.number_or_null(json, "vcpus_left"),
          .disk_left_mb = fields.number_or_null(json, "disk_left_mb"),
          .load_permille = fields.number_or_null(json, "load_permille")};
}

FleetHost read_host(const Json& json, Fields& fields) {
  return {.node = read_node(json, fields),
          .memory_mb = fields.number_or_null(json, "memory_mb"),
          .guests = fields.number_or_null(json, "guests"),
          .accelerator = fields.text_or_null(json, "accelerator"),
          .promised_mb = fields.number(json, "promised_mb")};
}

FleetGuest read_guest(const Json& json, Fields& fields) {
  return {.id = fields.text(json, "id"),
          .name = fields.text(json, "name"),
          .node_name = fields.text(json, "node_name"),
          .outcome = fields.text(json, "outcome"),
          .responds = fields.flag(json, "responds"),
          .heard_ago_s = fields.number_or_null(json, "heard_ago_s"),
          .memory_mb = fields.number(json, "memory_mb"),
          .vcpus = fields.number(json, "vcpus"),
          .owner = fields.text_or_null(json, "owner"),
          .labels = fields.texts(json, "labels"),
          .request = fields.text_or_null(json, "request"),
          .standing = {},
          .document = json};
}

FleetQuota read_quota(const Json& json, Fields& fields) {
  return {.owner = fields.text(json, "owner"),
          .guests = fields.number_or_null(json, "guests"),
          .memory_mb = fields.number_or_null(json, "memory_mb"),
          .vcpus = fields.number_or_null(json, "vcpus"),
          .used_guests = fields.number(json, "used_guests"),
          .used_memory_mb = fields.number(json, "used_memory_mb"),
          .used_vcpus = fields.number(json, "used_vcpus"),
          .document = json};
}

FleetVerdict read_verdict(const Json& json, Fields& fields) {
  return {.node = read_node(json, fields),
          .words = fields.text(json, "words"),
          .fits = fields.number(json, "fits")};
}

template <class OfNode>
void sort_by_node(std::vector<OfNode>& all) {
  std::sort(all.begin(), all.end(), [](const OfNode& a, const OfNode& b) {
    return a.node.name < b.node.name;
  });
}

void sort_by_node(std::vector<FleetGuest>& guests) {
  std::sort(guests.begin(), guests.end(),
            [](const FleetGuest& a, const FleetGuest& b) {
              return std::tie(a.node_name, a.name) <
                     std::tie(b.node_name, b.name);
            });
}

/// A guest is known as well as its host is.
void note_standings(Fleet& fleet) {
  std::map<std::string, std::string> standings;
  for (const auto& host : fleet.hosts)
    standings[host.node.name] = host.node.standing;
  for (auto& guest : fleet.guests)
    if (auto found = standings.find(guest.node_name); found != standings.end())
      guest.standing = found->second;
}

}  // namespace

Result<Fleet> read_fleet(const Json& document) {
  Fields fields{document, "ppn.fleet.v1"};
  Fleet fleet;
  fleet.waits_for = fields.text_or_null("waits_for");
  for (const auto& node : fields.array("nodes"))
    fleet.hosts.push_back(read_host(node, fields));
  for (const auto& guest : fields.array("guests"))
    fleet.guests.push_back(read_guest(guest, fields));
  for (const auto& quota : fields.array("quotas"))
    fleet.quotas.push_back(read_quota(quota, fields));
  sort_by_node(fleet.hosts);
  sort_by_node(fleet.guests);
  std::sort(fleet.quotas.begin(), fleet.quotas.end(),
            [](const FleetQuota& a, const FleetQuota& b) {
              return a.owner < b.owner;
            });
  note_standings(fleet);
  return fields.unless_faulty(std::move(fleet));
}

Result<FleetPlacement> read_placement(const Json& document) {
  Fields fields{document, "ppn.placement.v1"};
  FleetPlacement placement{.chosen = fields.text_or_null("chosen"),
                           .memory_mb = fields.number("memory_mb"),
                           .margin_mb = fields.number("margin_mb"),
                           .fits = fields.number("fits"),
                           .verdicts = {}};
  for (const auto& node : fields.array("nodes"))
    placement.verdicts.push_back(read_verdict(node, fields));
  sort_by_node(placement.verdicts);
  return fields.unless_faulty(std::move(placement));
}

}  // namespace ppn::ctl
