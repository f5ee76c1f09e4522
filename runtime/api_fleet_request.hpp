// What was asked of the fleet in the control API: which requests there are, and
// how the controller came to one.
#pragma once

#include "actors/messages.hpp"
#include "runtime/api_problem.hpp"

namespace ppn::runtime {

/// The newest first. refused if this node is not the controller, and knows none
/// of when it was.
Answer<schema::Json> fleet_requests_document(const actors::FleetStatus& status);

/// Why there is nothing to tell of a request: refused, not_found.
std::optional<Problem> refuse_request(const actors::FleetStatus& status,
                                      const Id& request);

/// `entry`: checked, the one that the request began with. not_found, refused,
/// and failed if that is another kind of entry.
Answer<schema::Json> fleet_request_document(const actors::FleetStatus& status,
                                            const Id& request, ByteView entry);

schema::Json fleet_order_document(const Id& request);

}  // namespace ppn::runtime
