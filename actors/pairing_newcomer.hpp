// The newcomer's side of a ceremony in the pairing actor: it shows a code, and
// becomes a member of the mesh of whoever proves it.
#pragma once

#include "actors/pairing_session.hpp"

namespace ppn::actors {

caf::result<ShownCode> show_code(const PairingContext& context,
                                 const PairingOfferWish& wish);

/// Whether it was let in.
bool let_in_to_prove(const PairingContext& context,
                     const PairingArrival& arrival, const SessionClock& now);

void take_as_newcomer(const PairingContext& context,
                      PairingConnection connection, const Bytes& message,
                      const SessionClock& now);
void lose_as_newcomer(const PairingContext& context,
                      PairingConnection connection);

/// What time alone changes.
void look_as_newcomer(const PairingContext& context, const SessionClock& now);

/// The code goes, and with it all that is known of the session.
void finish_shown(const PairingContext& context, schema::PairingOutcome outcome,
                  const std::string& detail);

}  // namespace ppn::actors
