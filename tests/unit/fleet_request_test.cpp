// What is asked of the fleet: where guests go, what is promised to them, and
// what their owners may have.
#include "events/fleet_request.hpp"

#include <functional>

#include "events/dispatch.hpp"
#include "events/pool.hpp"
#include "tests/unit/fleet_record.hpp"

namespace ppn::tests {

using events::Fleet;
using events::FleetGuest;
using events::GuestOrder;
using events::HostRoom;
using events::HostStanding;
using events::PlaceGuest;
using events::Promised;
using events::Quota;
using schema::GuestVerb;
using schema::RequestOutcome;

namespace {

constexpr std::size_t open_max = events::open_requests_max;
constexpr std::size_t ended_max = events::ended_requests_max;

/// What a host has left once that is taken away which the fleet promised.
events::HostRoom left_of(const events::Fleet& fleet, events::HostRoom room) {
  auto promised = events::promised_in(fleet, {});
  if (auto found = promised.find(room.node); found != promised.end())
    events::take_away(room, found->second);
  return room;
}

bool is_whole(const events::Fleet& fleet) {
  events::State state;
  state.fleet = fleet;
  return events::decode(events::encode(state)) == state;
}
}  // namespace

BOOST_FIXTURE_TEST_SUITE(fleet_request, FleetRecord)

// -- what a guest needs -------------------------------------------------------

BOOST_AUTO_TEST_CASE(labels_are_short_words) {
  for (const auto& label : {std::string{"a"}, std::string{"tier-1"},
                            std::string(events::label_length_max, 'a')})
    BOOST_TEST(events::is_label(label));
  for (const auto& label :
       {std::string{}, std::string{"-a"}, std::string{"a-"}, std::string{"A"},
        std::string{"a b"}, std::string(events::label_length_max + 1, 'a')})
    BOOST_TEST(!events::is_label(label));
}

BOOST_AUTO_TEST_CASE(a_guest_needs_what_qemu_takes_too) {
  auto wish = guest(1);
  auto needs = events::needs_of(wish);
  BOOST_TEST(needs.memory_mb ==
             wish.spec.memory_mb + events::overhead_mb(wish.spec));
  BOOST_TEST(needs.vcpus == 1U);
  BOOST_TEST(needs.disk_mb == 1024U);
}

BOOST_AUTO_TEST_CASE(a_guest_needs_disk_for_what_it_may_write) {
  using schema::DiskFormat;
  auto wish = guest(1);
  wish.spec.disks = {{"root", DiskFormat::qcow2, 10, image_digest(1)},
                     {"copy", DiskFormat::qcow2, 0, image_digest(2)},
                     {"tools", DiskFormat::qcow2, 1000, {}, "", true},
                     {"vault", DiskFormat::raw, 0, {}, "vault-1"}};
  constexpr std::uint64_t three_mb = 3U << 20U;
  wish.images = {image(1, plenty_mb), image(2, three_mb)};
  BOOST_TEST(events::needs_of(wish).disk_mb == 13U);
  wish.images[1].size = three_mb + 1;
  BOOST_TEST(events::needs_of(wish).disk_mb == 14U);
}

BOOST_AUTO_TEST_CASE(a_placement_asks_for_what_was_wished) {
  auto wish = guest(1);
  wish.spec.node = node_of(2);
  wish.spec.vcpus = 3;
  wish.spec.disks[0].base = image_digest(1);
  wish.prefers_accelerator = true;
  wish.near = {"db"};
  wish.apart = {"web"};
  // Nobody fetches what it is not made of.
  wish.images = {image(2, 7), image(1, 5)};
  auto request = events::placement_of(wish);
  BOOST_TEST((request.node == node_of(2)));
  BOOST_TEST(request.memory_mb == events::needs_of(wish).memory_mb);
  BOOST_TEST(request.vcpus == 3U);
  BOOST_TEST(request.disk_mb == 1024U);
  BOOST_TEST(request.prefers_accelerator);
  BOOST_TEST((request.near == wish.near && request.apart == wish.apart));
  BOOST_REQUIRE(request.images.size() == 1U);
  BOOST_TEST(request.images[0].digest == image_digest(1));
  BOOST_TEST(request.images[0].size == 5U);
}

// -- where a guest goes -------------------------------------------------------

BOOST_AUTO_TEST_CASE(who_gets_a_guest_is_recorded_and_why) {
  auto wish = guest(1, "alice");
  wish.spec.disks[0].base = image_digest(1);
  wish.images = {image(1, 5)};
  wish.labels = {"web", "db", "web"};
  wish.start = true;
  BOOST_TEST(place(wish, {room(1, 200), room(2, 5000), room(3, 9000)}) == "");
  auto event = placed();
  BOOST_TEST(NodeId{*event.node} == node_of(3));
  BOOST_TEST(NodeId{*event.spec->node} == node_of(3));
  BOOST_TEST(event.start);
  BOOST_TEST(event.margin_mb == margin_mb);
  BOOST_TEST(event.more_hosts == 0U);
  BOOST_REQUIRE(event.images.size() == 1U);
  BOOST_TEST(event.images[0]->size == 5U);
  BOOST_REQUIRE(event.verdicts.size() == 3U);
  using enum schema::PlacementReason;
  BOOST_TEST((event.verdicts[0]->reason == chosen));
  BOOST_TEST(event.verdicts[0]->has == 9000U);
  BOOST_TEST(event.verdicts[0]->to_fetch == 5U);
  BOOST_TEST((event.verdicts[1]->reason == outdone));
  BOOST_TEST((event.verdicts[2]->reason == memory));
  BOOST_TEST(NodeId{*event.verdicts[2]->node} == node_of(1));
  BOOST_TEST(event.verdicts[2]->needs == small_needs.memory_mb + margin_mb);
  FleetGuest due{node_of(3),    "guest-1",   "alice",
                 {"db", "web"}, small_needs, {image_digest(1)}};
  BOOST_TEST((fleet().guests.at(wish.vm) == due));
  const auto& request = fleet().requests.at(wish.request);
  BOOST_TEST(request.node == node_of(3));
  BOOST_TEST(request.vm == wish.vm);
  BOOST_TEST(request.is_placement);
  BOOST_TEST(events::is_open(request));
}

BOOST_AUTO_TEST_CASE(a_request_keeps_the_place_of_its_entry) {
  place(guest(1));
  place(guest(2));
  BOOST_TEST(fleet().requests.at(request_of(1)).sequence == 0U);
  BOOST_TEST(fleet().requests.at(request_of(2)).sequence == 1U);
}

BOOST_AUTO_TEST_CASE(only_the_best_verdicts_are_recorded) {
  constexpr std::uint32_t hosts = events::verdicts_recorded_max + 6;
  std::vector<HostRoom> rooms;
  for (std::uint32_t i = 0; i < hosts; ++i) rooms.push_back(room(i, 1000 + i));
  BOOST_TEST(place(guest(1), rooms) == "");
  auto event = placed();
  BOOST_REQUIRE(event.verdicts.size() == events::verdicts_recorded_max);
  BOOST_TEST(event.more_hosts == 6U);
  for (std::size_t i = 0; i < event.verdicts.size(); ++i)
    BOOST_TEST(event.verdicts[i]->has == 1000 + hosts - 1 - i);
}

BOOST_AUTO_TEST_CASE(what_can_not_be_is_refused) {
  auto refused = [&](const std::function<void(PlaceGuest&)>& spoil) {
    auto wish = guest(1, "alice");
    spoil(wish);
    return place(wish);
  };
  BOOST_TEST(refused([](auto& wish) { wish.name = "Web"; }) ==
             "the name of a guest is 1 to 63 of a-z, 0-9 and inner hyphens");
  BOOST_TEST(refused([](auto& wish) { wish.owner = "a b"; }) ==
             "the name of an owner is 1 to 63 of a-z, 0-9 and inner hyphens");
  for (auto labels :
       {&PlaceGuest::labels, &PlaceGuest::near, &PlaceGuest::apart}) {
    BOOST_TEST(refused([&](auto& wish) {
                 wish.*labels = {"a", ""};
               }) == "a label is 1 to 63 of a-z, 0-9 and inner hyphens");
    BOOST_TEST(refused([&](auto& wish) {
                 (wish.*labels).assign(events::labels_max + 1, "a");
               }) == "there are more than 16 labels: leave some out");
  }
  BOOST_TEST(refused([](auto& wish) { wish.spec.vcpus = 0; }) ==
             "give the guest 1 to 256 vCPUs");
  auto lacks_image = [](auto& wish) { wish.spec.kernel = image_digest(1); };
  BOOST_TEST(refused(lacks_image) == "there is no image " +
                                         image_digest(1).hex() +
                                         "; ppnctl image add FILE");
  BOOST_TEST(fleet().requests.empty());
}

BOOST_AUTO_TEST_CASE(as_many_labels_as_may_be_are_taken) {
  auto wish = guest(1);
  for (std::size_t i = 0; i < events::labels_max; ++i)
    wish.labels.push_back("label-" + std::to_string(i));
  BOOST_TEST(place(wish) == "");
  BOOST_TEST(fleet().guests.at(wish.vm).labels.size() == events::labels_max);
}

BOOST_AUTO_TEST_CASE(what_is_known_already_is_refused) {
  BOOST_TEST(place(guest(1)) == "");
  auto same_guest = guest(1);
  same_guest.request = request_of(2);
  BOOST_TEST(place(same_guest) == "there is such a guest already");
  auto same_request = guest(2);
  same_request.request = request_of(1);
  BOOST_TEST(place(same_request) == "there is such a request already");
  BOOST_TEST(place(guest(3), {room(1)}, "host-2") ==
             "host-2 has a guest of that name already");
}

BOOST_AUTO_TEST_CASE(if_nobody_can_take_it_all_are_told_the_best_first) {
  auto silent = room(2);
  silent.standing = HostStanding::silent;
  auto needed = std::to_string(small_needs.memory_mb + margin_mb);
  BOOST_TEST(place(guest(1), {silent, room(1, 7), room(3, 8)}) ==
             "no host can take it: host-2 is silent; host-3 has 8 MB of memory "
             "left, and " +
                 needed + " are needed; host-1 has 7 MB of memory left, and " +
                 needed + " are needed");
  BOOST_TEST(place(guest(1), {}) == "no host can take it: there is none");
}

BOOST_AUTO_TEST_CASE(if_nobody_can_take_it_some_are_told) {
  std::vector<HostRoom> rooms;
  for (std::uint32_t i = 0; i < 11; ++i) {
    rooms.push_back(room(i));
    rooms.back().is_drained = true;
  }
  auto told = place(guest(1), rooms);
  BOOST_TEST(mentions(told, "host-7 is drained; and 3 more can not"));
  BOOST_TEST(!mentions(told, "host-8"));
  rooms.resize(8);
  BOOST_TEST(!mentions(place(guest(1), rooms), "more"));
}

BOOST_AUTO_TEST_CASE(of_a_named_host_it_is_told_why_it_can_not) {
  auto wish = guest(1);
  wish.spec.node = node_of(2);
  auto drained = room(2);
  drained.is_drained = true;
  BOOST_TEST(place(wish, {room(1), drained}) ==
             "no host can take it: host-2 is drained");
  BOOST_TEST(place(wish, {room(1)}) ==
             "no host can take it: the one that is named is no member");
}

// -- what is promised ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_is_promised_is_promised_once) {
  auto host = room(1, 2 * small_needs.memory_mb + margin_mb);
  BOOST_TEST(place(guest(1), {left_of(fleet(), host)}) == "");
  BOOST_TEST(place(guest(2), {left_of(fleet(), host)}) == "");
  BOOST_TEST(place(guest(3), {left_of(fleet(), host)}) != "");
  Promised due{2 * small_needs.memory_mb, 2, 2 * small_needs.disk_mb, 2};
  BOOST_TEST((events::promised_in(fleet(), {}).at(node_of(1)) == due));
}

