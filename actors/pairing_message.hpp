// The messages of a ceremony as bytes, each as it stands behind its length on a
// stream. Knows no CAF.
#pragma once

#include <variant>

#include "actors/pairing_exchange.hpp"
#include "schema/pairing_generated.h"

namespace ppn::actors {

/// Of one message. A roster is told in parts.
inline constexpr std::size_t pairing_message_max = 16'384;

/// Something that nobody between the two reads.
struct PairingSealed {
  Bytes bytes;
};

/// The newcomer answers nothing more.
struct PairingOver {
  schema::PairingOutcome outcome{};
};

using PairingMessage =
    std::variant<PairingHello, PairingOffer, PairingBegin, PairingAnswer,
                 PairingProof, PairingSealed, PairingOver>;

Bytes write_message(const PairingMessage& message);

/// bad_input: it is too long, or no such message.
store::Result<PairingMessage> read_message(ByteView bytes);

}  // namespace ppn::actors
