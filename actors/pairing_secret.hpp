// What the two sides of a ceremony say inside their channel, as the plain text
// of what is sealed. Knows no CAF.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "events/ip.hpp"
#include "schema/fixed_bytes.hpp"
#include "schema/pairing_generated.h"
#include "store/result.hpp"

namespace ppn::actors {

/// Where the newcomer's tunnels are reached: these, and that port of the
/// address that it comes from, if it is not 0.
struct PairingPlace {
  std::vector<events::Endpoint> endpoints;
  std::uint16_t listen_port = 0;

  bool operator==(const PairingPlace&) const = default;
};

/// The newcomer says who it is: a part, in order, of what `mesh export` writes
/// before it is in a mesh. The last one has its signature, in the pairing
/// domain, over what the channel binds it to.
struct PairingIntroduction {
  std::string part;
  bool is_last = false;
  Signature signature;
  /// With the last one.
  PairingPlace place = {};
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
  /// With the last one: the newest checkpoint of the authority's ledger.
  std::string checkpoint = {};
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
