// ppnctl fleet quota: what the guests of an owner may come to together.
#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/fleet_change.hpp"
#include "tools/ppnctl/fleet_request_text.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_written.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

bool is_change(const FleetQuotaOptions& options) {
  return options.none || options.guests || options.memory || options.vcpus;
}

/// All, or that of one owner.
Result<std::vector<FleetQuota>> get_quotas(
    const Global& global, const std::optional<std::string>& owner) {
  auto document = Client{global.socket}.get("/v1/fleet");
  if (!document) return document.error();
  auto fleet = read_fleet(*document);
  if (!fleet) return fleet.error();
  if (owner)
    std::erase_if(fleet->quotas, [&](const FleetQuota& quota) {
      return quota.owner != *owner;
    });
  if (owner && fleet->quotas.empty())
    return Failure{exit_failed,
                   fmt::format("{} has neither a guest nor a quota", *owner),
                   "those who have: ppnctl fleet quota"};
  return std::move(fleet->quotas);
}

std::string quotas_line(const std::vector<FleetQuota>& quotas) {
  auto list = Json::array();
  for (const auto& quota : quotas) list.push_back(quota.document);
  return json_line({{"schema", "ppnctl.fleet-quotas.v1"},
                    {"quotas", std::move(list)}}) +
         '\n';
}

}  // namespace

Result<Json> quota_change(const FleetQuotaOptions& options) {
  if (!options.owner)
    return Failure{exit_usage, "whose quota that is must be given",
                   "see ppnctl fleet quota --help"};
  Json change{{"kind", "fleet-quota"}, {"owner", *options.owner}};
  if (options.none) change["none"] = true;
  if (options.guests) change["guests"] = *options.guests;
  if (options.memory) {
    auto memory = read_megabytes(*options.memory);
    if (!memory) return memory.error();
    change["memory_mb"] = *memory;
  }
  if (options.vcpus) change["vcpus"] = *options.vcpus;
  return change;
}

int fleet_quota(const Global& global, const FleetQuotaOptions& options) {
  if (is_change(options)) {
    auto change = quota_change(options);
    if (!change) return fail(change.error());
    return propose(global, options.consent, *change);
  }
  auto quotas = get_quotas(global, options.owner);
  if (!quotas) return fail(quotas.error());
  fmt::print("{}",
             global.json ? quotas_line(*quotas) : fleet_quotas_text(*quotas));
  return exit_ok;
}

}  // namespace ppn::ctl
