#include "runtime/api_fleet_wish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/api_null.hpp"
#include "runtime/api_vm.hpp"

namespace ppn::runtime {

namespace {

using actors::FleetHostStatus;
using actors::FleetStatus;
using events::GuestOrder;
using schema::GuestVerb;
using schema::Json;

constexpr auto count_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::array ordered_at_once{GuestVerb::start, GuestVerb::stop,
                                     GuestVerb::pause, GuestVerb::resume,
                                     GuestVerb::reset};
constexpr std::array proposed{GuestVerb::remove, GuestVerb::change};

Problem refused(std::string why) {
  return {ProblemType::refused, std::move(why)};
}

// -- fields -------------------------------------------------------------------

template <std::size_t count>
GuestVerb read_verb(FieldReader& fields,
                    const std::array<GuestVerb, count>& verbs) {
  auto name = fields.name("verb");
  std::string names;
  for (auto verb : verbs) {
    if (name == schema::EnumNameGuestVerb(verb)) return verb;
    names += (names.empty() ? "" : verb == verbs.back() ? " or " : ", ");
    names += schema::EnumNameGuestVerb(verb);
  }
  fields.complain(fmt::format("'verb' must be {}", names));
  return {};
}

std::optional<std::uint16_t> read_small(FieldReader& fields, const char* field,
                                        std::uint16_t max) {
  auto number = fields.number_within(field, 1, max);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

void read_sizes(FieldReader& fields, GuestOrder& order) {
  constexpr auto most_mb = events::vm_memory_mb_max;
  order.vcpus = read_small(fields, "vcpus", events::vcpus_max);
  order.memory_mb =
      fields.number_within("memory_mb", events::vm_memory_mb_min, most_mb);
  order.floor_mb = fields.number_within("floor_mb", 1, most_mb);
  order.cpu_weight = read_small(fields, "cpu_weight", events::cpu_weight_max);
}

bool has_sizes(const GuestOrder& order) {
  return order.vcpus || order.memory_mb || order.floor_mb || order.cpu_weight;
}

void check_sizes(FieldReader& fields, const GuestOrder& order) {
  bool is_change = order.verb == GuestVerb::change;
  if (is_change && !has_sizes(order))
    fields.complain(
        "one of 'vcpus', 'memory_mb', 'floor_mb' and 'cpu_weight' must be "
        "given: what is to change");
  if (!is_change && has_sizes(order))
    fields.complain("a removal changes nothing else of the guest");
  if (is_change && order.force)
    fields.complain("'force' goes with a removal only");
}

// -- names --------------------------------------------------------------------

Problem no_such_guest(const FleetHostStatus& host, const std::string& meant) {
  return refused(
      fmt::format("{} has no guest {}, as far as this node knows; `ppnctl "
                  "fleet guests` lists those that there are",
                  host.name, meant));
}

/// The guests of a host that are meant: two have one name if it was not heard
/// yet that one of them is gone.
std::vector<Id> find_guests(const std::map<Id, std::string>& names,
                            const std::string& meant) {
  std::vector<Id> named;
  for (const auto& [id, name] : names) {
    if (id.hex() == meant) return {id};
    if (name == meant) named.push_back(id);
  }
  return named;
}

/// Of those that the host shows, and of those that it was given.
std::map<Id, std::string> names_of_guests(const FleetStatus& status,
                                          const NodeId& node) {
  std::map<Id, std::string> names;
  for (const auto& [id, guest] : status.hosts.at(node).guests)
    names.emplace(id, guest.name);
  for (const auto& [id, guest] : status.guests)
    if (guest.node == node) names.emplace(id, guest.name);
  return names;
}

}  // namespace

// -- what is asked ------------------------------------------------------------

std::vector<std::string> read_labels(FieldReader& fields, const char* field) {
  auto list = fields.take(field);
  std::vector<std::string> labels;
  if (list.is_null()) return labels;
  auto is_label = [](const Json& item) {
    return item.is_string() && events::is_label(item.get<std::string>());
  };
  if (!list.is_array() || list.size() > events::labels_max ||
      !std::all_of(list.begin(), list.end(), is_label)) {
    fields.complain(
        fmt::format("'{}' must be an array of at most {} labels, each 1 to {} "
                    "of a-z, 0-9 and inner hyphens",
                    field, events::labels_max, events::label_length_max));
    return labels;
  }
  for (const auto& item : list) labels.push_back(item.get<std::string>());
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

PlaceGuestWish read_fleet_vm_create(FieldReader& fields) {
  PlaceGuestWish wish;
  wish.guest = std::get<CreateVmWish>(read_vm_create(fields));
  if (wish.guest.spec.node)
    fields.complain("'node' stands beside 'spec' here, and not in it");
  wish.node = fields.name_or_empty("node");
  wish.owner = fields.name_or_empty("owner");
  wish.labels = read_labels(fields, "labels");
  wish.near = read_labels(fields, "near");
  wish.apart = read_labels(fields, "apart");
  wish.prefers_accelerator = fields.flag("prefers_accelerator");
  return wish;
}

OrderGuestWish read_fleet_vm_order(FieldReader& fields) {
  OrderGuestWish wish;
  wish.node = fields.name("node");
  wish.vm = fields.name("vm");
  wish.order.verb = read_verb(fields, proposed);
  wish.order.force = fields.flag("force");
  read_sizes(fields, wish.order);
  check_sizes(fields, wish.order);
  return wish;
}

events::SetQuota read_fleet_quota(FieldReader& fields) {
  events::SetQuota wish;
  wish.owner = fields.name("owner");
  bool is_none = fields.flag("none");
  events::Quota quota;
  quota.guests = fields.number_within("guests", 0, count_max);
  quota.memory_mb = fields.number_within("memory_mb", 0, count_max);
  quota.vcpus = fields.number_within("vcpus", 0, count_max);
  bool has_any = quota != events::Quota{};
  if (has_any == is_none)
    fields.complain(
        "either 'none' must be true, or some of 'guests', 'memory_mb' and "
        "'vcpus' must be given");
  if (!is_none) wish.quota = quota;
  return wish;
}

Answer<OrderGuestWish> read_fleet_order(std::string_view body) {
  auto read = read_json(body);
  if (const auto* problem = std::get_if<Problem>(&read)) return *problem;
  FieldReader fields{std::get<Json>(read)};
  OrderGuestWish wish;
  wish.node = fields.name("node");
  wish.vm = fields.name("vm");
  wish.order.verb = read_verb(fields, ordered_at_once);
  wish.order.force = fields.flag("force");
  if (wish.order.force && wish.order.verb != GuestVerb::stop)
    fields.complain("'force' goes with a stop only");
  if (auto problem = fields.finish("guest's order")) return *problem;
  return wish;
}

Answer<events::PlaceGuest> place_of(const PlaceGuestWish& wish,
                                    const std::optional<NodeId>& node,
                                    const events::Images& images) {
  events::PlaceGuest place;
  place.name = wish.guest.name;
  place.spec = spec_of(wish.guest);
  place.spec.node = node;
  place.start = wish.guest.start;
  place.owner = wish.owner;
  place.labels = wish.labels;
  place.near = wish.near;
  place.apart = wish.apart;
  place.prefers_accelerator = wish.prefers_accelerator;
  for (const auto& digest : events::images_of(place.spec)) {
    auto image = images.find(digest);
    if (image == images.end())
      return refused(
          fmt::format("this node keeps no image {}, and hosts fetch it from "
                      "here; `ppnctl image list` shows those that it keeps",
                      digest.hex()));
    place.images.push_back(
        {digest, image->second.name, image->second.size, image->second.format});
  }
  return place;
}

Answer<FoundGuest> find_guest(const std::string& node, const std::string& vm,
                              const FleetStatus& status) {
  if (!status.refusal.empty()) return not_the_controller(status);
  auto found = find_host(status, node);
  if (!found) return no_such_host(node);
  const auto& host = status.hosts.at(*found);
  auto names = names_of_guests(status, *found);
  auto guests = find_guests(names, vm);
  if (guests.empty()) return no_such_guest(host, vm);
  if (guests.size() > 1)
    return refused(
        fmt::format("{} has {} guests called {}, as far as this node knows: "
                    "name the one by its id",
                    host.name, guests.size(), vm));
  const auto& id = guests.front();
  return FoundGuest{*found, id, names.at(id)};
}

Answer<events::OrderGuest> order_of(const OrderGuestWish& wish,
                                    const FleetStatus& status) {
  auto guest = find_guest(wish.node, wish.vm, status);
  if (const auto* problem = std::get_if<Problem>(&guest)) return *problem;
  const auto& found = std::get<FoundGuest>(guest);
  return events::OrderGuest{{}, found.node, found.vm, found.name, wish.order};
}

std::optional<NodeId> find_host(const FleetStatus& status,
                                const std::string& meant) {
  std::optional<NodeId> of_id;
  for (const auto& [node, host] : status.hosts) {
    if (host.name == meant) return node;
    if (node.hex() == meant) of_id = node;
  }
  return of_id;
}

Problem no_such_host(const std::string& meant) {
  return refused(fmt::format(
      "no member is called {}; `ppnctl fleet nodes` lists them", meant));
}

Problem not_the_controller(const FleetStatus& status) {
  return refused(status.refusal);
}

// -- documents ----------------------------------------------------------------

Json place_change_json(const events::PlaceGuest& wish) {
  auto images = Json::array();
  for (const auto& image : wish.images)
    images.push_back(image_of_guest_json(image));
  return {{"kind", "fleet-vm-create"},
          {"request", wish.request.hex()},
          {"vm", wish.vm.hex()},
          {"name", wish.name},
          {"vm_kind", events::name_of(wish.spec.kind)},
          {"spec", spec_json(wish.spec, nullptr, {})},
          {"start", wish.start},
          {"owner", text_or_null(wish.owner)},
          {"labels", wish.labels},
          {"near", wish.near},
          {"apart", wish.apart},
          {"prefers_accelerator", wish.prefers_accelerator},
          {"images", std::move(images)}};
}

Json order_change_json(const events::OrderGuest& wish) {
  Json json{{"kind", "fleet-vm-order"},
            {"request", wish.request.hex()},
            {"node", wish.node.hex()},
            {"vm", wish.vm.hex()},
            {"name", wish.name}};
  json.update(guest_order_json(wish.order));
  return json;
}

Json quota_change_json(const events::SetQuota& wish) {
  auto quota = wish.quota.value_or(events::Quota{});
  return {{"kind", "fleet-quota"},
          {"owner", wish.owner},
          {"none", !wish.quota.has_value()},
          {"guests", or_null(quota.guests)},
          {"memory_mb", or_null(quota.memory_mb)},
          {"vcpus", or_null(quota.vcpus)}};
}

Json guest_order_json(const GuestOrder& order) {
  return {{"verb", schema::EnumNameGuestVerb(order.verb)},
          {"force", order.force},
          {"vcpus", or_null(order.vcpus)},
          {"memory_mb", or_null(order.memory_mb)},
          {"floor_mb", or_null(order.floor_mb)},
          {"cpu_weight", or_null(order.cpu_weight)}};
}

Json image_of_guest_json(const events::ImageOfGuest& image) {
  return {{"digest", image.digest.hex()},
          {"name", image.name},
          {"size", image.size},
          {"format", schema::EnumNameDiskFormat(image.format)}};
}

}  // namespace ppn::runtime
