// What a change of the guests would do, in words for the operator.
#pragma once

#include <string>
#include <vector>

#include "events/acceleration.hpp"
#include "events/pool.hpp"

namespace ppn::actors {

/// A line each for the machine, what it is made of, how it is reached, by what
/// it runs, and what is left of this host.
std::vector<std::string> plan_of(const events::DefineVm& wish,
                                 const events::Pool& pool,
                                 const events::Acceleration& acceleration);
std::vector<std::string> plan_of(const events::AdoptVm& wish);
/// A line for each thing that changes. The guest is there.
std::vector<std::string> plan_of(const events::ChangeVm& wish,
                                 const events::Pool& pool);
std::vector<std::string> plan_of(const events::DeleteVm& wish,
                                 const events::Pool& pool);

}  // namespace ppn::actors