BOOST_AUTO_TEST_CASE(a_megabyte_less_is_too_little) {
  auto host = room(1, 2 * small_needs.memory_mb + margin_mb - 1);
  BOOST_TEST(place(guest(1), {left_of(fleet(), host)}) == "");
  BOOST_TEST(place(guest(2), {left_of(fleet(), host)}) != "");
}

BOOST_AUTO_TEST_CASE(nothing_is_promised_to_guests_that_are_shown) {
  BOOST_TEST(place(guest(1)) == "");
  BOOST_TEST(place(guest(2)) == "");
  auto promised = events::promised_in(fleet(), {numbered(1)});
  BOOST_TEST(promised.at(node_of(1)).guests == 1U);
  BOOST_TEST(events::promised_in(fleet(), {numbered(1), numbered(2)}).empty());
}

BOOST_AUTO_TEST_CASE(what_is_left_is_never_less_than_nothing) {
  HostRoom host = room(1, 10);
  host.vcpus_left = 2;
  host.disk_left_mb = 30;
  host.guests_left = 4;
  host.guests = 5;
  auto left = host;
  events::take_away(left, {9, 1, 29, 3});
  BOOST_TEST(left.memory_left_mb == 1U);
  BOOST_TEST(left.vcpus_left == 1U);
  BOOST_TEST(left.disk_left_mb == 1U);
  BOOST_TEST(left.guests_left == 1U);
  BOOST_TEST(left.guests == 8U);
  constexpr auto all = ~std::uint64_t{0};
  events::take_away(host, {all, all, all, all});
  BOOST_TEST(host.memory_left_mb == 0U);
  BOOST_TEST(host.vcpus_left == 0U);
  BOOST_TEST(host.disk_left_mb == 0U);
  BOOST_TEST(host.guests_left == 0U);
  BOOST_TEST(host.guests == ~std::uint32_t{0});
}

