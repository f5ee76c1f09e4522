// Capabilities: who may do what to what, each granted and revoked by an entry.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/moment.hpp"
#include "schema/entry_generated.h"
#include "schema/fixed_bytes.hpp"

namespace ppn::events {

struct Expiry {
  std::int64_t utc_ns = 0;
  std::uint64_t boot = 0;
  std::uint64_t since_boot_ns = 0;

  bool operator==(const Expiry&) const = default;
};

struct Grant {
  std::string subject;
  std::string resource;
  schema::Right rights{};
  std::optional<Expiry> expiry;
  std::optional<Id> parent;
  /// Sequence of the entry that granted it.
  std::uint64_t granted_at = 0;

  bool operator==(const Grant&) const = default;
};

/// The grants that were not revoked.
struct Capabilities {
  std::map<Id, Grant> live;
  std::uint64_t revoked = 0;

  bool operator==(const Capabilities&) const = default;
};

/// The stream of one grant: granted in its version 1, revoked in version 2.
std::string capability_stream(const Id& grant);

/// The end of a grant that nothing hangs from.
Draft revocation(const Id& grant, const std::string& reason);

/// What an effect calls upon: a grant, and what it must allow.
struct Need {
  Id grant;
  std::string subject;
  std::string resource;
  schema::Right right{};
};

/// Whether time has not ended the grant. A grant with a boot ends with that
/// boot, or when the clock of that boot passes its time; a clock that nobody
/// synchronised ends none by its date.
bool is_in_time(const Grant& grant, const Moment& now);

/// Whether the grant, and each that it hangs from, is neither revoked nor past
/// its time, and allows what is needed.
bool is_live(const Capabilities& capabilities, const Need& need,
             const Moment& now);

/// What a new grant is to say.
struct GrantWish {
  /// One that never was; see OperatorGate.
  Id grant;
  std::string subject;
  std::string resource;
  schema::Right rights{};
  std::optional<Expiry> expiry;
  std::optional<Id> parent;
};

/// Refused if the parent is not live, may not be granted from, is for another
/// resource, or has fewer rights or less time.
Decision decide_grant(const Capabilities& capabilities, const GrantWish& wish,
                      const Moment& now);

/// Revokes the grant and all that hangs from it, what hangs first.
Decision decide_revoke(const Capabilities& capabilities, const Id& grant,
                       const std::string& reason);

/// Revokes what is past its time, so that no clock that goes back revives it.
Decision decide_expiry(const Capabilities& capabilities, const Moment& now);

Contradiction apply(Capabilities& capabilities, const schema::Entry& entry,
                    const schema::CapabilityGranted& event);
Contradiction apply(Capabilities& capabilities,
                    const schema::CapabilityRevoked& event);

}  // namespace ppn::events
