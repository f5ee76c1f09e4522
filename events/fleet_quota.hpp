// What the guests of one owner may come to together, wherever they are placed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/guest_needs.hpp"

namespace ppn::events {

struct Fleet;
struct FleetGuest;

/// Of those who own guests, and of those who may.
inline constexpr std::size_t quotas_max = 1024;
inline constexpr std::size_t label_length_max = 63;

/// What a label is, and the name of an owner.
inline constexpr const char* label_rule =
    " is 1 to 63 of a-z, 0-9 and inner hyphens";
bool is_label(std::string_view text);

/// Nothing: as there is.
struct Quota {
  std::optional<std::uint32_t> guests = std::nullopt;
  std::optional<std::uint64_t> memory_mb = std::nullopt;
  std::optional<std::uint32_t> vcpus = std::nullopt;
  /// In this term of the controller.
  bool is_decided = false;

  bool operator==(const Quota&) const = default;
};

struct SetQuota {
  std::string owner;
  /// Nothing: there is none any more.
  std::optional<Quota> quota;
};

/// Why the owner may not have one more guest, that needs so much; nothing if it
/// may. What is asked of the others and is not done yet counts at its most.
std::optional<std::string> over_quota(const Fleet& fleet,
                                      const std::string& owner,
                                      const GuestNeeds& added);
/// The same of a guest of the fleet that gets so many vCPUs and so much memory;
/// 0: as it is.
std::optional<std::string> over_quota(const Fleet& fleet, const Id& vm,
                                      const FleetGuest& guest,
                                      std::uint32_t vcpus,
                                      std::uint64_t own_mb);

Decision decide_quota(const Fleet& fleet, const SetQuota& wish);

Contradiction apply(Fleet& fleet, const schema::QuotaSet& event);

}  // namespace ppn::events
