#include "events/capability.hpp"

#include <algorithm>

namespace ppn::events {

namespace {

bool includes(schema::Right rights, schema::Right wanted) {
  return (rights & wanted) == wanted;
}

/// Whether `expiry` ends no later than `limit` does.
bool ends_within(const std::optional<Expiry>& expiry,
                 const std::optional<Expiry>& limit) {
  if (!limit) return true;
  if (!expiry) return false;
  bool in_boot = limit->boot == 0 ||
                 (expiry->boot == limit->boot &&
                  expiry->since_boot_ns <= limit->since_boot_ns);
  bool in_date = limit->utc_ns == 0 ||
                 (expiry->utc_ns != 0 && expiry->utc_ns <= limit->utc_ns);
  return in_boot && in_date;
}

/// Adds `grant` behind all that hangs from it, each of them once.
void revoke_tree(const Capabilities& capabilities, const Id& grant,
                 const std::string& reason, std::vector<Draft>& drafts,
                 std::vector<Id>& done) {
  if (std::find(done.begin(), done.end(), grant) != done.end()) return;
  done.push_back(grant);
  for (const auto& [id, other] : capabilities.live)
    if (other.parent == grant)
      revoke_tree(capabilities, id, reason, drafts, done);
  drafts.push_back(revocation(grant, reason));
}

/// A resource covers itself and what is below it: vm covers vm/guest-1.
bool covers(const std::string& resource, const std::string& other) {
  return other == resource || other.starts_with(resource + '/');
}

std::optional<Refusal> check_parent(const Capabilities& capabilities,
                                    const GrantWish& wish, const Moment& now) {
  auto parent = capabilities.live.find(*wish.parent);
  if (parent == capabilities.live.end())
    return Refusal{"the grant that it would hang from is not live"};
  Need need{*wish.parent, parent->second.subject, parent->second.resource,
            schema::Right::grant};
  if (!is_live(capabilities, need, now))
    return Refusal{
        "nothing may be granted from the grant that it would hang "
        "from, or its time is over"};
  if (!covers(parent->second.resource, wish.resource))
    return Refusal{"the grant that it would hang from is for " +
                   parent->second.resource};
  if (!includes(parent->second.rights, wish.rights))
    return Refusal{"it would allow more than the grant that it hangs from"};
  if (!ends_within(wish.expiry, parent->second.expiry))
    return Refusal{"it would outlast the grant that it hangs from"};
  return std::nullopt;
}

}  // namespace

std::string capability_stream(const Id& grant) {
  return "capability/" + grant.hex();
}

Draft revocation(const Id& grant, const std::string& reason) {
  schema::CapabilityRevokedT revoked;
  revoked.grant = std::make_unique<schema::Id>(grant.stored());
  revoked.reason = reason;
  Draft draft{capability_stream(grant), {}, 1};
  draft.payload.Set(std::move(revoked));
  return draft;
}

bool is_in_time(const Grant& grant, const Moment& now) {
  if (!grant.expiry) return true;
  const auto& end = *grant.expiry;
  bool boot_over = end.boot != 0 && (now.boot != end.boot ||
                                     now.since_boot_ns >= end.since_boot_ns);
  bool date_over = end.utc_ns != 0 && now.synchronised &&
                   now.utc_ns >= end.utc_ns;
  return !boot_over && !date_over;
}

bool is_live(const Capabilities& capabilities, const Need& need,
             const Moment& now) {
  auto grant = capabilities.live.find(need.grant);
  if (grant == capabilities.live.end()) return false;
  const auto& allowed = grant->second;
  if (allowed.subject != need.subject || allowed.resource != need.resource ||
      !includes(allowed.rights, need.right))
    return false;
  while (is_in_time(grant->second, now)) {
    if (!grant->second.parent) return true;
    grant = capabilities.live.find(*grant->second.parent);
    if (grant == capabilities.live.end()) return false;
  }
  return false;
}

Decision decide_grant(const Capabilities& capabilities, const GrantWish& wish,
                      const Moment& now) {
  if (wish.subject.empty() || wish.resource.empty())
    return Refusal{"a grant needs a subject and a resource"};
  if (wish.rights == schema::Right{}) return Refusal{"a grant needs rights"};
  if (capabilities.live.contains(wish.grant))
    return Refusal{"there is a grant of this id"};
  if (wish.parent)
    if (auto refused = check_parent(capabilities, wish, now)) return *refused;
  schema::CapabilityGrantedT granted;
  granted.grant = std::make_unique<schema::Id>(wish.grant.stored());
  granted.subject = wish.subject;
  granted.resource = wish.resource;
  granted.rights = wish.rights;
  if (wish.parent)
    granted.parent = std::make_unique<schema::Id>(wish.parent->stored());
  if (wish.expiry) {
    granted.expiry = std::make_unique<schema::ExpiryT>();
    granted.expiry->utc_ns = wish.expiry->utc_ns;
    granted.expiry->boot = wish.expiry->boot;
    granted.expiry->since_boot_ns = wish.expiry->since_boot_ns;
  }
  std::vector<Draft> drafts(1);
  drafts[0].stream = capability_stream(wish.grant);
  drafts[0].payload.Set(std::move(granted));
  return drafts;
}

Decision decide_revoke(const Capabilities& capabilities, const Id& grant,
                       const std::string& reason) {
  if (!capabilities.live.contains(grant))
    return Refusal{"there is no live grant " + grant.hex()};
  std::vector<Draft> drafts;
  std::vector<Id> done;
  revoke_tree(capabilities, grant, reason, drafts, done);
  return drafts;
}

Decision decide_expiry(const Capabilities& capabilities, const Moment& now) {
  std::vector<Draft> drafts;
  std::vector<Id> done;
  for (const auto& [id, grant] : capabilities.live)
    if (!is_in_time(grant, now))
      revoke_tree(capabilities, id, "its time is over", drafts, done);
  return drafts;
}

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
