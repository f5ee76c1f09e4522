#include "tools/ppnctl/fleet_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;
using Number = std::optional<std::uint64_t>;

std::string use_words(const FleetNode& node) {
  if (!node.is_drained) return node.is_reserved ? "reserved" : "-";
  return node.is_reserved ? "drained, reserved" : "drained";
}

std::string size_or_dash(const Number& megabytes) {
  return megabytes ? megabytes_words(*megabytes) : "-";
}

std::string count_or_dash(const Number& count) {
  return count ? std::to_string(*count) : "-";
}

std::string load_words(const Number& permille) {
  return permille ? fmt::format("{}%", *permille / 10) : "-";
}

std::string memory_words(const FleetHost& host) {
  auto words = size_or_dash(host.node.memory_left_mb);
  if (host.memory_mb) words += " of " + megabytes_words(*host.memory_mb);
  return words;
}

std::string promised_words(const FleetHost& host) {
  return host.promised_mb == 0 ? "-" : megabytes_words(host.promised_mb);
}

bool any_is_promised(const Fleet& fleet) {
  return std::any_of(
      fleet.hosts.begin(), fleet.hosts.end(),
      [](const FleetHost& host) { return host.promised_mb != 0; });
}

bool any_has_owner(const Fleet& fleet) {
  return std::any_of(
      fleet.guests.begin(), fleet.guests.end(),
      [](const FleetGuest& guest) { return guest.owner.has_value(); });
}

std::string waiting_text(const std::string& former) {
  return fmt::format(
      "\nwhat {} recorded as the controller before is not here yet: drains and "
      "quotas of it do not count\n",
      printable(former));
}

/// Of one that is asked for.
void add_needs(Rows& rows, const FleetPlacement& placement) {
  rows.push_back({"memory", megabytes_words(placement.memory_mb) +
                                ", QEMU's own included"});
  rows.push_back(
      {"left beside it", megabytes_words(placement.margin_mb) + " or more"});
}

}  // namespace

std::string fleet_heard_words(const std::optional<std::uint64_t>& age_s) {
  if (!age_s) return "-";
  return *age_s == 0 ? "now" : duration_words(*age_s) + " ago";
}

std::string fleet_outcome_words(const FleetGuest& guest) {
  auto words = guest.outcome;
  if (!guest.responds) words += ", unresponsive";
  if (guest.standing == "live") return words;
  return words + ", as of " +
         (guest.heard_ago_s ? fleet_heard_words(guest.heard_ago_s) : "earlier");
}

std::string fleet_nodes_text(const Fleet& fleet) {
  Rows rows{{"node", "standing", "heard", "use", "memory left", "vcpus left",
             "disk left", "load", "guests", "accel"}};
  bool has_promised = any_is_promised(fleet);
  if (has_promised) rows.front().emplace_back("promised");
  for (const auto& host : fleet.hosts) {
    const auto& node = host.node;
    rows.push_back(
        {node.name, node.standing, fleet_heard_words(node.heard_ago_s),
         use_words(node), memory_words(host), count_or_dash(node.vcpus_left),
         size_or_dash(node.disk_left_mb), load_words(node.load_permille),
         count_or_dash(host.guests), host.accelerator.value_or("-")});
    if (has_promised) rows.back().push_back(promised_words(host));
  }
  auto text = columns(rows);
  if (fleet.waits_for) text += waiting_text(*fleet.waits_for);
  return text;
}

std::string fleet_guests_text(const Fleet& fleet) {
  if (fleet.guests.empty()) return no_guests;
  Rows rows{{"guest", "outcome", "memory", "vcpus", "heard"}};
  bool has_owners = any_has_owner(fleet);
  if (has_owners) rows.front().emplace_back("owner");
  for (const auto& guest : fleet.guests) {
    rows.push_back(
        {guest.node_name + '/' + guest.name, fleet_outcome_words(guest),
         megabytes_words(guest.memory_mb), std::to_string(guest.vcpus),
         fleet_heard_words(guest.heard_ago_s)});
    if (has_owners) rows.back().push_back(guest.owner.value_or("-"));
  }
  return columns(rows);
}

std::string placement_text(const FleetPlacement& placement) {
  Rows head{{"would get it", placement.chosen.value_or("nobody")}};
  add_needs(head, placement);
  Rows rows{
      {"node", "memory left", "vcpus left", "disk left", "load", "verdict"}};
  for (const auto& verdict : placement.verdicts) {
    const auto& node = verdict.node;
    rows.push_back({node.name, size_or_dash(node.memory_left_mb),
                    count_or_dash(node.vcpus_left),
                    size_or_dash(node.disk_left_mb),
                    load_words(node.load_permille), verdict.words});
  }
  return columns(head) + '\n' + columns(rows);
}

std::string fit_text(const FleetPlacement& placement) {
  Rows head{{"room for", counted(placement.fits, "such guest", "such guests")}};
  add_needs(head, placement);
  Rows rows{{"node", "room for", "use", "memory left", "vcpus left",
             "disk left", "why none"}};
  for (const auto& verdict : placement.verdicts) {
    const auto& node = verdict.node;
    rows.push_back({node.name, std::to_string(verdict.fits), use_words(node),
                    size_or_dash(node.memory_left_mb),
                    count_or_dash(node.vcpus_left),
                    size_or_dash(node.disk_left_mb),
                    verdict.fits == 0 ? verdict.words : "-"});
  }
  return columns(head) + '\n' + columns(rows);
}

}  // namespace ppn::ctl
