// Which node gets a guest, and what the others are told.
#include "events/placement.hpp"

#include <algorithm>
#include <set>

#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::HostRoom;
using events::HostStanding;
using events::Placement;
using events::PlacementReason;
using events::PlacementRequest;
using events::PlacementVerdict;

namespace {

constexpr std::uint64_t margin_mb = events::placement_margin_mb_usual;

Hash image(std::uint8_t which) {
  Hash digest;
  digest.bytes.front() = which;
  return digest;
}

NodeId node(std::uint8_t which) {
  NodeId id;
  id.bytes.front() = which;
  return id;
}

HostRoom room(const std::string& name, std::uint64_t memory_left_mb) {
  HostRoom room;
  room.node = node(static_cast<std::uint8_t>(name.front()));
  room.name = name;
  room.standing = HostStanding::live;
  room.memory_left_mb = memory_left_mb;
  room.vcpus_left = 8;
  room.disk_left_mb = 100'000;
  room.guests_left = 100;
  return room;
}

PlacementRequest guest(std::uint64_t memory_mb) {
  PlacementRequest request;
  request.memory_mb = memory_mb;
  return request;
}

Placement place(const PlacementRequest& request,
                const std::vector<HostRoom>& rooms) {
  return events::place(request, margin_mb, rooms);
}

std::string chosen(const PlacementRequest& request,
                   const std::vector<HostRoom>& rooms) {
  auto placement = place(request, rooms);
  return placement.chosen ? rooms[*placement.chosen].name : "nobody";
}

std::string reason(const PlacementRequest& request,
                   const std::vector<HostRoom>& rooms, std::size_t which) {
  return std::string{
      events::name_of(place(request, rooms).verdicts.at(which).reason)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(placement)

// -- who has room -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_needs_the_memory_and_a_margin_to_the_megabyte) {
  BOOST_TEST(chosen(guest(512), {room("a", 1024)}) == "a");
  BOOST_TEST(chosen(guest(513), {room("a", 1024)}) == "nobody");
  auto verdict = place(guest(513), {room("a", 1024)}).verdicts.front();
  BOOST_TEST(events::in_words(verdict) ==
             "has 1024 MB of memory left, and 1025 are needed");
}

BOOST_AUTO_TEST_CASE(a_node_needs_as_many_vcpus) {
  auto request = guest(1);
  request.vcpus = 8;
  BOOST_TEST(chosen(request, {room("a", 1024)}) == "a");
  request.vcpus = 9;
  BOOST_TEST(reason(request, {room("a", 1024)}, 0) == "vcpus");
}

BOOST_AUTO_TEST_CASE(a_node_needs_room_on_its_disk_also_for_what_it_fetches) {
  auto request = guest(1);
  request.disk_mb = 100'000;
  BOOST_TEST(chosen(request, {room("a", 1024)}) == "a");
  request.images = {{image(1), 1}};
  BOOST_TEST(reason(request, {room("a", 1024)}, 0) == "disk");
  auto has_it = room("a", 1024);
  has_it.images = {events::mark_of(image(1))};
  BOOST_TEST(chosen(request, {has_it}) == "a");
}

BOOST_AUTO_TEST_CASE(each_is_told_what_it_would_have_to_fetch) {
  auto request = guest(1);
  request.images = {{image(1), 1'000}, {image(2), 20}};
  auto has_one = room("a", 1024);
  has_one.images = {events::mark_of(image(1)), events::mark_of(image(3))};
  auto placement = place(request, {has_one, room("b", 1024)});
  BOOST_TEST(placement.verdicts[0].to_fetch == 20U);
  BOOST_TEST(placement.verdicts[1].to_fetch == 1'020U);
}

BOOST_AUTO_TEST_CASE(only_who_was_heard_lately_gets_guests) {
  for (auto standing :
       {HostStanding::suspect, HostStanding::silent, HostStanding::unheard}) {
    auto quiet = room("a", 9000);
    quiet.standing = standing;
    BOOST_TEST(chosen(guest(1), {quiet, room("b", 1024)}) == "b");
    BOOST_TEST(reason(guest(1), {quiet}, 0) == events::name_of(standing));
  }
}

BOOST_AUTO_TEST_CASE(a_drained_node_gets_none) {
  auto drained = room("a", 9000);
  drained.is_drained = true;
  BOOST_TEST(chosen(guest(1), {drained, room("b", 1024)}) == "b");
  auto request = guest(1);
  request.node = drained.node;
  BOOST_TEST(reason(request, {drained}, 0) == "drained");
}

BOOST_AUTO_TEST_CASE(a_node_with_as_many_guests_as_it_may_gets_none) {
  auto full = room("a", 9000);
  full.guests_left = 0;
  BOOST_TEST(chosen(guest(1), {full, room("b", 1024)}) == "b");
  BOOST_TEST(reason(guest(1), {full}, 0) == "guests");
}

// -- who is best --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(who_has_most_memory_left_gets_it) {
  BOOST_TEST(chosen(guest(1), {room("a", 2000), room("b", 3000),
                               room("c", 1000)}) == "b");
}

BOOST_AUTO_TEST_CASE(an_accelerator_counts_only_where_it_is_preferred) {
  auto fast = room("a", 2000);
  fast.is_accelerated = true;
  auto request = guest(1);
  BOOST_TEST(chosen(request, {fast, room("b", 3000)}) == "b");
  request.prefers_accelerator = true;
  BOOST_TEST(chosen(request, {fast, room("b", 3000)}) == "a");
  BOOST_TEST(reason(request, {fast, room("b", 3000)}, 1) == "unaccelerated");
}

BOOST_AUTO_TEST_CASE(without_room_on_one_the_preferred_accelerator_is_let_go) {
  auto fast = room("a", 100);
  fast.is_accelerated = true;
  auto request = guest(1);
  request.prefers_accelerator = true;
  BOOST_TEST(chosen(request, {fast, room("b", 3000)}) == "b");
}

BOOST_AUTO_TEST_CASE(a_reserved_node_gets_it_if_nobody_else_can) {
  auto reserved = room("a", 9000);
  reserved.is_reserved = true;
  BOOST_TEST(chosen(guest(1), {reserved, room("b", 1000)}) == "b");
  BOOST_TEST(reason(guest(1), {reserved, room("b", 1000)}, 0) == "reserved");
  BOOST_TEST(chosen(guest(1000), {reserved, room("b", 1000)}) == "a");
}

BOOST_AUTO_TEST_CASE(a_slow_node_comes_before_a_reserved_fast_one) {
  auto reserved = room("a", 9000);
  reserved.is_reserved = reserved.is_accelerated = true;
  auto request = guest(1);
  request.prefers_accelerator = true;
  BOOST_TEST(chosen(request, {reserved, room("b", 1000)}) == "b");
}

BOOST_AUTO_TEST_CASE(equal_memory_goes_by_load_then_guests_then_name) {
  auto one = room("b", 2000);
  auto other = room("a", 2000);
  BOOST_TEST(chosen(guest(1), {one, other}) == "a");
  other.guests = 1;
  BOOST_TEST(chosen(guest(1), {one, other}) == "b");
  one.load_permille = 1;
  BOOST_TEST(chosen(guest(1), {one, other}) == "a");
}

BOOST_AUTO_TEST_CASE(a_named_node_gets_it_or_nobody) {
  auto request = guest(1);
  auto named = room("a", 2000);
  named.is_reserved = true;
  request.node = named.node;
  BOOST_TEST(chosen(request, {named, room("b", 3000)}) == "a");
  BOOST_TEST(reason(request, {named, room("b", 3000)}, 1) == "not_named");
  named.memory_left_mb = 512;
  BOOST_TEST(chosen(request, {named, room("b", 3000)}) == "nobody");
}

// -- labels -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_apart_from_those_of_a_label) {
  auto request = guest(1);
  request.apart = {"web"};
  auto web = room("a", 3000);
  web.labels = {"db", "web"};
  BOOST_TEST(chosen(request, {web, room("b", 2000)}) == "b");
  BOOST_TEST(reason(request, {web, room("b", 2000)}, 0) == "apart");
  BOOST_TEST(chosen(request, {web}) == "nobody");
}

BOOST_AUTO_TEST_CASE(a_guest_is_near_those_of_a_label_once_there_are_some) {
  auto request = guest(1);
  request.near = {"db"};
  auto db = room("a", 1000);
  BOOST_TEST(chosen(request, {db, room("b", 2000)}) == "b");
  db.labels = {"db"};
  BOOST_TEST(chosen(request, {db, room("b", 2000)}) == "a");
  BOOST_TEST(reason(request, {db, room("b", 2000)}, 1) == "not_near");
}

// -- how many fit -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_fits_is_as_many_as_are_placed_one_after_the_other) {
  auto seed = seed_or(1);
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    Random random{seed};
    for (int round = 0; round < 300; ++round) {
      auto host = room("a", random.below(20'000));
      host.vcpus_left = static_cast<std::uint32_t>(random.below(100));
      host.guests_left = static_cast<std::uint32_t>(random.below(40));
      host.disk_left_mb = random.below(50'000);
      auto request = guest(1 + random.below(1500));
      request.vcpus = 1 + static_cast<std::uint32_t>(random.below(4));
      request.disk_mb = random.below(3000);
      request.images = {{image(1), random.below(3'000'000'000)}};
      auto expected = events::fits(request, margin_mb, host);
      std::uint64_t placed = 0;
      for (auto left = host;; ++placed) {
        auto placement = place(request, {left});
        if (!placement.chosen) break;
        auto fetched = placement.verdicts.front().to_fetch;
        left.memory_left_mb -= request.memory_mb;
        left.vcpus_left -= request.vcpus;
        left.guests_left -= 1;
        left.disk_left_mb -= request.disk_mb + (fetched + 1048575) / 1048576;
        left.images = {events::mark_of(image(1))};
      }
      BOOST_TEST(placed == expected);
    }
  }
}

// -- many fleets --------------------------------------------------------------

namespace {

/// Small numbers, so that ties and boundaries are frequent.
HostRoom random_room(Random& random, std::uint8_t number) {
  HostRoom host;
  host.node = node(number);
  host.name = std::string(1, static_cast<char>('a' + random.below(4))) +
              std::to_string(number);
  host.standing = random.below(5) == 0
                      ? static_cast<HostStanding>(random.below(4))
                      : HostStanding::live;
  host.is_known = random.below(8) != 0;
  host.is_drained = random.below(6) == 0;
  host.is_reserved = random.below(4) == 0;
  host.is_accelerated = random.below(2) == 0;
  host.memory_left_mb = margin_mb + random.below(6);
  host.vcpus_left = static_cast<std::uint32_t>(random.below(4));
  host.disk_left_mb = random.below(5);
  host.load_permille = static_cast<std::uint32_t>(random.below(2));
  host.guests = static_cast<std::uint32_t>(random.below(2));
  host.guests_left = static_cast<std::uint32_t>(random.below(6));
  for (const char* label : {"x", "y"})
    if (random.below(4) == 0) host.labels.emplace_back(label);
  if (random.below(2) == 0) host.images.push_back(events::mark_of(image(1)));
  return host;
}

PlacementRequest random_request(Random& random) {
  auto request = guest(1 + random.below(4));
  request.vcpus = 1 + static_cast<std::uint32_t>(random.below(2));
  request.disk_mb = random.below(3);
  request.prefers_accelerator = random.below(2) == 0;
  if (random.below(5) == 0)
    request.node = node(static_cast<std::uint8_t>(random.below(8)));
  if (random.below(4) == 0) request.apart = {"x"};
  if (random.below(4) == 0) request.near = {"y"};
  if (random.below(2) == 0) request.images = {{image(1), 1}};
  return request;
}

bool has(const HostRoom& host, const std::string& label) {
  return std::find(host.labels.begin(), host.labels.end(), label) !=
         host.labels.end();
}

bool may_have(const PlacementRequest& request, const HostRoom& host,
              const std::vector<HostRoom>& fleet) {
  auto is_known = [&](const std::string& label) {
    return std::any_of(fleet.begin(), fleet.end(),
                       [&](const auto& one) { return has(one, label); });
  };
  bool is_near = std::all_of(
      request.near.begin(), request.near.end(),
      [&](const auto& label) { return has(host, label) || !is_known(label); });
  bool is_apart =
      std::none_of(request.apart.begin(), request.apart.end(),
                   [&](const auto& label) { return has(host, label); });
  std::uint64_t fetched_mb = 0;
  for (const auto& needed : request.images)
    if (std::find(host.images.begin(), host.images.end(),
                  events::mark_of(needed.digest)) == host.images.end())
      fetched_mb += 1;
  return host.standing == HostStanding::live && host.is_known &&
         !host.is_drained &&
         host.memory_left_mb >= request.memory_mb + margin_mb &&
         host.vcpus_left >= request.vcpus && host.guests_left != 0 &&
         host.disk_left_mb >= request.disk_mb + fetched_mb && is_near &&
         is_apart && (!request.node || *request.node == host.node);
}

/// By the passes, one after the other, each by sorting who is left.
std::optional<std::size_t> by_brute_force(const PlacementRequest& request,
                                          const std::vector<HostRoom>& fleet) {
  for (bool reserved : {false, true})
    for (bool accelerated : {true, false}) {
      if (accelerated && !request.prefers_accelerator) continue;
      std::vector<std::size_t> left;
      for (std::size_t i = 0; i < fleet.size(); ++i)
        if (may_have(request, fleet[i], fleet) &&
            fleet[i].is_reserved == reserved &&
            (!accelerated || fleet[i].is_accelerated))
          left.push_back(i);
      if (left.empty()) continue;
      std::sort(left.begin(), left.end(), [&](auto one, auto other) {
        const auto& a = fleet[one];
        const auto& b = fleet[other];
        if (a.memory_left_mb != b.memory_left_mb)
          return a.memory_left_mb > b.memory_left_mb;
        if (a.load_permille != b.load_permille)
          return a.load_permille < b.load_permille;
        if (a.guests != b.guests) return a.guests < b.guests;
        return a.name < b.name;
      });
      return left.front();
    }
  return std::nullopt;
}

/// What a verdict says is so.
bool is_true(const PlacementVerdict& verdict, const PlacementRequest& request,
             const HostRoom& host, const HostRoom* best) {
  using enum PlacementReason;
  switch (verdict.reason) {
    case chosen:
      return best == &host;
    case outdone:
      return best != nullptr && best != &host &&
             best->is_reserved == host.is_reserved &&
             best->memory_left_mb >= host.memory_left_mb;
    case reserved:
      return host.is_reserved && !best->is_reserved;
    case unaccelerated:
      return request.prefers_accelerator && best->is_accelerated &&
             !host.is_accelerated;
    case not_named:
      return *request.node != host.node;
    case suspect:
      return host.standing == HostStanding::suspect;
    case silent:
      return host.standing == HostStanding::silent;
    case unheard:
      return host.standing == HostStanding::unheard;
    case untold:
      return !host.is_known;
    case drained:
      return host.is_drained;
    case guests:
      return host.guests_left == 0;
    case memory:
      return verdict.has == host.memory_left_mb && verdict.has < verdict.needs;
    case vcpus:
      return verdict.has == host.vcpus_left && verdict.has < verdict.needs;
    case disk:
      return verdict.has == host.disk_left_mb && verdict.has < verdict.needs;
    case apart:
      return has(host, request.apart.front());
    case not_near:
      return !has(host, request.near.front());
  }
  return false;
}

bool would_do(PlacementReason reason) {
  return reason <= PlacementReason::unaccelerated;
}

}  // namespace

BOOST_AUTO_TEST_CASE(random_fleets_agree_with_brute_force_and_explain_it) {
  auto seed = seed_or(7);
  std::set<PlacementReason> seen;
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    Random random{seed};
    for (int round = 0; round < 20'000; ++round) {
      std::vector<HostRoom> fleet;
      for (std::uint8_t i = 0; i < random.below(9); ++i)
        fleet.push_back(random_room(random, i));
      auto request = random_request(random);
      auto placement = place(request, fleet);
      BOOST_REQUIRE(placement.chosen == by_brute_force(request, fleet));
      BOOST_REQUIRE(placement.verdicts.size() == fleet.size());
      const auto* best = placement.chosen ? &fleet[*placement.chosen] : nullptr;
      for (std::size_t i = 0; i < fleet.size(); ++i) {
        const auto& verdict = placement.verdicts[i];
        seen.insert(verdict.reason);
        BOOST_REQUIRE(is_true(verdict, request, fleet[i], best));
        BOOST_REQUIRE(would_do(verdict.reason) ==
                      may_have(request, fleet[i], fleet));
      }
    }
  }
  BOOST_TEST(seen.size() == 16U);
}

BOOST_AUTO_TEST_CASE(each_reason_has_a_name_and_words) {
  std::set<std::string> all;
  for (auto i = 0; i <= static_cast<int>(PlacementReason::not_near); ++i) {
    auto reason = static_cast<PlacementReason>(i);
    all.insert(std::string{events::name_of(reason)});
    BOOST_TEST(!events::name_of(reason).empty());
    BOOST_TEST(!events::in_words({reason}).empty());
  }
  BOOST_TEST(all.size() == 16U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
