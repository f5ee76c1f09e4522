// What was asked of the fleet, as a person reads it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/ppnctl/fleet_documents.hpp"
#include "tools/ppnctl/fleet_request_documents.hpp"

namespace ppn::ctl {

/// A table, the newest first.
std::string fleet_requests_text(const std::vector<FleetRequest>& requests);

/// All of one; of a placement also a table that says why it went there.
std::string fleet_request_text(const FleetRequestTold& told);

/// How far one is that is not over, in one line. The bar of a fetch and its
/// rate only where `has_bar`.
std::string fleet_waiting_text(const FleetRequest& request, bool has_bar,
                               std::uint64_t bytes_per_second);

/// A table: what each owner may have, and has.
std::string fleet_quotas_text(const std::vector<FleetQuota>& quotas);

/// A guest of another host, as far as it is known here.
std::string fleet_guest_text(const FleetGuest& guest);

}  // namespace ppn::ctl
