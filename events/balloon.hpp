// How much memory each running guest is left with: a host that runs short takes
// back what guests do not use, and gives it back when it can or they must.
//
//     available < low mark     the host is short until it has the high mark:
//                              takes from who has most to spare, in steps
//     available > high mark    gives back what is above that
//     a guest runs short       gets all of its memory at once
//
// Nobody is told less than his floor. From nobody is taken longer than three
// intervals after he was last heard, nor before he followed and spoke again:
// QEMU itself would take a target that freezes the guest.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "schema/fixed_bytes.hpp"

namespace ppn::events {

struct BalloonMarks {
  std::uint64_t low_mb = 512;
  std::uint64_t high_mb = 1024;
};

/// How often guests are asked and targets decided.
inline constexpr std::uint64_t balloon_interval_ns = 5'000'000'000;
inline constexpr std::uint64_t balloon_stale_ns = 3 * balloon_interval_ns;
/// Who was in need is left alone for so long.
inline constexpr std::uint64_t balloon_rest_ns = 60'000'000'000;
/// What is less is not worth a change.
inline constexpr std::uint64_t balloon_dead_band_mb = 8;

/// By what a guest itself says; it may lie.
struct GuestMemory {
  /// What it could still give to its programs.
  std::uint64_t available_mb = 0;
  /// Since it was last heard to say so.
  std::uint64_t age_ns = 0;
  /// What its balloon left it then.
  std::uint64_t of_mb = 0;

  bool operator==(const GuestMemory&) const = default;
};

/// Whether a balloon leaves as much as it was told to, but for what is not
/// worth a change.
bool has_followed(std::uint64_t actual_mb, std::uint64_t target_mb);

struct BalloonGuest {
  Id vm;
  std::uint64_t memory_mb = 0;
  std::uint64_t floor_mb = 0;
  /// What its balloon leaves it, and what that was told last.
  std::uint64_t actual_mb = 0;
  std::uint64_t target_mb = 0;
  /// Nothing if it never spoke.
  std::optional<GuestMemory> says = std::nullopt;
  /// Since it was in need; nothing if it never was.
  std::optional<std::uint64_t> since_need_ns = std::nullopt;
};

enum class BalloonReason : std::uint8_t {
  /// It has what it is to have.
  settled,
  /// It has less than its floor, which was raised.
  below_floor,
  /// It runs short of memory itself.
  in_need,
  /// The host takes, or gives back.
  host_is_short,
  host_has_room,
  /// The host would take, and does not: there is nothing to spare, it is at its
  /// floor, it was in need not long ago, or did not follow yet.
  nothing_to_spare,
  at_floor,
  rests,
  follows,
  /// Nothing is taken: it never said anything, or not lately.
  says_nothing,
  stale,
};

/// In words, of the guest.
std::string_view name_of(BalloonReason reason);

struct BalloonVerdict {
  Id vm;
  std::uint64_t target_mb = 0;
  BalloonReason reason = BalloonReason::settled;

  bool operator==(const BalloonVerdict&) const = default;
};

struct BalloonPlan {
  /// For each guest, in their order.
  std::vector<BalloonVerdict> verdicts;
  /// To be handed to the next decision.
  bool host_is_short = false;
};

/// `available_mb` is what the host could still give to its programs.
BalloonPlan decide_balloons(const BalloonMarks& marks,
                            std::uint64_t available_mb, bool was_short,
                            const std::vector<BalloonGuest>& guests);

}  // namespace ppn::events
