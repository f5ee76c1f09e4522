// How a node that lost its tail begins a new identity in the same directory.
// The intent is durable before anything is touched, and what follows from it is
// looked for, not remembered: after a crash it is done again.
//
//   intend_rejoin -> put_away -> Ledger::found with the intent -> end_rejoin
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/ledger.hpp"
#include "store/state_directory.hpp"

namespace ppn::store {

/// The intent as it is stored: a founding that names the identity before it.
std::string format_intent(const Founding& founding);

/// damaged if it is none.
Result<Founding> parse_intent(std::string_view text);

/// Decides it, durably. locked if somebody writes the ledger, io.
Status intend_rejoin(const StateDirectory& directory, const Founding& founding);

/// What is decided and not done yet; nothing if nothing is. damaged, io.
Result<std::optional<Founding>> intended_rejoin(
    const StateDirectory& directory);

/// Moves the ledger of the old identity, and what belongs to it, from where its
/// successor's is to be, and makes it read-only. Private keys are no part of
/// that. Harmless once more. locked if somebody writes the ledger, io.
Status put_away(const StateDirectory& directory, const NodeId& old);

/// The successor is founded: nothing is left to do. io.
Status end_rejoin(const StateDirectory& directory);

}  // namespace ppn::store
