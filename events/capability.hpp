// Capabilities: who may do what to what, each granted and revoked by an entry.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "events/contradiction.hpp"
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

Contradiction apply(Capabilities& capabilities, const schema::Entry& entry,
                    const schema::CapabilityGranted& event);
Contradiction apply(Capabilities& capabilities,
                    const schema::CapabilityRevoked& event);

}  // namespace ppn::events