BOOST_AUTO_TEST_CASE(a_host_that_does_not_take_it_has_its_room_again) {
  for (auto outcome : {RequestOutcome::refused, RequestOutcome::dropped}) {
    FleetRecord record;
    BOOST_TEST(record.place(guest(1)) == "");
    BOOST_TEST(record.end(request_of(1), outcome, "no") == 1U);
    BOOST_TEST(record.fleet().guests.empty());
    BOOST_TEST(events::promised_in(record.fleet(), {}).empty());
    const auto& request = record.fleet().requests.at(request_of(1));
    BOOST_TEST((request.outcome == outcome));
    BOOST_TEST(request.reason == "no");
  }
}

BOOST_AUTO_TEST_CASE(a_host_that_took_it_and_does_not_show_it_has_promised_it) {
  settle(guest(1));
  BOOST_TEST(events::promised_in(fleet(), {}).at(node_of(1)).guests == 1U);
}

BOOST_AUTO_TEST_CASE(
    a_placement_that_lapsed_promises_nothing_until_it_is_done) {
  BOOST_TEST(place(guest(1)) == "");
  BOOST_TEST(lapse(request_of(1)) == 1U);
  BOOST_TEST(lapse(request_of(1)) == 0U);
  BOOST_TEST(events::promised_in(fleet(), {}).empty());
  BOOST_TEST(fleet().guests.contains(numbered(1)));
  BOOST_TEST(end(request_of(1), RequestOutcome::done) == 1U);
  BOOST_TEST(lapse(request_of(1)) == 0U);
  BOOST_TEST(events::promised_in(fleet(), {}).at(node_of(1)).guests == 1U);
}

BOOST_AUTO_TEST_CASE(only_a_placement_lapses) {
  BOOST_TEST(give_order(order(5, 1, {GuestVerb::start})) == "");
  BOOST_TEST(lapse(numbered(5)) == 0U);
  BOOST_TEST(lapse(numbered(6)) == 0U);
}

