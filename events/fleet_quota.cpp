#include "events/fleet_quota.hpp"

#include <tuple>
#include <utility>

#include "events/above.hpp"
#include "events/fleet.hpp"
#include "events/mesh.hpp"

namespace ppn::events {

namespace {

using Flaw = std::optional<std::string>;

static_assert(label_length_max == name_max, "labels are named like members");

struct OwnerUse {
  std::uint64_t guests = 0;
  std::uint64_t memory_mb = 0;
  std::uint64_t vcpus = 0;
};

/// The guests of an owner with the most that each may need once what is asked
/// of it is done.
std::map<Id, GuestNeeds> needs_of_owner(const Fleet& fleet,
                                        const std::string& owner) {
  std::map<Id, GuestNeeds> all;
  for (const auto& [vm, guest] : fleet.guests)
    if (guest.owner == owner) all.emplace(vm, guest.needs);
  for (const auto& [id, request] : fleet.requests) {
    auto needs = all.find(request.vm);
    bool is_of_it = needs != all.end() &&
                    find_guest(fleet, request.vm, request.node) != nullptr;
    if (is_of_it && is_open(request))
      needs->second = raised(needs->second, request.vcpus, request.memory_mb);
  }
  return all;
}

OwnerUse sum_of(const std::map<Id, GuestNeeds>& all) {
  OwnerUse use;
  for (const auto& [vm, needs] : all) {
    use.guests += 1;
    use.memory_mb += needs.memory_mb;
    use.vcpus += needs.vcpus;
  }
  return use;
}

/// Who asks for nothing more of it is not over it.
template <class Amount>
Flaw over_quota(const std::string& owner, const std::optional<Amount>& allowed,
                std::uint64_t used, std::uint64_t asked, const char* what) {
  if (!allowed || asked == 0 || used + asked <= *allowed) return {};
  return "the quota of " + owner + " allows " + std::to_string(*allowed) +
         what + ": " + std::to_string(used) + " used, " +
         std::to_string(asked) + " asked for";
}

Flaw over_quota(const std::string& owner, const Quota& quota,
                const OwnerUse& used, const OwnerUse& asked) {
  if (auto flaw =
          over_quota(owner, quota.guests, used.guests, asked.guests, " guests"))
    return flaw;
  if (auto flaw = over_quota(owner, quota.memory_mb, used.memory_mb,
                             asked.memory_mb,
                             " MB of memory (QEMU's own included)"))
    return flaw;
  return over_quota(owner, quota.vcpus, used.vcpus, asked.vcpus, " vCPUs");
}

/// Whenever either was decided.
bool allows_the_same(const Quota& one, const Quota& other) {
  return std::tie(one.guests, one.memory_mb, one.vcpus) ==
         std::tie(other.guests, other.memory_mb, other.vcpus);
}

}  // namespace

bool is_label(std::string_view text) { return is_member_name(text); }

Flaw over_quota(const Fleet& fleet, const std::string& owner,
                const GuestNeeds& added) {
  auto quota = fleet.quotas.find(owner);
  if (quota == fleet.quotas.end()) return {};
  return over_quota(owner, quota->second, sum_of(needs_of_owner(fleet, owner)),
                    {1, added.memory_mb, added.vcpus});
}

Flaw over_quota(const Fleet& fleet, const Id& vm, const FleetGuest& guest,
                std::uint32_t vcpus, std::uint64_t own_mb) {
  auto quota = fleet.quotas.find(guest.owner);
  if (quota == fleet.quotas.end()) return {};
  auto all = needs_of_owner(fleet, guest.owner);
  const auto& before = all.at(vm);
  auto after = raised(before, vcpus, own_mb);
  return over_quota(guest.owner, quota->second, sum_of(all),
                    {0, above(after.memory_mb, before.memory_mb),
                     above(after.vcpus, before.vcpus)});
}

Decision decide_quota(const Fleet& fleet, const SetQuota& wish) {
  const auto& owner = wish.owner;
  if (!is_label(owner))
    return Refusal{std::string{"the name of an owner"} + label_rule};
  auto found = fleet.quotas.find(owner);
  bool is_new = found == fleet.quotas.end();
  if (is_new && !wish.quota) return Refusal{owner + " has no quota"};
  if (is_new && fleet.quotas.size() >= quotas_max)
    return Refusal{"there are " + std::to_string(quotas_max) +
                   " quotas already: take one away first"};
  if (!is_new && wish.quota && allows_the_same(*wish.quota, found->second))
    return Refusal{"the quota of " + owner + " is so already"};
  schema::QuotaSetT set;
  set.owner = owner;
  set.none = !wish.quota;
  auto quota = wish.quota.value_or(Quota{});
  set.guests = quota.guests;
  set.memory_mb = quota.memory_mb;
  set.vcpus = quota.vcpus;
  Draft draft{fleet_stream, {}};
  draft.payload.Set(std::move(set));
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  return drafts;
}

Contradiction apply(Fleet& fleet, const schema::QuotaSet& event) {
  auto owner = event.owner()->str();
  if (!is_label(owner)) return "the name of the owner is none";
  if (!event.none()) {
    fleet.quotas[owner] = {event.guests(), event.memory_mb(), event.vcpus(),
                           true};
    return {};
  }
  if (fleet.quotas.erase(owner) == 0) return "there is no such quota";
  return {};
}

}  // namespace ppn::events
