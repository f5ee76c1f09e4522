// This node's own device: its key, and what others did to it.
#include "events/own_device.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"

namespace ppn::tests {

using events::decide_repairs;
using events::DeviceChange;
using events::OwnDevice;
using events::PeerChange;
using events::RepairNote;
using events::TunnelKey;
using schema::Repair;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t hour_ns = 3600 * second_ns;
/// An hour begins.
constexpr std::int64_t start = 500'000 * hour_ns;

std::string name_of(const TunnelKey& key) {
  return key == tunnel_key_of(1) ? "laptop" : "stranger";
}

PeerChange change_of(std::uint32_t number) {
  PeerChange change;
  change.key = tunnel_key_of(number);
  return change;
}

std::vector<RepairNote> some_notes(std::size_t count) {
  return {count, {Repair::interface_down, {}, "the interface was down"}};
}

/// Repairs that are recorded at a moment, and what becomes of the device.
std::size_t record(OwnDevice& device, std::size_t notes, std::int64_t utc_ns) {
  auto decision = decide_repairs(device, some_notes(notes), {utc_ns});
  const auto& drafts = drafts_of(decision);
  for (const auto& draft : drafts) {
    store::AlignedBytes aligned;
    auto bytes = entry_at({node_of(1), 1, utc_ns, draft.stream}, draft.payload);
    const auto* entry = must(store::check_entry(aligned.assign(bytes)));
    BOOST_TEST(
        !events::apply(device, *entry, *entry->payload_as_DeviceRepaired()));
  }
  return drafts.size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(own_device)

// -- the key -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_tunnels_have_one_key) {
  OwnDevice device;
  auto decision = events::decide_key(device, tunnel_key_of(1));
  const auto& made = drafts_of(decision);
  BOOST_REQUIRE(made.size() == 1U);
  BOOST_TEST(made[0].stream == events::device_stream);
  auto bytes = entry_at({node_of(1)}, made[0].payload);
  store::AlignedBytes aligned;
  const auto* entry = must(store::check_entry(aligned.assign(bytes)));
  BOOST_TEST(!events::apply(device, *entry->payload_as_TunnelKeyMade()));
  BOOST_TEST((device.key == tunnel_key_of(1)));
  BOOST_TEST(refusal_of(events::decide_key(device, tunnel_key_of(2))) ==
             "the tunnels have a key already");
}

// -- what was found ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_thing_that_is_set_right_is_noted) {
  DeviceChange change;
  BOOST_TEST(events::repairs_in(change, name_of).empty());
  change.key = tunnel_key_of(9);
  change.listen_port = 51'820;
  change.add_addresses = {range("10.8.0.9/24")};
  change.remove_addresses = {range("10.9.0.1/32")};
  change.peers = {change_of(2), change_of(1), change_of(1)};
  change.peers[0].remove = true;
  change.peers[1].add = true;
  change.peers[2].keepalive_seconds = 25;
  change.set_up = true;
  BOOST_TEST(
      (events::repairs_in(change, name_of) ==
       std::vector<RepairNote>{
           {Repair::private_key_changed,
            {},
            "the interface had another private key, or none"},
           {Repair::port_changed, {}, "it did not listen on port 51820"},
           {Repair::address_changed, {}, "the address 10.8.0.9/24 was gone"},
           {Repair::address_changed, {}, "there was an address 10.9.0.1/32"},
           {Repair::unknown_peer, tunnel_key_of(2),
            "peer stranger was not there, and was removed"},
           {Repair::peer_missing, tunnel_key_of(1), "peer laptop was missing"},
           {Repair::peer_changed, tunnel_key_of(1),
            "peer laptop was not as it was made"},
           {Repair::interface_down, {}, "the interface was down"}}));
}

BOOST_AUTO_TEST_CASE(an_interface_that_is_gone_is_one_thing) {
  DeviceChange change;
  change.create = true;
  change.key = tunnel_key_of(9);
  change.add_addresses = {range("10.8.0.9/24")};
  change.peers = {change_of(1)};
  change.set_up = true;
  BOOST_TEST((events::repairs_in(change, name_of) ==
              std::vector<RepairNote>{
                  {Repair::interface_missing, {}, "the interface was gone"}}));
}

BOOST_AUTO_TEST_CASE(a_peer_that_no_roster_named_is_somebody_elses) {
  DeviceChange change;
  change.peers = {change_of(1), change_of(2), change_of(3)};
  change.peers[0].remove = change.peers[1].remove = true;
  change.peers[2].add = true;
  BOOST_TEST((events::unknown_peers(change, {{tunnel_key_of(1), NodeId{}}}) ==
              std::vector<RepairNote>{{Repair::unknown_peer, tunnel_key_of(2),
                                       "a peer that no member is was "
                                       "removed"}}));
}

// -- what is recorded of it --------------------------------------------------

BOOST_AUTO_TEST_CASE(a_repair_says_what_it_was) {
  const RepairNote note{Repair::peer_changed, tunnel_key_of(2), "so it was"};
  auto decision = decide_repairs({}, {note, some_notes(1)[0]}, {start});
  const auto& drafts = drafts_of(decision);
  BOOST_REQUIRE(drafts.size() == 2U);
  const auto* first = drafts[0].payload.AsDeviceRepaired();
  BOOST_TEST(drafts[0].stream == events::device_stream);
  BOOST_TEST((first->repair == Repair::peer_changed));
  BOOST_TEST((TunnelKey{*first->peer} == tunnel_key_of(2)));
  BOOST_TEST(first->detail == "so it was");
  BOOST_TEST(!drafts[1].payload.AsDeviceRepaired()->peer);
}

BOOST_AUTO_TEST_CASE(repairs_are_recorded_20_times_an_hour) {
  OwnDevice device;
  BOOST_TEST(record(device, 0, start) == 0U);
  BOOST_TEST(record(device, 15, start) == 15U);
  BOOST_TEST(record(device, 15, start + hour_ns - 1) == 5U);
  BOOST_TEST(record(device, 15, start + hour_ns - 1) == 0U);
  BOOST_TEST(record(device, 30, start + hour_ns) == 20U);
  OwnDevice due;
  due.repairs = 40;
  due.repaired_ns = start + hour_ns;
  due.repairs_in_hour = 20;
  BOOST_TEST((device == due));
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_within_the_hour_makes_no_room) {
  OwnDevice device;
  BOOST_TEST(record(device, 20, start + 1'800 * second_ns) == 20U);
  BOOST_TEST(record(device, 1, start) == 0U);
  // Further back it is another hour.
  BOOST_TEST(record(device, 1, start - 1) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