BOOST_AUTO_TEST_CASE(a_room_has_the_labels_of_all_and_the_images_of_the_taken) {
  auto wish = guest(1);
  wish.labels = {"b", "web"};
  wish.spec.kernel = image_digest(2);
  wish.images = {image(2, 5)};
  BOOST_TEST(place(wish) == "");
  BOOST_TEST(place(guest(2), {room(2)}) == "");
  auto host = room(1);
  host.labels = {"a", "web"};
  host.images = {events::mark_of(image_digest(3))};
  events::add_guests_of(fleet(), host);
  BOOST_TEST((host.labels == std::vector<std::string>{"a", "b", "web"}));
  BOOST_TEST((host.images == std::vector{events::mark_of(image_digest(3))}));
  BOOST_TEST(end(wish.request, RequestOutcome::done) == 1U);
  events::add_guests_of(fleet(), host);
  BOOST_TEST((host.images == std::vector{events::mark_of(image_digest(2)),
                                         events::mark_of(image_digest(3))}));
}

// -- quotas -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_owner_has_as_many_guests_as_the_quota_says) {
  BOOST_TEST(set_quota("alice", Quota{2}) == "");
  BOOST_TEST(place(guest(1, "alice")) == "");
  BOOST_TEST(place(guest(2, "alice")) == "");
  BOOST_TEST(place(guest(3, "alice")) ==
             "the quota of alice allows 2 guests: 2 used, 1 asked for");
  BOOST_TEST(place(guest(3, "bob")) == "");
  BOOST_TEST(place(guest(4)) == "");
}

BOOST_AUTO_TEST_CASE(an_owner_has_as_much_memory_as_the_quota_says) {
  auto needed = std::to_string(small_needs.memory_mb);
  BOOST_TEST(set_quota("alice", Quota{{}, 2 * small_needs.memory_mb}) == "");
  BOOST_TEST(set_quota("bob", Quota{{}, 2 * small_needs.memory_mb - 1}) == "");
  for (std::uint64_t i = 0; i < 2; ++i)
    BOOST_TEST(place(guest(i, "alice")) == "");
  BOOST_TEST(place(guest(3, "bob")) == "");
  BOOST_TEST(place(guest(4, "bob")) ==
             "the quota of bob allows " +
                 std::to_string(2 * small_needs.memory_mb - 1) +
                 " MB of memory (QEMU's own included): " + needed + " used, " +
                 needed + " asked for");
}

BOOST_AUTO_TEST_CASE(an_owner_has_as_many_vcpus_as_the_quota_says) {
  BOOST_TEST(set_quota("alice", Quota{{}, {}, 3}) == "");
  auto wish = guest(1, "alice");
  wish.spec.vcpus = 4;
  BOOST_TEST(place(wish) ==
             "the quota of alice allows 3 vCPUs: 0 used, 4 asked for");
  wish.spec.vcpus = 3;
  BOOST_TEST(place(wish) == "");
}

BOOST_AUTO_TEST_CASE(a_placement_that_lapsed_still_counts_for_its_owner) {
  BOOST_TEST(set_quota("alice", Quota{1}) == "");
  BOOST_TEST(place(guest(1, "alice")) == "");
  BOOST_TEST(lapse(request_of(1)) == 1U);
  BOOST_TEST(place(guest(2, "alice")) != "");
  BOOST_TEST(end(request_of(1), RequestOutcome::refused) == 1U);
  BOOST_TEST(place(guest(2, "alice")) == "");
}

BOOST_AUTO_TEST_CASE(a_quota_is_set_and_taken_away) {
  BOOST_TEST(set_quota("a b", Quota{1}) ==
             "the name of an owner is 1 to 63 of a-z, 0-9 and inner hyphens");
  BOOST_TEST(set_quota("alice", {}) == "alice has no quota");
  BOOST_TEST(set_quota("alice", Quota{1, 2, 3}) == "");
  BOOST_TEST((fleet().quotas.at("alice") == Quota{1, 2, 3, true}));
  BOOST_TEST(set_quota("alice", Quota{1, 2, 3}) ==
             "the quota of alice is so already");
  BOOST_TEST(set_quota("alice", Quota{0, {}, 3}) == "");
  BOOST_TEST((fleet().quotas.at("alice") == Quota{0, {}, 3, true}));
  BOOST_TEST(set_quota("alice", {}) == "");
  BOOST_TEST(fleet().quotas.empty());
}

BOOST_AUTO_TEST_CASE(so_many_have_quotas) {
  for (std::size_t i = 0; i < events::quotas_max; ++i)
    BOOST_TEST_REQUIRE(set_quota("owner-" + std::to_string(i), Quota{1}) == "");
  BOOST_TEST(set_quota("alice", Quota{1}) ==
             "there are 1024 quotas already: take one away first");
  BOOST_TEST(set_quota("owner-0", Quota{2}) == "");
}

// -- orders -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_order_is_recorded_as_it_was_given) {
  GuestOrder all{GuestVerb::change, false, 2, 700, 300, 50};
  for (const auto& given :
       {all, change(3), GuestOrder{GuestVerb::start},
        GuestOrder{GuestVerb::stop, true}, GuestOrder{GuestVerb::remove, true},
        GuestOrder{GuestVerb::pause}, GuestOrder{GuestVerb::resume},
        GuestOrder{GuestVerb::reset}}) {
    auto decision =
        events::decide_order(fleet(), members_to(1), order(5, 1, given));
    auto event = *drafts_of(decision).at(0).payload.AsGuestOrdered();
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(schema::CreateGuestOrdered(builder, &event));
    const auto* stored =
        flatbuffers::GetRoot<schema::GuestOrdered>(builder.GetBufferPointer());
    BOOST_TEST((events::read_order(*stored) == given));
    BOOST_TEST(stored->name()->str() == "web");
  }
}

