// What is asked of the fleet, as the scheduler decides it, dispatches it, and
// records what became of it; see events/fleet_request.hpp.
#pragma once

#include "actors/scheduler.hpp"

namespace ppn::actors {

/// To guests that their hosts do not show yet.
std::map<NodeId, events::Promised> promised(const SchedulerState& state);

/// One of PlaceGuest, OrderGuest and SetQuota, as it is now.
events::Decision decide_request(const SchedulerContext& context,
                                const Change& change, std::uint64_t now_ns);

/// What such a decision does, a line each.
std::vector<std::string> in_words(const SchedulerContext& context,
                                  const std::vector<events::Draft>& drafts);

/// Records what a guest is told at once; answers the request.
caf::result<Id> order_guest(const SchedulerContext& context,
                            const events::OrderGuest& order,
                            const store::Principal& principal);

/// All that others may fetch from this node, from now on and nothing else.
void offer_documents(const SchedulerContext& context);

/// Tells hosts what they did not answer yet. To be called when what is recorded
/// changed, and now and then.
void dispatch_requests(const SchedulerContext& context, std::uint64_t now_ns);

void take_dispatch_answer(const SchedulerContext& context, const NodeId& host,
                          const DispatchAnswer& answer);

/// Records what is over without anybody's doing. To be called now and then.
void tidy_requests(const SchedulerContext& context, std::uint64_t now_ns);

/// The entry that a request began with.
caf::result<BytesPtr> read_request(const SchedulerContext& context,
                                   const Id& request);

}  // namespace ppn::actors
