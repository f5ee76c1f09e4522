// Which node gets a guest: the one that is named, or nobody; else, of those
// that are live and not drained and have room for it,
//
//     1. one that is not reserved, rather than one that is
//     2. one with an accelerator, if that is preferred
//     3. who has most memory left
//     4. who is less busy, has fewer guests, has the lesser name
//
// Room is more memory than is asked for by a margin, and as many vCPUs and as
// much of the disk as are. A placement explains itself: for each node there is
// a verdict, with the numbers that led to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/fixed_bytes.hpp"

namespace ppn::events {

/// By when a node was heard last.
enum class HostStanding : std::uint8_t { live, suspect, silent, unheard };

/// As operators see it: live, suspect, silent, unheard.
std::string_view name_of(HostStanding standing);

/// Whose digest an image has, in short: its first four bytes, big-endian. What
/// a host says to have it looks at the whole before it uses it.
using ImageMark = std::uint32_t;
ImageMark mark_of(const Hash& digest);

/// What a node has left for guests, but for what was promised already.
struct HostRoom {
  NodeId node;
  std::string name;
  HostStanding standing = HostStanding::unheard;
  /// It said what it has.
  bool is_known = true;
  /// Takes no new guests.
  bool is_drained = false;
  /// Takes some if nobody else can.
  bool is_reserved = false;
  bool is_accelerated = false;
  std::uint64_t memory_left_mb = 0;
  std::uint32_t vcpus_left = 0;
  std::uint64_t disk_left_mb = 0;
  /// How busy its processors are, in thousandths.
  std::uint32_t load_permille = 0;
  std::uint32_t guests = 0;
  /// So many more, however small.
  std::uint32_t guests_left = 0;
  /// Of its guests, sorted.
  std::vector<std::string> labels = {};
  /// Marks of images that it keeps, sorted.
  std::vector<ImageMark> images = {};
};

struct NeededImage {
  Hash digest;
  std::uint64_t size = 0;
};

struct PlacementRequest {
  /// There or nowhere.
  std::optional<NodeId> node = std::nullopt;
  /// QEMU's own included.
  std::uint64_t memory_mb = 0;
  std::uint32_t vcpus = 1;
  std::uint64_t disk_mb = 0;
  bool prefers_accelerator = false;
  /// Only where a guest has all of these, unless no guest of the fleet has one.
  std::vector<std::string> near = {};
  /// Only where no guest has any of these.
  std::vector<std::string> apart = {};
  std::vector<NeededImage> images = {};
};

/// What a node must have left beside what is asked for.
inline constexpr std::uint64_t placement_margin_mb_usual = 512;

enum class PlacementReason : std::uint8_t {
  chosen,
  /// It would do; the chosen one has more memory left, or is less busy.
  outdone,
  /// It would do, and is kept for when nobody else does.
  reserved,
  /// It would do; the chosen one has an accelerator.
  unaccelerated,
  /// Another one was named.
  not_named,
  suspect,
  silent,
  unheard,
  untold,
  drained,
  guests,
  memory,
  vcpus,
  disk,
  apart,
  not_near
};

/// For programs: "chosen", "outdone", "memory".
std::string_view name_of(PlacementReason reason);

struct PlacementVerdict {
  PlacementReason reason = PlacementReason::not_named;
  /// Of what the reason is about; of memory where it would do.
  std::uint64_t needs = 0;
  std::uint64_t has = 0;
  /// Bytes of images that it would have to fetch.
  std::uint64_t to_fetch = 0;

  bool operator==(const PlacementVerdict&) const = default;
};

/// For a person: "has 900 MB left, and 1536 are needed".
std::string in_words(const PlacementVerdict& verdict);

struct Placement {
  /// The place in the list of who gets it.
  std::optional<std::size_t> chosen;
  /// For each node, in their order.
  std::vector<PlacementVerdict> verdicts;
};

Placement place(const PlacementRequest& request, std::uint64_t margin_mb,
                const std::vector<HostRoom>& rooms);

/// How many such guests that node can take one after the other; labels are not
/// looked at.
std::uint64_t fits(const PlacementRequest& request, std::uint64_t margin_mb,
                   const HostRoom& room);

}  // namespace ppn::events
