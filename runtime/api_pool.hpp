// The memory of a host in the control API: who has it, and what is left.
#pragma once

#include "actors/interfaces.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

schema::Json pool_document(const actors::PoolStatus& status,
                           const actors::BalloonStatus& balloons);

}  // namespace ppn::runtime
