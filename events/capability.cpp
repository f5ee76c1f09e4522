#include "events/capability.hpp"

namespace ppn::events {

Contradiction apply(Capabilities& capabilities, const schema::Entry& entry,
                    const schema::CapabilityGranted& event) {
  Grant grant;
  if (const auto* parent = event.parent()) {
    grant.parent = Id{*parent};
    if (!capabilities.live.contains(*grant.parent))
      return "the grant hangs from one that is not live";
  }
  grant.subject = event.subject()->str();
  grant.resource = event.resource()->str();
  grant.rights = event.rights();
  if (const auto* expiry = event.expiry())
    grant.expiry =
        Expiry{expiry->utc_ns(), expiry->boot(), expiry->since_boot_ns()};
  grant.granted_at = entry.sequence();
  auto [place, is_new] =
      capabilities.live.try_emplace(Id{*event.grant()}, std::move(grant));
  if (!is_new) return "a grant of this id is live already";
  return {};
}

Contradiction apply(Capabilities& capabilities,
                    const schema::CapabilityRevoked& event) {
  if (capabilities.live.erase(Id{*event.grant()}) == 0)
    return "the grant is not live";
  capabilities.revoked += 1;
  return {};
}

}  // namespace ppn::events
