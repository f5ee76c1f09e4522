#include "events/placement.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "events/megabytes.hpp"

namespace ppn::events {

namespace {

bool has_image(const HostRoom& room, const Hash& digest) {
  return std::binary_search(room.images.begin(), room.images.end(),
                            mark_of(digest));
}

std::uint64_t bytes_to_fetch(const PlacementRequest& request,
                             const HostRoom& room) {
  std::uint64_t bytes = 0;
  for (const auto& image : request.images)
    if (!has_image(room, image.digest)) bytes += image.size;
  return bytes;
}

bool has_label(const HostRoom& room, const std::string& label) {
  return std::binary_search(room.labels.begin(), room.labels.end(), label);
}

/// Those that a guest of the fleet has: to be near nobody is no wish.
std::vector<std::string> labels_to_be_near(const PlacementRequest& request,
                                           const std::vector<HostRoom>& rooms) {
  std::vector<std::string> labels;
  for (const auto& label : request.near)
    if (std::any_of(rooms.begin(), rooms.end(),
                    [&](const auto& room) { return has_label(room, label); }))
      labels.push_back(label);
  return labels;
}

PlacementReason reason_of(HostStanding standing) {
  if (standing == HostStanding::suspect) return PlacementReason::suspect;
  if (standing == HostStanding::silent) return PlacementReason::silent;
  return PlacementReason::unheard;
}

/// A request, and what of it is the same for all nodes.
struct Needs {
  const PlacementRequest& request;
  std::uint64_t memory_mb;
  std::vector<std::string> near;
};

/// Why it can not be there; `chosen` if it can.
PlacementVerdict judge(const Needs& needs, const HostRoom& room) {
  using enum PlacementReason;
  const auto& request = needs.request;
  if (request.node && *request.node != room.node) return {not_named};
  if (room.standing != HostStanding::live) return {reason_of(room.standing)};
  if (!room.is_known) return {untold};
  if (room.is_drained) return {drained};
  if (room.guests_left == 0) return {guests, 1, 0};
  if (room.memory_left_mb < needs.memory_mb)
    return {memory, needs.memory_mb, room.memory_left_mb};
  if (room.vcpus_left < request.vcpus)
    return {vcpus, request.vcpus, room.vcpus_left};
  auto to_fetch = bytes_to_fetch(request, room);
  auto disk_mb = request.disk_mb + in_whole_mb(to_fetch);
  if (room.disk_left_mb < disk_mb)
    return {disk, disk_mb, room.disk_left_mb, to_fetch};
  auto is_there = [&](const auto& label) { return has_label(room, label); };
  if (std::any_of(request.apart.begin(), request.apart.end(), is_there))
    return {apart};
  if (!std::all_of(needs.near.begin(), needs.near.end(), is_there))
    return {not_near};
  return {chosen, needs.memory_mb, room.memory_left_mb, to_fetch};
}

bool is_unaccelerated(const PlacementRequest& request, const HostRoom& room) {
  return request.prefers_accelerator && !room.is_accelerated;
}

bool is_better(const PlacementRequest& request, const HostRoom& one,
               const HostRoom& other) {
  auto what_is_bad = [&](const HostRoom& room) {
    return std::pair{room.is_reserved, is_unaccelerated(request, room)};
  };
  if (what_is_bad(one) != what_is_bad(other))
    return what_is_bad(one) < what_is_bad(other);
  if (one.memory_left_mb != other.memory_left_mb)
    return one.memory_left_mb > other.memory_left_mb;
  return std::tie(one.load_permille, one.guests, one.name, one.node) <
         std::tie(other.load_permille, other.guests, other.name, other.node);
}

PlacementReason why_not(const PlacementRequest& request, const HostRoom& room,
                        const HostRoom& chosen) {
  if (room.is_reserved && !chosen.is_reserved) return PlacementReason::reserved;
  if (is_unaccelerated(request, room) && chosen.is_accelerated)
    return PlacementReason::unaccelerated;
  return PlacementReason::outdone;
}

std::string lacks(const PlacementVerdict& verdict, const char* what) {
  return "has " + std::to_string(verdict.has) + what + " left, and " +
         std::to_string(verdict.needs) + " are needed";
}

}  // namespace

ImageMark mark_of(const Hash& digest) {
  ImageMark mark = 0;
  for (std::size_t i = 0; i < sizeof mark; ++i)
    mark = mark << 8U | digest.bytes[i];
  return mark;
}

std::string_view name_of(HostStanding standing) {
  constexpr std::array<std::string_view, 4> names{"live", "suspect", "silent",
                                                  "unheard"};
  return names.at(static_cast<std::size_t>(standing));
}

std::string_view name_of(PlacementReason reason) {
  constexpr std::array<std::string_view, 16> names{
      "chosen", "outdone", "reserved", "unaccelerated", "not_named", "suspect",
      "silent", "unheard", "untold",   "drained",       "guests",    "memory",
      "vcpus",  "disk",    "apart",    "not_near"};
  return names.at(static_cast<std::size_t>(reason));
}

std::string in_words(const PlacementVerdict& verdict) {
  using enum PlacementReason;
  auto left = std::to_string(verdict.has) + " MB of memory left";
  switch (verdict.reason) {
    case chosen:
      return "chosen: has " + left;
    case outdone:
      return "has " + left + "; another one suits better";
    case reserved:
      return "has " + left + "; it is kept for when nobody else does";
    case unaccelerated:
      return "has " + left + "; it has no accelerator";
    case not_named:
      return "another one was named";
    case suspect:
      return "was not heard lately";
    case silent:
      return "is silent";
    case unheard:
      return "was not heard yet";
    case untold:
      return "did not say yet what it has";
    case drained:
      return "is drained";
    case guests:
      return "has as many guests as it may";
    case memory:
      return lacks(verdict, " MB of memory");
    case vcpus:
      return lacks(verdict, " vCPUs");
    case disk:
      return lacks(verdict, " MB of disk");
    case apart:
      return "has a guest that it is to be apart from";
    case not_near:
      return "has no guest that it is to be near to";
  }
  return {};
}

Placement place(const PlacementRequest& request, std::uint64_t margin_mb,
                const std::vector<HostRoom>& rooms) {
  Needs needs{request, request.memory_mb + margin_mb,
              labels_to_be_near(request, rooms)};
  Placement placement;
  placement.verdicts.reserve(rooms.size());
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const auto& verdict =
        placement.verdicts.emplace_back(judge(needs, rooms[i]));
    if (verdict.reason != PlacementReason::chosen) continue;
    auto& best = placement.chosen;
    if (!best || is_better(request, rooms[i], rooms[*best])) best = i;
  }
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    auto& reason = placement.verdicts[i].reason;
    if (reason == PlacementReason::chosen && i != *placement.chosen)
      reason = why_not(request, rooms[i], rooms[*placement.chosen]);
  }
  return placement;
}

std::uint64_t fits(const PlacementRequest& request, std::uint64_t margin_mb,
                   const HostRoom& room) {
  auto alone = request;
  alone.near.clear();
  alone.apart.clear();
  auto first = judge({alone, alone.memory_mb + margin_mb, {}}, room);
  if (first.reason != PlacementReason::chosen) return 0;
  std::uint64_t count = room.guests_left;
  if (request.vcpus != 0)
    count = std::min<std::uint64_t>(count, room.vcpus_left / request.vcpus);
  if (request.memory_mb != 0)
    count =
        std::min(count, (room.memory_left_mb - margin_mb) / request.memory_mb);
  // Images are fetched once.
  if (request.disk_mb != 0)
    count = std::min(count, (room.disk_left_mb - in_whole_mb(first.to_fetch)) /
                                request.disk_mb);
  return count;
}

}  // namespace ppn::events
