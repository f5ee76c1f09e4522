// What the fleet came to under one controller goes on to the next one: it asks
// who was it before, and records what that gives, as far as it did not decide
// otherwise itself.
#pragma once

#include "actors/scheduler.hpp"

namespace ppn::actors {

/// Records that this node is the controller from now on, if it has the role and
/// did not yet. To be called when the roster changed, and now and then.
void begin_term(const SchedulerContext& context);

/// The controller before, as long as its part is not taken; nothing: nobody is
/// waited for.
std::optional<NodeId> awaited_from(const SchedulerContext& context);

/// Asks it. To be called now and then: it may be away.
void ask_for_inheritance(const SchedulerContext& context);

/// That member asked; it is answered if it is the controller after this node.
void give_inheritance(const SchedulerContext& context, const NodeId& asker);

/// That member says what it gives; taken if it is waited for.
void take_inheritance(const SchedulerContext& context, const NodeId& giver,
                      const Inheritance& inheritance);

}  // namespace ppn::actors
