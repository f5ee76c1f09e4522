// What the two sides of a ceremony say inside their channel, as the plain text
// of what is sealed. Knows no CAF.
#pragma once

#include <string>
#include <variant>

#include "schema/fixed_bytes.hpp"
#include "schema/pairing_generated.h"
#include "store/result.hpp"

namespace ppn::actors {

/// The newcomer says who it is: a part, in order, of what `mesh export` writes
/// before it is in a mesh. The last one has its signature, in the pairing
/// domain, over what the channel binds it to.
struct PairingIntroduction {
  std::string part;
  bool is_last = false;
  Signature signature;
};

/// The authority says into which mesh, and who it is itself.
struct PairingInvitation {
  Id mesh;
  std::string mesh_name;
  NodeId authority;
  std::string authority_name;
  PublicKey authority_key;
  /// By that key, in the pairing domain, over what the channel binds it to.
  Signature signature;

  bool operator==(const PairingInvitation&) const = default;
};

/// A part, in order, of what `mesh export` writes once the newcomer is
/// admitted.
struct PairingWelcome {
  std::string part;
  bool is_last = false;
};

/// The newcomer recorded all of it.
struct PairingThanks {};

/// It is not to be, says either.
struct PairingRefusal {
  schema::PairingOutcome outcome{};
  std::string detail;
};

using PairingSecret =
    std::variant<PairingIntroduction, PairingInvitation, PairingWelcome,
                 PairingThanks, PairingRefusal>;

Bytes write_secret(const PairingSecret& secret);

/// bad_input: there is no such thing to say.
store::Result<PairingSecret> read_secret(ByteView bytes);

}  // namespace ppn::actors
