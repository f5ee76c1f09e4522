// The guests of the identity before in the control API: its documents.
#pragma once

#include <functional>

#include "runtime/former_guests.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

/// What this host had under the identity before; null: there was none. `own`
/// are the guests that it has now, and `lives` tells whether a process of one
/// does.
schema::Json former_guests_document(
    const FormerGuests* former, const events::Vms& own,
    const std::function<bool(const Id&)>& lives);

schema::Json adoption_json(const events::AdoptVm& wish);

}  // namespace ppn::runtime
