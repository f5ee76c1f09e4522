#include "tools/ppnctl/vm_elsewhere.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/fleet_request_text.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_parts.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

/// Of a spec, what the controller can have changed.
constexpr std::array<std::string_view, 4> changed_elsewhere{
    "vcpus", "memory_mb", "floor_mb", "cpu_weight"};

Result<FleetGuest> look_up(const Global& global, const GuestPlace& place) {
  auto fleet = get_fleet(global);
  if (!fleet) return fleet.error();
  return find_guest(*fleet, *place.node, place.name);
}

/// Of what is proposed of a guest, or told to it.
Json order_of(const FleetGuest& guest, std::string_view verb) {
  return {{"node", guest.node_name}, {"vm", guest.id}, {"verb", verb}};
}

Json change_of(const FleetGuest& guest, std::string_view verb) {
  Json change{{"kind", "fleet-vm-order"}};
  change.update(order_of(guest, verb));
  return change;
}

/// Proposes a change, and follows the request that it becomes.
int propose_request(const Global& global, const Consent& consent, bool no_wait,
                    const Json& change, FleetAwaited awaited) {
  if (is_committed(consent))
    if (auto failure = unable_to_ask(consent.yes)) return fail(*failure);
  auto proposed = post_proposal(global, change);
  if (!proposed) return fail(proposed.error());
  auto request = read_proposed_request(proposed->document);
  if (!request) return fail(request.error());
  auto code = settle(global, consent, *proposed);
  if (code != exit_ok || !is_committed(consent)) return code;
  if (no_wait) return say_request(global, *request);
  awaited.request = std::move(*request);
  return follow_request(global, awaited);
}

FleetAwaited awaited_of(VmVerb verb, const FleetGuest& guest) {
  FleetAwaited awaited;
  awaited.outcome_before = guest.outcome;
  switch (verb) {
    case VmVerb::start:
    case VmVerb::resume:
      awaited.goal = FleetGoal::runs;
      awaited.done = "runs";
      return awaited;
    case VmVerb::stop:
      awaited.goal = FleetGoal::off;
      awaited.done = "is off";
      return awaited;
    case VmVerb::pause:
      awaited.goal = FleetGoal::paused;
      awaited.done = "is paused";
      return awaited;
    case VmVerb::reset:
      break;
  }
  awaited.goal = FleetGoal::taken;
  awaited.done = "begins anew";
  return awaited;
}

}  // namespace

Result<Json> place_change(const VmCreateOptions& options,
                          const VmParts& parts) {
  auto change = create_change(options, parts);
  if (!change) return change;
  (*change)["kind"] = "fleet-vm-create";
  const auto& fleet = options.fleet;
  if (options.node) (*change)["node"] = *options.node;
  if (fleet.owner) (*change)["owner"] = *fleet.owner;
  if (!fleet.labels.empty()) (*change)["labels"] = fleet.labels;
  if (!fleet.near.empty()) (*change)["near"] = fleet.near;
  if (!fleet.apart.empty()) (*change)["apart"] = fleet.apart;
  if (fleet.prefers_accelerator) (*change)["prefers_accelerator"] = true;
  return change;
}

Result<Json> set_change_elsewhere(const FleetGuest& guest,
                                  const VmSetOptions& options) {
  auto set = set_change(options);
  if (!set) return set;
  auto change = change_of(guest, "change");
  for (const auto& [name, value] : set->at("spec").items()) {
    if (std::find(changed_elsewhere.begin(), changed_elsewhere.end(), name) ==
        changed_elsewhere.end())
      return Failure{
          exit_usage,
          "of a guest of another host only its vcpus, memory, floor and "
          "weight can be changed from here",
          fmt::format("the rest on {}: ppnctl vm set {}", guest.node_name,
                      guest.name)};
    change[name] = value;
  }
  return change;
}

Json delete_change_elsewhere(const FleetGuest& guest,
                             const VmDeleteOptions& options) {
  auto change = change_of(guest, "remove");
  if (options.force) change["force"] = true;
  return change;
}

int create_in_fleet(const Global& global, const VmCreateOptions& options) {
  auto parts = gather_parts(global, options);
  if (!parts) return fail(parts.error());
  auto change = place_change(options, *parts);
  if (!change) return fail(change.error());
  FleetAwaited awaited;
  awaited.goal = options.no_start ? FleetGoal::taken : FleetGoal::runs;
  awaited.done = options.no_start ? "is" : "runs";
  return propose_request(global, options.consent, options.no_wait, *change,
                         awaited);
}

int set_elsewhere(const Global& global, const GuestPlace& place,
                  const VmSetOptions& options) {
  auto guest = look_up(global, place);
  if (!guest) return fail(guest.error());
  auto change = set_change_elsewhere(*guest, options);
  if (!change) return fail(change.error());
  FleetAwaited awaited;
  awaited.done = "is changed";
  return propose_request(global, options.consent, false, *change, awaited);
}

int delete_elsewhere(const Global& global, const GuestPlace& place,
                     const VmDeleteOptions& options) {
  auto guest = look_up(global, place);
  if (!guest) return fail(guest.error());
  FleetAwaited awaited;
  awaited.goal = FleetGoal::gone;
  awaited.done = "is deleted";
  return propose_request(global, options.consent, options.no_wait,
                         delete_change_elsewhere(*guest, options), awaited);
}

int show_elsewhere(const Global& global, const GuestPlace& place) {
  auto guest = look_up(global, place);
  if (!guest) return fail(guest.error());
  Json document{{"schema", "ppnctl.fleet-guest.v1"}};
  document.update(guest->document);
  fmt::print("{}", global.json ? json_line(document) + '\n'
                               : fleet_guest_text(*guest));
  return exit_ok;
}

Result<FleetAwaited> order_elsewhere(const Global& global,
                                     const GuestPlace& place, VmVerb verb,
                                     const VmCommandOptions& options) {
  auto guest = look_up(global, place);
  if (!guest) return guest.error();
  auto order = order_of(*guest, name_of(verb));
  if (options.force) order["force"] = true;
  auto document = Client{global.socket}.commit("/v1/fleet/orders", order);
  if (!document) return document.error();
  auto request = read_fleet_order(*document);
  if (!request) return request.error();
  auto awaited = awaited_of(verb, *guest);
  awaited.request = std::move(*request);
  return awaited;
}

}  // namespace ppn::ctl