BOOST_AUTO_TEST_CASE(an_order_that_can_not_be_is_refused) {
  auto refused = [&](const GuestOrder& given) {
    return give_order(order(5, 1, given));
  };
  BOOST_TEST(refused({GuestVerb::unknown}) == "there is no such order");
  BOOST_TEST(refused({static_cast<GuestVerb>(8)}) == "there is no such order");
  BOOST_TEST(refused({GuestVerb::start, true}) ==
             "only a stop and a removal can be forced");
  BOOST_TEST(refused({GuestVerb::stop, false, 1}) ==
             "only a change has numbers: leave them out");
  BOOST_TEST(refused({GuestVerb::change}) ==
             "say what is to change: vCPUs, memory, floor or CPU weight");
  BOOST_TEST(refused(change(0)) == "give the guest 1 to 256 vCPUs");
  BOOST_TEST(refused(change(257)) == "give the guest 1 to 256 vCPUs");
  BOOST_TEST(refused(change({}, 15)) ==
             "give the guest 16 to 16777216 MB of memory");
  BOOST_TEST(refused({GuestVerb::change, false, {}, 100, 101}) ==
             "give the guest a floor within its memory: 1 to 100 MB");
  BOOST_TEST(refused({GuestVerb::change, false, {}, 100, 100}) == "");
  auto unnamed = order(6, 1, {GuestVerb::start});
  unnamed.name.clear();
  BOOST_TEST(give_order(unnamed) ==
             "the name of a guest is 1 to 63 of a-z, 0-9 and inner hyphens");
  BOOST_TEST(give_order(order(6, 1, {GuestVerb::start}, 3)) ==
             "there is no such member");
  BOOST_TEST(refused({GuestVerb::start}) == "there is such a request already");
}

BOOST_AUTO_TEST_CASE(the_fleet_waits_for_so_many_requests) {
  for (std::size_t i = 0; i + 1 < open_max; ++i)
    BOOST_TEST_REQUIRE(give_order(order(i, 1, {GuestVerb::start})) == "");
  BOOST_TEST(place(guest(1)) == "");
  auto refusal =
      "the fleet waits for 1024 requests already: wait until some of them "
      "ended";
  BOOST_TEST(place(guest(2)) == refusal);
  BOOST_TEST(give_order(order(open_max, 1, {GuestVerb::start})) == refusal);
  BOOST_TEST(end(numbered(0), RequestOutcome::done) == 1U);
  BOOST_TEST(place(guest(2)) == "");
}

BOOST_AUTO_TEST_CASE(a_change_that_is_done_changes_what_is_needed) {
  settle(guest(1));
  BOOST_TEST(give_order(order(5, 1, change(3, 700))) == "");
  BOOST_TEST((fleet().guests.at(numbered(1)).needs == small_needs));
  BOOST_TEST(end(numbered(5), RequestOutcome::done) == 1U);
  auto bigger = guest(1);
  bigger.spec.vcpus = 3;
  bigger.spec.memory_mb = 700;
  BOOST_TEST(
      (fleet().guests.at(numbered(1)).needs == events::needs_of(bigger)));
  // What is not changed stays, also if another change came between.
  BOOST_TEST(give_order(order(6, 1, change(1))) == "");
  BOOST_TEST(give_order(order(7, 1, change({}, 512))) == "");
  BOOST_TEST(end(numbered(7), RequestOutcome::done) == 1U);
  BOOST_TEST(end(numbered(6), RequestOutcome::done) == 1U);
  BOOST_TEST((fleet().guests.at(numbered(1)).needs == small_needs));
}

BOOST_AUTO_TEST_CASE(a_change_that_is_not_done_changes_nothing) {
  settle(guest(1));
  BOOST_TEST(give_order(order(5, 1, change(3, 700))) == "");
  BOOST_TEST(end(numbered(5), RequestOutcome::refused) == 1U);
  BOOST_TEST((fleet().guests.at(numbered(1)).needs == small_needs));
}

BOOST_AUTO_TEST_CASE(of_another_host_a_change_changes_nothing) {
  settle(guest(1));
  BOOST_TEST(give_order(order(5, 1, change(3, 700), 2)) == "");
  BOOST_TEST(end(numbered(5), RequestOutcome::done) == 1U);
  BOOST_TEST((fleet().guests.at(numbered(1)).needs == small_needs));
}

BOOST_AUTO_TEST_CASE(a_change_keeps_the_quota_of_the_owner) {
  BOOST_TEST(set_quota("alice", Quota{{}, {}, 3}) == "");
  settle(guest(1, "alice"));
  BOOST_TEST(give_order(order(5, 1, change(4))) ==
             "the quota of alice allows 3 vCPUs: 1 used, 3 asked for");
  BOOST_TEST(give_order(order(5, 1, change(3))) == "");
  // That one may be done yet.
  BOOST_TEST(place(guest(2, "alice")) ==
             "the quota of alice allows 3 vCPUs: 3 used, 1 asked for");
  BOOST_TEST(end(numbered(5), RequestOutcome::refused) == 1U);
  BOOST_TEST(place(guest(2, "alice")) == "");
}

