// A change becomes durable only after a person saw what it does and said yes.
#pragma once

#include <optional>
#include <string>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

enum class Choice { yes, no, interrupted };

/// Whether what goes well with that consent is committed.
inline bool is_committed(const Consent& consent) {
  return !consent.propose && !consent.dry_run;
}

/// A failure if a person has to be asked and there is none.
std::optional<Failure> unable_to_ask(bool yes);

/// Asks on standard error for a line, which comes without its end; nothing
/// after an interrupt.
std::optional<std::string> ask_line(const std::string& question);

/// Asks on standard error.
Choice confirm(const std::string& question);

/// Shows the plan on standard error and asks there, unless `yes` already.
Choice ask(const Proposal& proposal, bool yes);

/// Commits the proposal and says so; why that failed otherwise.
std::optional<Failure> try_commit(const Global& global,
                                  const Proposal& proposal);

/// The same, and what to exit with.
int commit_now(const Global& global, const Proposal& proposal);

/// Has the proposal forgotten; the document that says so.
Result<schema::Json> reject_now(const Global& global, const Proposal& proposal);

struct Proposed {
  schema::Json document;
  Proposal proposal;
};
Result<Proposed> post_proposal(const Global& global,
                               const schema::Json& change);

/// Shows what was proposed, and commits or rejects it, or leaves it waiting.
int settle(const Global& global, const Consent& consent,
           const Proposed& proposed);

/// What a change goes through: it is proposed and settled.
int propose(const Global& global, const Consent& consent,
            const schema::Json& change);

}  // namespace ppn::ctl
