// What a node says of itself as a host of guests: what it has for them, and
// which it has. An observation, and in no ledger.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "events/fleet.hpp"
#include "events/placement.hpp"
#include "schema/vm_generated.h"

namespace ppn::events {

struct HostReport {
  /// Of the host, and what of it could still be given to programs.
  std::uint64_t memory_mb = 0;
  std::uint64_t available_mb = 0;
  /// Promised to no guest.
  std::uint64_t guaranteed_mb = 0;
  /// What balloons could take from guests.
  std::uint64_t reclaimable_mb = 0;
  /// Where the disks of guests are.
  std::uint64_t disk_left_mb = 0;
  std::uint32_t vcpus_left = 0;
  std::uint32_t cores = 0;
  /// How busy they are, in thousandths.
  std::uint32_t load_permille = 0;
  std::uint32_t guests = 0;
  /// So many more, however small.
  std::uint32_t guests_left = 0;
  /// The proved one; empty: none.
  std::string accelerator = {};
  /// Marks of images that it keeps, sorted; of many some.
  std::vector<ImageMark> images = {};

  bool operator==(const HostReport&) const = default;
};

/// Without what is not worth telling again: what is left is rounded down.
HostReport coarse(HostReport report);

/// A guest as others see it.
struct GuestSummary {
  std::string name;
  schema::VmOutcome outcome{};
  /// Its monitor answers.
  bool responds = true;
  std::uint32_t memory_mb = 0;
  std::uint16_t vcpus = 0;

  bool operator==(const GuestSummary&) const = default;
};
using GuestSummaries = std::map<Id, GuestSummary>;

/// Some of a node's guests: all whose ids are from the first to the last.
struct GuestPage {
  Id first;
  Id last;
  GuestSummaries guests;

  bool operator==(const GuestPage&) const = default;
};

/// So many marks of images fit a report.
inline constexpr std::size_t images_told_max = 24;

/// Of all that a host says of itself, to tell whether somebody knows it; of the
/// marks of images not: nodes of other versions make the same.
std::uint64_t digest_of(const HostReport& report, const GuestSummaries& guests);

/// What one telling says of a host; nothing: as it was told before.
struct HostTold {
  /// Of all of it; nothing as long as there is more to say, or nothing yet.
  std::optional<std::uint64_t> digest = std::nullopt;
  std::optional<HostReport> report = std::nullopt;
  std::optional<GuestPage> guests = std::nullopt;
};

/// So many guests of one host are kept in mind.
inline constexpr std::size_t guests_known_max = 1024;

/// Puts the page in the place of what was known of its guests. What it says of
/// others counts for nothing.
void take_page(GuestSummaries& known, const GuestPage& page);

/// What is left for more guests. `report` is null if it did not say that yet.
HostRoom room_of(const NodeId& node, const std::string& name,
                 const FleetHost& host, HostStanding standing,
                 const HostReport* report);

}  // namespace ppn::events
