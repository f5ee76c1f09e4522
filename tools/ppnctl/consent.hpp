// A change becomes durable only after a person saw what it does and said yes.
#pragma once

#include <optional>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

enum class Choice { yes, no, interrupted };

/// A failure if a person has to be asked and there is none.
std::optional<Failure> unable_to_ask(bool yes);

/// Shows the plan on standard error and asks there, unless `yes` already.
Choice ask(const Proposal& proposal, bool yes);

/// Commits the proposal and says so.
int commit_now(const Global& global, const Proposal& proposal);

/// Has the proposal forgotten; the document that says so.
Result<schema::Json> reject_now(const Global& global, const Proposal& proposal);

/// What a change goes through: it is proposed, shown, and committed or rejected
/// again.
int propose(const Global& global, const Consent& consent,
            const schema::Json& change);

}  // namespace ppn::ctl
