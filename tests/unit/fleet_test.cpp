// What the controller records of the hosts of its fleet.
#include "events/fleet.hpp"

#include "events/state_codec.hpp"
#include "tests/unit/fleet_record.hpp"

namespace ppn::tests {

using events::Fleet;
using events::FleetHost;
using events::FleetLegacy;
using events::SilentHosts;

namespace {

constexpr std::int64_t hour_ns = 3600LL * 1'000'000'000;

events::Moment moment(std::int64_t utc_ns) {
  events::Moment moment;
  moment.utc_ns = utc_ns;
  return moment;
}

/// What is decided of a fleet, recorded at a time.
struct Recorded {
  VmRecord record;

  [[nodiscard]] const Fleet& fleet() const { return record.state().fleet; }

  std::size_t record_silence(const SilentHosts& silent,
                             std::int64_t utc_ns = 0) {
    auto decision = events::decide_silence(fleet(), silent, moment(utc_ns));
    for (const auto& draft : drafts_of(decision))
      BOOST_TEST(draft.stream == events::fleet_stream);
    return record.record(decision, moment(utc_ns)).size();
  }

  /// Why not, or nothing.
  std::string use(const events::Mesh& mesh, const events::UseHost& wish) {
    auto decision = events::decide_use(fleet(), mesh, wish);
    if (auto refusal = refusal_of(decision); !refusal.empty()) return refusal;
    record.record(decision);
    return {};
  }
};

events::Mesh mesh_of_one() {
  events::Mesh mesh;
  events::Member member;
  member.name = "cloud";
  mesh.members[node_of(1)] = member;
  return mesh;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fleet, Recorded)

BOOST_AUTO_TEST_CASE(of_what_is_not_given_nothing_changes) {
  auto mesh = mesh_of_one();
  BOOST_TEST(use(mesh, {node_of(1), true, {}}) == "");
  BOOST_TEST(use(mesh, {node_of(1), {}, true}) == "");
  auto host = events::host_of(fleet(), node_of(1));
  BOOST_TEST(host.is_drained);
  BOOST_TEST(host.is_reserved);
  BOOST_TEST(use(mesh, {node_of(1), false, {}}) == "");
  BOOST_TEST(!events::host_of(fleet(), node_of(1)).is_drained);
  BOOST_TEST(events::host_of(fleet(), node_of(1)).is_reserved);
}

BOOST_AUTO_TEST_CASE(what_is_so_already_is_refused) {
  BOOST_TEST(use(mesh_of_one(), {node_of(1), false, false}) ==
             "cloud is used like that already");
}

BOOST_AUTO_TEST_CASE(who_is_no_member_is_no_host) {
  BOOST_TEST(use(mesh_of_one(), {node_of(2), true, {}}) ==
             "there is no such member");
}

BOOST_AUTO_TEST_CASE(silence_is_recorded_once_and_its_end_too) {
  BOOST_TEST(record_silence({{node_of(1), true}, {node_of(2), false}}) == 1U);
  BOOST_TEST(record_silence({{node_of(1), true}}) == 0U);
  BOOST_TEST(fleet().hosts.at(node_of(1)).is_silent);
  BOOST_TEST(record_silence({{node_of(1), false}}) == 1U);
  BOOST_TEST(!fleet().hosts.at(node_of(1)).is_silent);
}

BOOST_AUTO_TEST_CASE(of_whom_nothing_is_known_nothing_is_recorded) {
  record_silence({{node_of(1), true}});
  BOOST_TEST(record_silence({}) == 0U);
  BOOST_TEST(fleet().hosts.at(node_of(1)).is_silent);
}

BOOST_AUTO_TEST_CASE(a_host_that_flaps_is_recorded_so_often_in_an_hour) {
  for (std::uint32_t i = 0; i < events::silences_an_hour; ++i) {
    BOOST_TEST(record_silence({{node_of(1), true}}, 1) == 1U);
    BOOST_TEST(record_silence({{node_of(1), false}}, 1) == 1U);
  }
  BOOST_TEST(record_silence({{node_of(1), true}}, 1) == 0U);
  BOOST_TEST(record_silence({{node_of(1), true}}, hour_ns) == 1U);
  // Its end is recorded however often it was.
  BOOST_TEST(record_silence({{node_of(1), false}}, hour_ns) == 1U);
}

BOOST_AUTO_TEST_CASE(what_can_not_follow_is_a_contradiction) {
  schema::HostFellSilentT fell;
  fell.node = std::make_unique<schema::NodeId>(node_of(1).stored());
  schema::HostHeardAgainT heard;
  heard.node = std::make_unique<schema::NodeId>(node_of(1).stored());
  BOOST_TEST(record(heard) == "the host was not silent");
  BOOST_TEST(record(fell) == "");
  BOOST_TEST(record(fell) == "the host is silent already");
}

BOOST_AUTO_TEST_CASE(a_snapshot_keeps_all_of_it) {
  constexpr auto largest = ~std::uint32_t{0};
  events::State state;
  state.node.keys = {{0, PublicKey{}}};
  state.fleet.hosts[node_of(1)] = {true, false, true, -7, largest};
  state.fleet.hosts[node_of(2)] = {false, true, false, hour_ns, 3, true};
  state.fleet.term = {largest, 7};
  BOOST_TEST((events::decode(events::encode(state)) == state));
  state.fleet.taken_from = node_of(2);
  BOOST_TEST((events::decode(events::encode(state)) == state));
}

BOOST_AUTO_TEST_CASE(a_snapshot_in_which_nobody_took_anything_is_none) {
  events::State state;
  state.node.keys = {{0, PublicKey{}}};
  state.fleet.taken_from = node_of(2);
  BOOST_TEST(!events::decode(events::encode(state)));
}

// -- terms of the controller --------------------------------------------------

namespace {

struct Terms : FleetRecord {
  std::size_t begin(const events::FleetTerm& term) {
    return count(events::decide_term(fleet(), term));
  }
  std::size_t take_over(const FleetLegacy& legacy) {
    return count(events::decide_taken(fleet(), legacy));
  }
  void use(std::uint32_t host, bool drained, bool reserved) {
    BOOST_TEST_REQUIRE(
        take(events::decide_use(fleet(), members_to(9),
                                {node_of(host), drained, reserved})) == "");
  }
};

events::FleetGuest some_guest(std::uint32_t number) {
  return {node_of(1),  "guest-" + std::to_string(number),
          "acme",      {"db", "web"},
          small_needs, {image_digest(1)}};
}

/// As large as a guest can be.
events::FleetGuest large_guest(std::uint32_t number) {
  auto guest = some_guest(number);
  guest.name = guest.owner = std::string(63, 'x');
  guest.labels.clear();
  for (std::size_t i = 0; i < events::labels_max; ++i)
    guest.labels.push_back(std::string(62, 'y') + static_cast<char>('a' + i));
  guest.images.clear();
  for (std::size_t i = 0; i < events::guest_images_max; ++i)
    guest.images.push_back(image_digest(static_cast<std::uint8_t>(i)));
  return guest;
}

/// Number 2 left so many guests, a drained host and a quota.
FleetLegacy legacy_of(std::uint32_t guests) {
  FleetLegacy legacy;
  legacy.from = node_of(2);
  legacy.size = 1000;
  legacy.hosts[node_of(5)].is_drained = true;
  legacy.quotas["acme"].guests = 3;
  for (std::uint32_t i = 1; i <= guests; ++i)
    legacy.guests[numbered(i)] = some_guest(i);
  return legacy;
}

std::vector<schema::FleetTakenT> taken_in(const events::Decision& decision) {
  std::vector<schema::FleetTakenT> entries;
  for (const auto& draft : drafts_of(decision))
    entries.push_back(*draft.payload.AsFleetTaken());
  return entries;
}

schema::FleetTermBegunT term_at(std::uint64_t epoch, std::uint64_t version) {
  schema::FleetTermBegunT begun;
  begun.epoch = epoch;
  begun.version = version;
  return begun;
}

schema::FleetTakenT taken_from(std::uint32_t number) {
  schema::FleetTakenT taken;
  taken.from = std::make_unique<schema::NodeId>(node_of(number).stored());
  return taken;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_term_begins_once, Terms) {
  BOOST_TEST(begin({1, 1}) == 1U);
  BOOST_TEST(begin({1, 1}) == 0U);
  BOOST_TEST((fleet().term == events::FleetTerm{1, 1}));
  BOOST_TEST(begin({1, 4}) == 1U);
  BOOST_TEST(begin({2, 1}) == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_term_follows_those_before_it, Terms) {
  const std::string nowhere = "no term begins at such a place of a roster";
  BOOST_TEST(apply(term_at(0, 1)) == nowhere);
  BOOST_TEST(apply(term_at(1, 0)) == nowhere);
  BOOST_TEST(apply(term_at(2, 3)) == "");
  for (auto [epoch, version] : {std::pair{2U, 3U}, {2U, 2U}, {1U, 9U}})
    BOOST_TEST(apply(term_at(epoch, version)) ==
               "that term began already, or is over");
  BOOST_TEST(apply(term_at(3, 1)) == "");
}

BOOST_FIXTURE_TEST_CASE(what_an_earlier_term_left_counts_less, Terms) {
  begin({1, 1});
  take_over({node_of(2)});
  use(5, false, true);
  settle(guest(1, "acme"));
  BOOST_TEST(place(guest(2)) == "");
  BOOST_TEST(set_quota("acme", events::Quota{3}) == "");
  begin({1, 5});
  BOOST_TEST(fleet().hosts.at(node_of(5)).is_reserved);
  BOOST_TEST(fleet().guests.size() == 1U);
  BOOST_TEST((fleet().quotas.at("acme") == events::Quota{3}));
  BOOST_TEST(!fleet().taken_from.has_value());
  const auto& requests = fleet().requests;
  BOOST_TEST(
      (requests.at(request_of(1)).outcome == schema::RequestOutcome::done));
  const auto& dropped = requests.at(request_of(2));
  BOOST_TEST((dropped.outcome == schema::RequestOutcome::dropped));
  BOOST_TEST(dropped.reason == "another term of this controller began");
  BOOST_TEST(end(request_of(2), schema::RequestOutcome::done) == 0U);
  auto legacy = legacy_of(1);
  legacy.quotas["acme"].guests = 7;
  take_over(legacy);
  BOOST_TEST(fleet().hosts.at(node_of(5)).is_drained);
  BOOST_TEST(!fleet().hosts.at(node_of(5)).is_reserved);
  BOOST_TEST((fleet().quotas.at("acme") == events::Quota{7}));
  BOOST_TEST(is_what_replay_makes());
}

BOOST_FIXTURE_TEST_CASE(of_what_is_dropped_only_the_newest_is_kept, Terms) {
  begin({1, 1});
  constexpr auto count = events::ended_requests_max + 5;
  for (std::size_t i = 1; i <= count; ++i)
    BOOST_TEST_REQUIRE(place(guest(i)) == "");
  begin({1, 2});
  BOOST_TEST(fleet().requests.size() == events::ended_requests_max);
  BOOST_TEST(!fleet().requests.contains(request_of(5)));
  BOOST_TEST(fleet().requests.contains(request_of(6)));
}

BOOST_FIXTURE_TEST_CASE(what_the_controller_before_left_is_taken, Terms) {
  begin({1, 2});
  auto legacy = legacy_of(2);
  BOOST_TEST(take_over(legacy) == 1U);
  BOOST_TEST((fleet().guests == legacy.guests));
  BOOST_TEST((fleet().quotas == legacy.quotas));
  BOOST_TEST((fleet().hosts == legacy.hosts));
  BOOST_TEST((fleet().taken_from == node_of(2)));
  go_on_from_snapshot();
  BOOST_TEST(take_over(legacy) == 0U);
}

BOOST_FIXTURE_TEST_CASE(that_there_was_nothing_is_recorded_too, Terms) {
  begin({1, 2});
  auto entries = taken_in(events::decide_taken(fleet(), {node_of(2), 7}));
  BOOST_TEST_REQUIRE(entries.size() == 1U);
  BOOST_TEST(entries.front().size == 7U);
  BOOST_TEST(take_over({node_of(2), 7}) == 1U);
  BOOST_TEST((fleet().taken_from == node_of(2)));
}

BOOST_FIXTURE_TEST_CASE(what_was_decided_in_this_term_stays, Terms) {
  begin({1, 2});
  use(5, false, true);
  settle(guest(1, "other"));
  auto own = fleet().guests.at(numbered(1));
  BOOST_TEST(set_quota("acme", events::Quota{9}) == "");
  auto legacy = legacy_of(2);
  legacy.hosts[node_of(6)].is_reserved = true;
  legacy.quotas["more"].vcpus = 4;
  take_over(legacy);
  BOOST_TEST(!fleet().hosts.at(node_of(5)).is_drained);
  BOOST_TEST(fleet().hosts.at(node_of(5)).is_reserved);
  BOOST_TEST(fleet().hosts.at(node_of(6)).is_reserved);
  BOOST_TEST((fleet().guests.at(numbered(1)) == own));
  BOOST_TEST((fleet().guests.at(numbered(2)) == some_guest(2)));
  BOOST_TEST((fleet().quotas.at("acme") == events::Quota{9, {}, {}, true}));
  BOOST_TEST((fleet().quotas.at("more") == legacy.quotas.at("more")));
}

BOOST_FIXTURE_TEST_CASE(a_host_that_only_fell_silent_is_not_decided, Terms) {
  begin({1, 2});
  take(events::decide_silence(fleet(), {{node_of(5), true}}, moment(0)));
  take_over(legacy_of(0));
  BOOST_TEST(fleet().hosts.at(node_of(5)).is_drained);
  BOOST_TEST(fleet().hosts.at(node_of(5)).is_silent);
}

BOOST_FIXTURE_TEST_CASE(many_guests_are_taken_in_some_entries, Terms) {
  begin({1, 2});
  auto legacy = legacy_of(300);
  auto entries = taken_in(events::decide_taken(fleet(), legacy));
  BOOST_TEST_REQUIRE(entries.size() == 3U);
  for (const auto& entry : entries) {
    BOOST_TEST((NodeId{*entry.from} == node_of(2)));
    BOOST_TEST(entry.size == 1000U);
    BOOST_TEST(entry.guests.size() <= events::guests_taken_max);
    bool is_first = &entry == &entries.front();
    BOOST_TEST(entry.hosts.size() == (is_first ? 1U : 0U));
    BOOST_TEST(entry.quotas.size() == (is_first ? 1U : 0U));
  }
  BOOST_TEST(take_over(legacy) == 3U);
  BOOST_TEST((fleet().guests == legacy.guests));
  BOOST_TEST(is_what_replay_makes());
}

BOOST_FIXTURE_TEST_CASE(no_entry_is_larger_than_one_can_be, Terms) {
  begin({1, 2});
  auto legacy = legacy_of(0);
  for (std::uint32_t i = 1; i <= 100; ++i)
    legacy.guests[numbered(i)] = large_guest(i);
  for (std::uint32_t i = 1; i <= events::quotas_max; ++i)
    legacy.quotas["owner-" + std::to_string(i)].guests = i;
  for (std::uint32_t i = 1; i <= 1000; ++i)
    legacy.hosts[node_of(i)].is_drained = true;
  // The record that it is taken into refuses one that is too large.
  BOOST_TEST(take_over(legacy) > 1U);
  BOOST_TEST((fleet().guests == legacy.guests));
  BOOST_TEST((fleet().quotas == legacy.quotas));
  BOOST_TEST((fleet().hosts == legacy.hosts));
}

BOOST_FIXTURE_TEST_CASE(what_can_not_be_taken_is_a_contradiction, Terms) {
  const std::string nobody = "there is nobody to take it, or to take it from";
  BOOST_TEST(apply(taken_from(2)) == nobody);
  begin({1, 2});
  auto from_nobody = taken_from(2);
  *from_nobody.from = NodeId{}.stored();
  BOOST_TEST(apply(std::move(from_nobody)) == nobody);
  auto left = [&](const FleetLegacy& legacy) {
    return taken_in(events::decide_taken(Fleet{}, legacy)).front();
  };
  const std::string impossible = "no controller can have left that";
  auto no_name = left(legacy_of(1));
  no_name.guests.front()->name = "-";
  BOOST_TEST(apply(std::move(no_name)) == impossible);
  auto no_guest = left(legacy_of(1));
  no_guest.guests.front()->vcpus = 0;
  BOOST_TEST(apply(std::move(no_guest)) == impossible);
  auto no_order = left(legacy_of(1));
  std::swap(no_order.guests.front()->labels[0],
            no_order.guests.front()->labels[1]);
  BOOST_TEST(apply(std::move(no_order)) == impossible);
  auto no_owner = left(legacy_of(0));
  no_owner.quotas.front()->owner = "";
  BOOST_TEST(apply(std::move(no_owner)) == impossible);
  auto no_quota = left(legacy_of(0));
  no_quota.quotas.front()->none = true;
  BOOST_TEST(apply(std::move(no_quota)) == impossible);
  BOOST_TEST(apply(left(legacy_of(1))) == "");
  BOOST_TEST(apply(taken_from(3)) == "what another one left was taken already");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
