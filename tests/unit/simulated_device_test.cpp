// The simulated WireGuard device does what a kernel's does.
#include <boost/test/unit_test.hpp>

#include "tests/simulation/device.hpp"

namespace ppn::tests {

namespace {

using events::DeviceChange;
using events::IpRange;
using events::PeerChange;
using events::TunnelKey;

TunnelKey key_of(std::uint8_t byte) {
  TunnelKey key;
  key.bytes.fill(byte);
  return key;
}

PeerChange addition(std::uint8_t byte, const char* allowed) {
  PeerChange peer;
  peer.key = key_of(byte);
  peer.add = true;
  peer.allow = {*IpRange::parse(allowed)};
  return peer;
}

struct Fixture {
  simulation::Device device;

  bool apply(const DeviceChange& change, int fails_at = -1) {
    return device.apply(change, [&] { return fails_at-- == 0; }).ok();
  }

  void create() {
    DeviceChange change;
    change.create = true;
    BOOST_TEST(apply(change));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(simulated_device, Fixture)

BOOST_AUTO_TEST_CASE(nothing_can_be_done_to_one_that_is_not_there) {
  DeviceChange change;
  change.set_up = true;
  BOOST_TEST(!apply(change));
}

BOOST_AUTO_TEST_CASE(an_allowed_address_moves_silently) {
  create();
  DeviceChange change;
  change.peers = {addition(1, "10.8.0.2/32"), addition(2, "10.8.0.2/32")};
  BOOST_TEST(apply(change));
  BOOST_TEST(device.shown().peers.at(key_of(1)).config.allowed.empty());
  BOOST_TEST(device.shown().peers.at(key_of(2)).config.allowed.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_change_of_a_peer_that_is_gone_makes_none) {
  create();
  DeviceChange change;
  change.peers = {addition(1, "10.8.0.2/32")};
  change.peers[0].add = false;
  BOOST_TEST(apply(change));
  BOOST_TEST(device.shown().peers.empty());
}

BOOST_AUTO_TEST_CASE(a_key_that_a_peer_has_takes_the_peer_away) {
  create();
  device.keep(key_of(1));
  DeviceChange change;
  change.peers = {addition(1, "10.8.0.2/32")};
  BOOST_TEST(apply(change));
  DeviceChange key;
  key.key = key_of(1);
  BOOST_TEST(apply(key));
  BOOST_TEST(device.shown().peers.empty());
  BOOST_TEST(apply(change));
  BOOST_TEST(device.shown().peers.empty());
}

BOOST_AUTO_TEST_CASE(only_a_key_that_was_kept_can_be_set) {
  create();
  DeviceChange change;
  change.key = key_of(1);
  BOOST_TEST(!apply(change));
}

BOOST_AUTO_TEST_CASE(what_came_before_a_failure_stays) {
  create();
  DeviceChange change;
  change.listen_port = 7;
  change.set_up = true;
  BOOST_TEST(!apply(change, 1));
  BOOST_TEST(device.shown().listen_port == 7);
  BOOST_TEST(!device.shown().is_up);
}

BOOST_AUTO_TEST_CASE(the_longest_range_finds_the_peer) {
  create();
  DeviceChange change;
  change.peers = {addition(1, "10.8.0.0/24"), addition(2, "10.8.0.2/32")};
  BOOST_TEST(apply(change));
  auto peer_for = [&](const char* address) {
    return *device.peer_for(*events::IpAddress::parse(address));
  };
  BOOST_TEST((peer_for("10.8.0.2") == key_of(2)));
  BOOST_TEST((peer_for("10.8.0.3") == key_of(1)));
  BOOST_TEST(device.peer_for(*events::IpAddress::parse("10.9.0.1")) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