BOOST_AUTO_TEST_CASE(a_change_of_memory_keeps_the_quota_of_the_owner) {
  BOOST_TEST(set_quota("alice", Quota{{}, small_needs.memory_mb + 88}) == "");
  settle(guest(1, "alice"));
  auto memory_mb = small_spec().memory_mb;
  BOOST_TEST(give_order(order(5, 1, change({}, memory_mb + 89))) != "");
  BOOST_TEST(give_order(order(5, 1, change({}, memory_mb + 88))) == "");
}

BOOST_AUTO_TEST_CASE(who_has_too_much_may_still_have_less) {
  auto wish = guest(1, "alice");
  wish.spec.vcpus = 4;
  settle(wish);
  BOOST_TEST(set_quota("alice", Quota{0, 0, 2}) == "");
  BOOST_TEST(give_order(order(5, 1, change(3))) == "");
  BOOST_TEST(give_order(order(6, 1, {GuestVerb::stop})) == "");
  BOOST_TEST(give_order(order(7, 1, change(5))) != "");
}

// -- ends ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_request_ends_once) {
  BOOST_TEST(place(guest(1)) == "");
  BOOST_TEST(end(request_of(1), RequestOutcome::done) == 1U);
  BOOST_TEST(end(request_of(1), RequestOutcome::refused) == 0U);
  BOOST_TEST(end(request_of(2), RequestOutcome::done) == 0U);
  BOOST_TEST(fleet().guests.contains(numbered(1)));
}

BOOST_AUTO_TEST_CASE(an_outcome_that_is_none_is_refused) {
  BOOST_TEST(place(guest(1)) == "");
  for (auto outcome : {RequestOutcome::unknown, static_cast<RequestOutcome>(4)})
    BOOST_TEST(take(events::decide_ended(fleet(), request_of(1), outcome, "",
                                         1)) == "there is no such outcome");
}

BOOST_AUTO_TEST_CASE(so_much_of_a_reason_is_kept) {
  std::string most(events::refusal_length_max, 'x');
  BOOST_TEST(place(guest(1)) == "");
  BOOST_TEST(end(request_of(1), RequestOutcome::refused, most + "y") == 1U);
  BOOST_TEST(fleet().requests.at(request_of(1)).reason == most);
}

BOOST_AUTO_TEST_CASE(the_newest_that_ended_are_kept_in_mind) {
  BOOST_TEST(place(guest(0)) == "");
  for (std::uint64_t i = 0; i < ended_max + 2; ++i)
    BOOST_TEST_REQUIRE(give_order(order(i, 1, {GuestVerb::start})) == "");
  // The newest first, so that the oldest is not the one that ended first.
  for (std::uint64_t i = ended_max + 2; i-- > 2;)
    BOOST_TEST_REQUIRE(end(numbered(i), RequestOutcome::done) == 1U);
  BOOST_TEST(fleet().requests.size() == ended_max + 3);
  BOOST_TEST(end(numbered(1), RequestOutcome::done) == 1U);
  BOOST_TEST(!fleet().requests.contains(numbered(1)));
  BOOST_TEST(fleet().requests.size() == ended_max + 2);
  // What is open is not forgotten however old it is.
  BOOST_TEST(fleet().requests.contains(request_of(0)));
  BOOST_TEST(fleet().requests.contains(numbered(0)));
}

// -- guests that are there no more --------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_gone_if_nothing_of_it_is_open) {
  settle(guest(1));
  BOOST_TEST(place(guest(2)) == "");
  settle(guest(3));
  BOOST_TEST(give_order(order(5, 3, {GuestVerb::remove})) == "");
  std::set<Id> missing{numbered(1), numbered(2), numbered(3), numbered(4)};
  BOOST_TEST(count(events::decide_gone(fleet(), missing)) == 1U);
  BOOST_TEST(!fleet().guests.contains(numbered(1)));
  BOOST_TEST(end(numbered(5), RequestOutcome::done) == 1U);
  BOOST_TEST(count(events::decide_gone(fleet(), missing)) == 1U);
  BOOST_TEST(!fleet().guests.contains(numbered(3)));
  BOOST_TEST(fleet().guests.contains(numbered(2)));
}

BOOST_AUTO_TEST_CASE(with_a_host_that_left_goes_all_that_was_there) {
  auto with_placement = guest(1);
  BOOST_TEST(place(with_placement, {room(2)}) == "");
  BOOST_TEST(place(guest(2), {room(2)}) == "");
  BOOST_TEST(end(request_of(2), RequestOutcome::done) == 1U);
  BOOST_TEST(give_order(order(5, 2, {GuestVerb::stop}, 2)) == "");
  settle(guest(3));
  BOOST_TEST(give_order(order(6, 3, {GuestVerb::stop}, 1)) == "");
  BOOST_TEST(count(events::decide_left(fleet(), members_to(2))) == 0U);
  // Two requests are dropped, and one guest is gone with none.
  BOOST_TEST(count(events::decide_left(fleet(), members_to(1))) == 3U);
  BOOST_TEST(fleet().guests.size() == 1U);
  BOOST_TEST(fleet().guests.contains(numbered(3)));
  for (const auto& dropped : {request_of(1), numbered(5)}) {
    const auto& request = fleet().requests.at(dropped);
    BOOST_TEST((request.outcome == RequestOutcome::dropped));
    BOOST_TEST(request.reason == "its host is no member any more");
  }
  BOOST_TEST(events::is_open(fleet().requests.at(numbered(6))));
  BOOST_TEST(count(events::decide_left(fleet(), members_to(1))) == 0U);
}

