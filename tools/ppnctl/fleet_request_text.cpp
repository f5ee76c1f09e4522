#include "tools/ppnctl/fleet_request_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tools/ppnctl/fleet_text.hpp"
#include "tools/ppnctl/image_text.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

/// So many digits of an id tell requests apart.
constexpr std::size_t digits_shown = 8;

std::string list_or_dash(const std::vector<std::string>& all) {
  return all.empty() ? "-" : fmt::format("{}", fmt::join(all, ", "));
}

/// As that of a file that becomes an image.
ImageAdding fetch_of(const FleetRequest& request) {
  ImageAdding adding;
  adding.done = request.fetched;
  adding.total = request.to_fetch;
  return adding;
}

std::string state_words(const FleetRequest& request) {
  auto words = request.state;
  if (request.state == "fetching")
    words += fmt::format(", {} of {}", size_words(request.fetched),
                         size_words(request.to_fetch));
  if (request.reason) words += ": " + *request.reason;
  if (!request.is_over() && request.trouble) words += ": " + *request.trouble;
  return words;
}

std::string place_words(const FleetRequest& request) {
  return request.host() + '/' + request.guest();
}

// -- placements ---------------------------------------------------------------

enum class Amount { none, memory, count };

/// What the numbers of a verdict are of.
Amount amount_of(std::string_view reason) {
  constexpr std::array<std::string_view, 6> of_memory{
      "chosen", "outdone", "reserved", "unaccelerated", "memory", "disk"};
  if (std::find(of_memory.begin(), of_memory.end(), reason) != of_memory.end())
    return Amount::memory;
  return reason == "vcpus" || reason == "guests" ? Amount::count : Amount::none;
}

std::string amount_words(const FleetVerdictTold& verdict,
                         std::uint64_t number) {
  switch (amount_of(verdict.reason)) {
    case Amount::memory:
      return megabytes_words(number);
    case Amount::count:
      return std::to_string(number);
    case Amount::none:
      break;
  }
  return "-";
}

std::string verdicts_text(const FleetPlacementTold& placement) {
  Rows rows{{"node", "verdict", "has", "needs", "to fetch"}};
  for (const auto& verdict : placement.verdicts)
    rows.push_back(
        {verdict.name.value_or(verdict.node), verdict.words,
         amount_words(verdict, verdict.has),
         amount_words(verdict, verdict.needs),
         verdict.to_fetch == 0 ? "-" : size_words(verdict.to_fetch)});
  auto text = columns(rows);
  if (placement.more_hosts != 0)
    text +=
        fmt::format("and {} more, which would not do\n", placement.more_hosts);
  return text;
}

void add_placement(Rows& rows, const FleetPlacementTold& placement) {
  rows.push_back({"owner", placement.owner.value_or("-")});
  rows.push_back({"labels", list_or_dash(placement.labels)});
  rows.push_back({"memory", megabytes_words(placement.memory_mb)});
  rows.push_back({"vcpus", std::to_string(placement.vcpus)});
  rows.push_back({"images", list_or_dash(placement.images)});
  rows.push_back(
      {"left beside it", megabytes_words(placement.margin_mb) + " or more"});
}

// -- orders -------------------------------------------------------------------

std::string order_words(const FleetOrderTold& order) {
  auto words = order.verb;
  if (order.is_forced) words += ", at once";
  return words;
}

void add_order(Rows& rows, const FleetOrderTold& order) {
  if (order.vcpus) rows.push_back({"vcpus", std::to_string(*order.vcpus)});
  if (order.memory_mb)
    rows.push_back({"memory", megabytes_words(*order.memory_mb)});
  if (order.floor_mb)
    rows.push_back({"floor", megabytes_words(*order.floor_mb)});
  if (order.cpu_weight)
    rows.push_back({"weight", std::to_string(*order.cpu_weight)});
}

// -- quotas -------------------------------------------------------------------

std::string of_words(const std::string& used,
                     const std::optional<std::string>& allowed) {
  return allowed ? used + " of " + *allowed : used;
}

std::string count_words(std::uint64_t used,
                        const std::optional<std::uint64_t>& allowed) {
  return of_words(
      std::to_string(used),
      allowed ? std::optional{std::to_string(*allowed)} : std::nullopt);
}

std::string memory_words(std::uint64_t used,
                         const std::optional<std::uint64_t>& allowed) {
  return of_words(
      megabytes_words(used),
      allowed ? std::optional{megabytes_words(*allowed)} : std::nullopt);
}

}  // namespace

std::string fleet_requests_text(const std::vector<FleetRequest>& requests) {
  if (requests.empty()) return "nothing was asked of the fleet\n";
  Rows rows{{"request", "kind", "guest", "state"}};
  for (const auto& request : requests)
    rows.push_back({request.id.substr(0, digits_shown), request.kind,
                    place_words(request), state_words(request)});
  return columns(rows);
}

std::string fleet_request_text(const FleetRequestTold& told) {
  const auto& request = told.request;
  Rows head{{"request", request.id},
            {"kind", told.order ? order_words(*told.order) : request.kind},
            {"guest", told.name},
            {"node", request.host()},
            {"state", state_words(request)}};
  if (told.order) add_order(head, *told.order);
  if (!told.placement) return columns(head);
  add_placement(head, *told.placement);
  return columns(head) + '\n' + verdicts_text(*told.placement);
}

std::string fleet_waiting_text(const FleetRequest& request, bool has_bar,
                               std::uint64_t bytes_per_second) {
  auto host = printable(request.host());
  auto trouble = request.trouble ? ": " + printable(*request.trouble)
                                 : std::string{};
  if (request.state == "lapsed")
    return fmt::format(
        "{} did not answer for too long, and may still take it{}", host,
        trouble);
  if (request.state != "fetching")
    return fmt::format("waiting for {}{}", host, trouble);
  auto bar = has_bar ? "  " + progress_text(fetch_of(request), bytes_per_second)
                     : std::string{};
  return fmt::format("{} fetches images{}{}", host, bar, trouble);
}

std::string fleet_quotas_text(const std::vector<FleetQuota>& quotas) {
  if (quotas.empty()) return "no owner has a guest or a quota\n";
  Rows rows{{"owner", "guests", "memory", "vcpus"}};
  for (const auto& quota : quotas)
    rows.push_back({quota.owner, count_words(quota.used_guests, quota.guests),
                    memory_words(quota.used_memory_mb, quota.memory_mb),
                    count_words(quota.used_vcpus, quota.vcpus)});
  return columns(rows);
}

std::string fleet_guest_text(const FleetGuest& guest) {
  return columns({{"guest", guest.name},
                  {"id", guest.id},
                  {"node", guest.node_name},
                  {"outcome", fleet_outcome_words(guest)},
                  {"heard", fleet_heard_words(guest.heard_ago_s)},
                  {"memory", megabytes_words(guest.memory_mb)},
                  {"vcpus", std::to_string(guest.vcpus)},
                  {"owner", guest.owner.value_or("-")},
                  {"labels", list_or_dash(guest.labels)},
                  {"request", guest.request.value_or("-")}});
}

}  // namespace ppn::ctl
