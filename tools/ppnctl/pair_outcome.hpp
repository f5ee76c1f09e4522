// How a ceremony ends, if not well: what to do next, and what to exit with.
#pragma once

#include "tools/ppnctl/failure.hpp"
#include "tools/ppnctl/pair_documents.hpp"

namespace ppn::ctl {

/// Of a session that is over and by which nobody was admitted.
Failure failure_of(const PairSession& session);

}  // namespace ppn::ctl