BOOST_AUTO_TEST_CASE(who_is_not_the_controller_any_more_waits_for_nothing) {
  settle(guest(1));
  BOOST_TEST(place(guest(2)) == "");
  BOOST_TEST(give_order(order(5, 1, {GuestVerb::stop})) == "");
  BOOST_TEST(count(events::decide_role_lost(fleet())) == 2U);
  BOOST_TEST(fleet().guests.size() == 1U);
  BOOST_TEST(fleet().requests.at(numbered(5)).reason ==
             "this node is not the controller any more");
  BOOST_TEST(count(events::decide_role_lost(fleet())) == 0U);
}

// -- what is recorded ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_placement_that_can_not_be_is_a_contradiction) {
  auto wish = guest(1, "alice");
  wish.labels = {"a", "b"};
  wish.spec.kernel = image_digest(1);
  wish.images = {image(1, 5)};
  BOOST_TEST(place(wish) == "");
  auto good = placed();
  BOOST_TEST(apply(good) == "there is such a guest already");
  good.vm = std::make_unique<schema::Id>(numbered(2).stored());
  BOOST_TEST(apply(good) == "there is such a request already");
  BOOST_TEST(!fleet().guests.contains(numbered(2)));
  good.request = std::make_unique<schema::Id>(request_of(2).stored());
  auto spoilt = [&](const std::function<void(schema::GuestPlacedT&)>& spoil) {
    auto event = good;
    spoil(event);
    return apply(event) == "no guest can be placed so";
  };
  BOOST_TEST(spoilt([](auto& event) { event.name = "A"; }));
  BOOST_TEST(spoilt([](auto& event) { event.owner = "A"; }));
  BOOST_TEST(spoilt([](auto& event) { event.labels = {"b", "a"}; }));
  BOOST_TEST(spoilt([](auto& event) { event.labels = {"a", "a"}; }));
  BOOST_TEST(spoilt([](auto& event) { event.labels = {"A"}; }));
  BOOST_TEST(spoilt([](auto& event) {
    event.labels.clear();
    for (char c = 'a'; event.labels.size() <= events::labels_max; ++c)
      event.labels.emplace_back(1, c);
  }));
  BOOST_TEST(spoilt([](auto& event) { event.spec->vcpus = 0; }));
  BOOST_TEST(spoilt([](auto& event) { event.spec->node = nullptr; }));
  BOOST_TEST(spoilt([](auto& event) {
    event.node = std::make_unique<schema::NodeId>(node_of(2).stored());
  }));
  BOOST_TEST(spoilt([](auto& event) { event.images.clear(); }));
  BOOST_TEST(spoilt([](auto& event) { event.images[0]->name = ""; }));
  BOOST_TEST(spoilt([](auto& event) {
    event.images.push_back(
        std::make_unique<schema::ImageOfGuestT>(*event.images[0]));
  }));
  BOOST_TEST(apply(good) == "");
}

BOOST_AUTO_TEST_CASE(an_order_that_can_not_be_is_a_contradiction) {
  auto decision = events::decide_order(fleet(), members_to(1),
                                       order(5, 1, {GuestVerb::start}));
  auto good = *drafts_of(decision).at(0).payload.AsGuestOrdered();
  auto spoilt = [&](const std::function<void(schema::GuestOrderedT&)>& spoil) {
    auto event = good;
    spoil(event);
    return apply(event) == "there can be no such order";
  };
  BOOST_TEST(spoilt([](auto& event) { event.name = ""; }));
  BOOST_TEST(spoilt([](auto& event) { event.verb = GuestVerb::unknown; }));
  BOOST_TEST(spoilt([](auto& event) { event.force = true; }));
  BOOST_TEST(spoilt([](auto& event) { event.vcpus = 1; }));
  BOOST_TEST(spoilt([](auto& event) { event.verb = GuestVerb::change; }));
  BOOST_TEST(apply(good) == "");
  BOOST_TEST(apply(good) == "there is such a request already");
}

BOOST_AUTO_TEST_CASE(an_end_that_can_not_be_is_a_contradiction) {
  schema::RequestEndedT ended;
  ended.request = std::make_unique<schema::Id>(request_of(1).stored());
  ended.outcome = RequestOutcome::done;
  BOOST_TEST(apply(ended) == "no such request is open");
  BOOST_TEST(place(guest(1)) == "");
  ended.outcome = RequestOutcome::unknown;
  BOOST_TEST(apply(ended) == "there is no such outcome");
  ended.outcome = static_cast<RequestOutcome>(4);
  BOOST_TEST(apply(ended) == "there is no such outcome");
  ended.outcome = RequestOutcome::done;
  ended.reason.assign(events::refusal_length_max + 1, 'x');
  BOOST_TEST(apply(ended) == "the reason is too long");
  ended.reason.pop_back();
  BOOST_TEST(apply(ended) == "");
  BOOST_TEST(apply(ended) == "no such request is open");
}

