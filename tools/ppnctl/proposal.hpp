// Proposals as a person names and reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/ppnctl/documents.hpp"

namespace ppn::ctl {

/// A table: each id, and what its proposal would do.
std::string proposals_text(const std::vector<Proposal>& proposals);

/// One proposal with all that is known of it.
std::string proposal_text(const Proposal& proposal);

/// The plan, indented, under a line that says what it is.
std::string plan_text(const Proposal& proposal);

/// In lower case, if that is how an id may begin.
Result<std::string> read_prefix(std::string_view text);

/// The one proposal whose id begins so.
Result<Proposal> find_by_prefix(const std::vector<Proposal>& proposals,
                                std::string_view prefix);

}  // namespace ppn::ctl
