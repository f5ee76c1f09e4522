// How what is remembered of the ledgers of others looks on a terminal.
#pragma once

#include <string>

#include "tools/ppnctl/witness_documents.hpp"

namespace ppn::ctl {

/// With `keys` also by what cosignatures are checked, as lines of a policy
/// file (C2SP tlog-policy).
std::string witness_text(const Witness& witness, bool keys,
                         std::int64_t now_ns);

}  // namespace ppn::ctl