BOOST_AUTO_TEST_CASE(a_lapse_that_can_not_be_is_a_contradiction) {
  schema::RequestLapsedT lapsed;
  lapsed.request = std::make_unique<schema::Id>(request_of(1).stored());
  BOOST_TEST(apply(lapsed) == "no such request is open");
  BOOST_TEST(place(guest(1)) == "");
  BOOST_TEST(apply(lapsed) == "");
  BOOST_TEST(apply(lapsed) == "the request lapsed already");
  BOOST_TEST(give_order(order(5, 1, {GuestVerb::start})) == "");
  lapsed.request = std::make_unique<schema::Id>(numbered(5).stored());
  BOOST_TEST(apply(lapsed) == "only a placement lapses");
}

BOOST_AUTO_TEST_CASE(a_guest_that_can_not_be_gone_is_a_contradiction) {
  schema::GuestGoneT gone;
  gone.vm = std::make_unique<schema::Id>(numbered(1).stored());
  BOOST_TEST(apply(gone) == "there is no such guest");
  BOOST_TEST(place(guest(1)) == "");
  BOOST_TEST(apply(gone) == "the guest waits for its host");
  BOOST_TEST(end(request_of(1), RequestOutcome::done) == 1U);
  BOOST_TEST(apply(gone) == "");
}

BOOST_AUTO_TEST_CASE(a_quota_that_can_not_be_is_a_contradiction) {
  schema::QuotaSetT set;
  set.owner = "A";
  BOOST_TEST(apply(set) == "the name of the owner is none");
  set.owner = "alice";
  set.none = true;
  BOOST_TEST(apply(set) == "there is no such quota");
}

// -- snapshots ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_snapshot_keeps_all_of_it) {
  BOOST_TEST(set_quota("alice", Quota{7, {}, 9}) == "");
  BOOST_TEST(set_quota("bob", Quota{{}, ~std::uint64_t{0}, {}}) == "");
  BOOST_TEST(set_quota("carol", Quota{0, 0, 0}) == "");
  auto wish = guest(1, "alice");
  wish.labels = {"a", "b"};
  wish.spec.kernel = image_digest(1);
  wish.spec.disks[0].base = image_digest(2);
  wish.images = {image(2, 5), image(1, 6)};
  settle(wish);
  BOOST_TEST(place(guest(2)) == "");
  BOOST_TEST(lapse(request_of(2)) == 1U);
  BOOST_TEST(place(guest(3)) == "");
  BOOST_TEST(end(request_of(3), RequestOutcome::refused, "it is full") == 1U);
  BOOST_TEST(give_order(order(5, 1, change(3, 700))) == "");
  BOOST_TEST(fleet().guests.size() == 2U);
  BOOST_TEST(fleet().requests.size() == 4U);
  go_on_from_snapshot();
  BOOST_TEST(is_what_replay_makes());
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_what_can_not_be_is_none) {
  BOOST_TEST(set_quota("alice", Quota{7}) == "");
  BOOST_TEST(place(guest(1, "alice")) == "");
  BOOST_TEST(give_order(order(5, 1, change(3, 700))) == "");
  BOOST_TEST_REQUIRE(is_whole(fleet()));
  auto spoilt = [&](const std::function<void(Fleet&)>& spoil) {
    auto other = fleet();
    spoil(other);
    return !is_whole(other);
  };
  auto spoilt_guest = [&](const std::function<void(FleetGuest&)>& spoil) {
    return spoilt([&](Fleet& other) { spoil(other.guests.at(numbered(1))); });
  };
  BOOST_TEST(spoilt_guest([](auto& one) { one.name = "A"; }));
  BOOST_TEST(spoilt_guest([](auto& one) { one.owner = "A"; }));
  BOOST_TEST(spoilt_guest([](auto& one) { one.labels = {"b", "a"}; }));
  BOOST_TEST(spoilt_guest([](auto& one) { one.node = node_of(2); }));
  BOOST_TEST(spoilt_guest([](auto& one) { one.needs.vcpus = 0; }));
  BOOST_TEST(spoilt_guest([](auto& one) { one.needs.vcpus = 257; }));
  BOOST_TEST(spoilt_guest([](auto& one) { one.needs.memory_mb = 0; }));
  BOOST_TEST(
      spoilt_guest([](auto& one) { one.needs.disk_mb = ~std::uint64_t{0}; }));
  BOOST_TEST(spoilt_guest([](auto& one) {
    one.images = {image_digest(1), image_digest(1)};
  }));
  BOOST_TEST(spoilt([](Fleet& other) { other.guests.clear(); }));
  BOOST_TEST(spoilt([](Fleet& other) { other.quotas["A"] = {}; }));
  auto spoilt_order =
      [&](const std::function<void(events::FleetRequest&)>& spoil) {
        return spoilt(
            [&](Fleet& other) { spoil(other.requests.at(numbered(5))); });
      };
  BOOST_TEST(spoilt_order([](auto& one) { one.is_lapsed = true; }));
  BOOST_TEST(spoilt_order([](auto& one) { one.vcpus = 257; }));
  BOOST_TEST(spoilt_order([](auto& one) { one.memory_mb = 1U << 25U; }));
  BOOST_TEST(spoilt_order([](auto& one) { one.is_placement = true; }));
  BOOST_TEST(spoilt_order(
      [](auto& one) { one.outcome = static_cast<RequestOutcome>(4); }));
  BOOST_TEST(spoilt_order([](auto& one) {
    one.reason.assign(events::refusal_length_max + 1, 'x');
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
