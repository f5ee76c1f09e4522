// The authority's side of a ceremony in the pairing actor: newcomers wait, or
// are called, until its operator types their code and wants them.
#pragma once

#include "actors/pairing_session.hpp"

namespace ppn::actors {

/// Begins the one exchange that a typed code is good for.
caf::result<Id> approve(const PairingContext& context,
                        const PairingApproval& approval);
/// The operator's word on whom the code was proved to.
caf::result<bool> decide_on(const PairingContext& context, const Id& session,
                            bool is_wanted, const store::Principal& principal);

/// Whether it was let in.
bool let_in_to_wait(const PairingContext& context,
                    const PairingArrival& arrival, const SessionClock& now);

void take_as_authority(const PairingContext& context,
                       PairingConnection connection, const Bytes& message,
                       const SessionClock& now);
void lose_as_authority(const PairingContext& context,
                       PairingConnection connection);

/// What time alone changes.
void look_as_authority(const PairingContext& context, const SessionClock& now);

/// The code goes, and with it all that is known of the session.
void finish_typed(const PairingContext& context, const Id& session,
                  schema::PairingOutcome outcome, const std::string& detail);

}  // namespace ppn::actors
