#include "events/balloon.hpp"

#include <algorithm>
#include <numeric>

#include "events/above.hpp"

namespace ppn::events {

namespace {

/// At most a tenth of its memory at a time.
constexpr std::uint64_t steps_min = 10;
/// In need is who has less than a twentieth left of what it has now; to spare
/// is what is above a fifth of it. Of little that would be too little.
constexpr std::uint64_t need_part = 20;
constexpr std::uint64_t need_mb = 16;
constexpr std::uint64_t cushion_part = 5;
constexpr std::uint64_t cushion_mb = 32;

/// No guest has more available than it has.
std::uint64_t available_in(const BalloonGuest& guest) {
  return std::min(guest.says->available_mb, guest.actual_mb);
}

bool is_in_need(const BalloonGuest& guest) {
  return available_in(guest) < std::max(guest.actual_mb / need_part, need_mb);
}

std::uint64_t spare_in(const BalloonGuest& guest) {
  auto cushion = std::max(guest.actual_mb / cushion_part, cushion_mb);
  return std::min({above(available_in(guest), cushion),
                   above(guest.target_mb, guest.floor_mb),
                   guest.memory_mb / steps_min});
}

/// Why nothing is taken from it; settled if something can be.
BalloonReason obstacle(const BalloonGuest& guest) {
  if (guest.since_need_ns && *guest.since_need_ns < balloon_rest_ns)
    return BalloonReason::rests;
  // What it said before it followed says nothing of now.
  if (!has_followed(guest.actual_mb, guest.target_mb) ||
      !has_followed(guest.says->of_mb, guest.actual_mb))
    return BalloonReason::follows;
  if (above(guest.target_mb, guest.floor_mb) < balloon_dead_band_mb)
    return BalloonReason::at_floor;
  if (spare_in(guest) < balloon_dead_band_mb)
    return BalloonReason::nothing_to_spare;
  return BalloonReason::settled;
}

/// What needs no look at others.
BalloonVerdict first_verdict(const BalloonGuest& guest) {
  BalloonVerdict verdict{guest.vm, guest.target_mb, BalloonReason::settled};
  if (guest.target_mb < guest.floor_mb) {
    verdict = {guest.vm, guest.floor_mb, BalloonReason::below_floor};
  } else if (!guest.says) {
    verdict.reason = BalloonReason::says_nothing;
  } else if (guest.says->age_ns > balloon_stale_ns) {
    verdict.reason = BalloonReason::stale;
  } else if (guest.target_mb < guest.memory_mb && is_in_need(guest)) {
    verdict = {guest.vm, guest.memory_mb, BalloonReason::in_need};
  }
  return verdict;
}

/// From who has most to spare on, until that is enough.
void take(std::uint64_t wanted_mb, const std::vector<BalloonGuest>& guests,
          std::vector<BalloonVerdict>& verdicts) {
  std::vector<std::size_t> order(guests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) {
    if (verdicts[i].reason != BalloonReason::settled) return true;
    verdicts[i].reason = obstacle(guests[i]);
    return verdicts[i].reason != BalloonReason::settled;
  });
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return spare_in(guests[a]) > spare_in(guests[b]);
  });
  for (auto i : order) {
    if (wanted_mb == 0) break;
    auto taken = std::min(spare_in(guests[i]),
                          std::max(wanted_mb, balloon_dead_band_mb));
    verdicts[i].target_mb -= taken;
    verdicts[i].reason = BalloonReason::host_is_short;
    wanted_mb = above(wanted_mb, taken);
  }
}

/// Who can be given something: also who is silent, for that may be why.
bool can_take(const BalloonGuest& guest, const BalloonVerdict& verdict) {
  bool is_free = verdict.reason == BalloonReason::settled ||
                 verdict.reason == BalloonReason::says_nothing ||
                 verdict.reason == BalloonReason::stale;
  return is_free && guest.target_mb < guest.memory_mb;
}

/// To each as much of it as it lacks of all; where that is too little for
/// anybody, to who lacks most.
void give(std::uint64_t room_mb, const std::vector<BalloonGuest>& guests,
          std::vector<BalloonVerdict>& verdicts) {
  auto lacks = [&](std::size_t i) {
    return can_take(guests[i], verdicts[i])
               ? guests[i].memory_mb - guests[i].target_mb
               : 0;
  };
  std::uint64_t lacking_mb = 0;
  std::size_t neediest = 0;
  for (std::size_t i = 0; i < guests.size(); ++i) {
    lacking_mb += lacks(i);
    if (lacks(i) > lacks(neediest)) neediest = i;
  }
  if (lacking_mb == 0) return;
  auto given_mb = std::min(room_mb, lacking_mb);
  auto part_of = [&](std::size_t i) {
    return lacks(i) * given_mb / lacking_mb;
  };
  auto is_worth_it = [&](std::size_t i, std::uint64_t part) {
    return part != 0 && part >= std::min(lacks(i), balloon_dead_band_mb);
  };
  bool is_too_little = !is_worth_it(neediest, part_of(neediest));
  for (std::size_t i = 0; i < guests.size(); ++i) {
    auto part = part_of(i);
    if (is_too_little) part = i == neediest ? std::min(lacks(i), given_mb) : 0;
    if (!is_worth_it(i, part)) continue;
    verdicts[i].target_mb += part;
    verdicts[i].reason = BalloonReason::host_has_room;
  }
}

}  // namespace

bool has_followed(std::uint64_t actual_mb, std::uint64_t target_mb) {
  return above(actual_mb, target_mb) < balloon_dead_band_mb &&
         above(target_mb, actual_mb) < balloon_dead_band_mb;
}

std::string_view name_of(BalloonReason reason) {
  switch (reason) {
    case BalloonReason::settled:
      return "has what it is to have";
    case BalloonReason::below_floor:
      return "gets what its floor is now";
    case BalloonReason::in_need:
      return "runs short, and gets all back";
    case BalloonReason::host_is_short:
      return "has memory to spare, and the host runs short";
    case BalloonReason::host_has_room:
      return "gets back what the host has again";
    case BalloonReason::nothing_to_spare:
      return "has nothing to spare";
    case BalloonReason::at_floor:
      return "is at its floor";
    case BalloonReason::rests:
      return "ran short not long ago";
    case BalloonReason::follows:
      return "has not followed yet";
    case BalloonReason::says_nothing:
      return "never said what it uses";
    case BalloonReason::stale:
      return "does not say any more what it uses";
  }
  return "";
}

BalloonPlan decide_balloons(const BalloonMarks& marks,
                            std::uint64_t available_mb, bool was_short,
                            const std::vector<BalloonGuest>& guests) {
  BalloonPlan plan;
  plan.host_is_short = available_mb <
                       (was_short ? marks.high_mb : marks.low_mb);
  plan.verdicts.reserve(guests.size());
  for (const auto& guest : guests)
    plan.verdicts.push_back(first_verdict(guest));
  if (plan.host_is_short)
    take(above(marks.high_mb, available_mb), guests, plan.verdicts);
  else
    give(above(available_mb, marks.high_mb), guests, plan.verdicts);
  return plan;
}

}  // namespace ppn::events
