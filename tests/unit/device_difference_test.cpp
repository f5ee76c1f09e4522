// What a WireGuard device is told so that it becomes what it should be.
#include <algorithm>

#include "events/device.hpp"
#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::DeviceChange;
using events::DeviceConfig;
using events::difference;
using events::Endpoint;
using events::IpRange;
using events::ObservedDevice;
using events::ObservedPeer;
using events::PeerChange;
using events::PeerConfig;
using events::TunnelKey;

namespace {

constexpr std::int64_t now = 1'800'000'000'000'000'000;

const Endpoint home = endpoint("192.0.2.1:51820");
const Endpoint elsewhere = endpoint("[2001:db8::1]:4000");

TunnelKey key(std::uint32_t number) { return tunnel_key_of(number); }

std::vector<IpRange> ranges(std::initializer_list<const char*> texts) {
  std::vector<IpRange> all;
  for (const char* text : texts) all.push_back(range(text));
  std::sort(all.begin(), all.end());
  return all;
}

/// The device with the key of number 100 and the peers 1 and 2.
DeviceConfig desired() {
  DeviceConfig device;
  device.key = key(100);
  device.listen_port = 51'820;
  device.addresses = ranges({"10.8.0.100/24"});
  device.peers[key(1)] = {home, 25, ranges({"10.8.0.1/32"})};
  device.peers[key(2)] = {{}, 0, ranges({"10.8.0.2/32", "fd00::2/128"})};
  return device;
}

/// A device as it is when it is as it should be.
ObservedDevice as(const DeviceConfig& config) {
  ObservedDevice device;
  device.exists = true;
  device.is_up = true;
  device.key = config.key;
  device.listen_port = config.listen_port;
  device.addresses = config.addresses;
  device.forwarded = config.forwarded;
  for (const auto& [key, peer] : config.peers) device.peers[key].config = peer;
  return device;
}

/// What it takes to make what `device` became what it was.
DeviceChange after(const std::function<void(ObservedDevice&)>& what) {
  auto device = as(desired());
  what(device);
  return difference(desired(), device, now);
}

/// A change of one peer and of nothing else.
DeviceChange only(PeerChange change) {
  DeviceChange all;
  all.peers.push_back(std::move(change));
  return all;
}

PeerChange change_of(std::uint32_t number) {
  PeerChange change;
  change.key = key(number);
  return change;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(device_difference)

// -- one thing at a time -----------------------------------------------------

BOOST_AUTO_TEST_CASE(a_device_that_is_right_is_told_nothing) {
  BOOST_TEST(difference(desired(), as(desired()), now).empty());
  BOOST_TEST((after([](auto& device) {
                device.peers.at(key(1)).received_bytes = 7;
                device.peers.at(key(1)).sent_bytes = 7;
                device.peers.at(key(1)).last_handshake_ns = now - 1;
              }).empty()));
}

BOOST_AUTO_TEST_CASE(a_device_that_is_not_there_is_made) {
  auto change = difference(desired(), {}, now);
  auto wanted = desired();
  BOOST_TEST(change.create);
  BOOST_TEST(change.set_up);
  BOOST_TEST((change.key == wanted.key));
  BOOST_TEST((change.listen_port == wanted.listen_port));
  BOOST_TEST((change.add_addresses == wanted.addresses));
  BOOST_TEST(change.remove_addresses.empty());
  BOOST_TEST(!change.forward);
  PeerChange first = change_of(1);
  first.add = true;
  first.endpoint = home;
  first.keepalive_seconds = 25;
  first.allow = wanted.peers.at(key(1)).allowed;
  PeerChange second = change_of(2);
  second.add = true;
  second.allow = wanted.peers.at(key(2)).allowed;
  BOOST_TEST((change.peers == std::vector{first, second}));
}

BOOST_AUTO_TEST_CASE(what_the_device_itself_lost_is_set_again) {
  auto wanted = desired();
  DeviceChange change;
  change.key = wanted.key;
  BOOST_TEST((after([](auto& device) { device.key = key(7); }) == change));
  BOOST_TEST((after([](auto& device) { device.key.reset(); }) == change));
  change = {};
  change.listen_port = 51'820;
  BOOST_TEST((after([](auto& device) { device.listen_port = 0; }) == change));
  change = {};
  change.set_up = true;
  BOOST_TEST((after([](auto& device) { device.is_up = false; }) == change));
}

BOOST_AUTO_TEST_CASE(addresses_are_told_apart_by_their_length) {
  DeviceChange change;
  change.add_addresses = ranges({"10.8.0.100/24"});
  BOOST_TEST((after([](auto& device) { device.addresses.clear(); }) == change));
  change.remove_addresses = ranges({"10.8.0.100/32", "10.9.0.1/24"});
  BOOST_TEST((after([](auto& device) {
                device.addresses = ranges({"10.8.0.100/32", "10.9.0.1/24"});
              }) == change));
}

BOOST_AUTO_TEST_CASE(forwarding_is_told_when_it_changes) {
  DeviceChange change;
  change.forward.emplace();
  BOOST_TEST((after([](auto& device) {
                device.forwarded = ranges({"10.8.0.0/24"});
              }) == change));
  auto hub = desired();
  hub.forwarded = ranges({"10.8.0.0/24", "fd00::/64"});
  change.forward = hub.forwarded;
  BOOST_TEST((difference(hub, as(desired()), now) == change));
}

// -- peers -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_peer_that_is_gone_is_added) {
  PeerChange change = change_of(1);
  change.add = true;
  change.endpoint = home;
  change.keepalive_seconds = 25;
  change.allow = ranges({"10.8.0.1/32"});
  BOOST_TEST((after([](auto& device) { device.peers.erase(key(1)); }) ==
              only(change)));
}

BOOST_AUTO_TEST_CASE(a_preshared_key_is_told_when_it_changes) {
  auto device = desired();
  Hash shared;
  shared.bytes.fill(7);
  device.peers[key(1)].preshared = shared;
  auto change = difference(device, as(desired()), now);
  BOOST_REQUIRE(change.peers.size() == 1U);
  BOOST_TEST((change.peers[0].preshared == shared));
  BOOST_TEST(difference(device, as(device), now).empty());
  change = difference(desired(), as(device), now);
  BOOST_REQUIRE(change.peers.size() == 1U);
  BOOST_TEST((change.peers[0].preshared == Hash{}));
  change = difference(device, {}, now);
  BOOST_TEST((change.peers[0].preshared == shared));
  BOOST_TEST(!change.peers[1].preshared.has_value());
}

BOOST_AUTO_TEST_CASE(unknown_peers_are_removed) {
  auto change = after([](auto& device) {
    // Before, between and behind those that belong there.
    for (std::uint32_t number : {0U, 7U}) device.peers[key(number)];
    TunnelKey last;
    last.bytes.fill(0xff);
    device.peers[last];
  });
  BOOST_REQUIRE(change.peers.size() == 3U);
  for (const auto& peer : change.peers) {
    BOOST_TEST(peer.remove);
    BOOST_TEST(!desired().peers.contains(peer.key));
  }
}

BOOST_AUTO_TEST_CASE(a_peer_is_told_only_what_it_lacks) {
  PeerChange change = change_of(2);
  change.keepalive_seconds = 0;
  BOOST_TEST((after([](auto& device) {
                device.peers.at(key(2)).config.keepalive_seconds = 25;
              }) == only(change)));
  change = change_of(2);
  change.allow = ranges({"fd00::2/128"});
  BOOST_TEST((after([](auto& device) {
                device.peers.at(key(2)).config.allowed =
                    ranges({"10.8.0.2/32"});
              }) == only(change)));
  change = change_of(2);
  change.disallow = ranges({"10.8.0.77/32"});
  change.replace = desired().peers.at(key(2)).allowed;
  BOOST_TEST((after([](auto& device) {
                device.peers.at(key(2)).config.allowed =
                    ranges({"10.8.0.2/32", "10.8.0.77/32", "fd00::2/128"});
              }) == only(change)));
}

BOOST_AUTO_TEST_CASE(an_address_goes_from_one_peer_to_another_at_once) {
  auto change = after([](auto& device) {
    device.peers.at(key(1)).config.allowed = {};
    device.peers.at(key(2)).config.allowed =
        ranges({"10.8.0.1/32", "10.8.0.2/32", "fd00::2/128"});
  });
  BOOST_REQUIRE(change.peers.size() == 2U);
  BOOST_TEST((change.peers[0].key == key(1)));
  BOOST_TEST((change.peers[0].allow == ranges({"10.8.0.1/32"})));
  BOOST_TEST((change.peers[1].key == key(2)));
  BOOST_TEST((change.peers[1].disallow == ranges({"10.8.0.1/32"})));
  BOOST_TEST(!change.peers[1].replace.has_value());
}

BOOST_AUTO_TEST_CASE(additions_come_first_and_removals_last) {
  auto change = after([](auto& device) {
    device.peers.erase(key(1));
    device.peers.at(key(2)).config.allowed.push_back(range("fd00::9/128"));
    device.peers[key(7)].config.allowed = ranges({"10.8.0.1/32"});
  });
  BOOST_REQUIRE(change.peers.size() == 3U);
  BOOST_TEST((change.peers[0].add && change.peers[0].key == key(1)));
  BOOST_TEST((change.peers[1].key == key(2)));
  BOOST_TEST((change.peers[2].remove && change.peers[2].key == key(7)));
}

// -- endpoints ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_handshake_lasts_180_seconds) {
  auto live_after = [](std::int64_t age_ns) {
    ObservedPeer peer;
    peer.last_handshake_ns = now - age_ns;
    return events::is_live(peer, now);
  };
  constexpr std::int64_t second_ns = 1'000'000'000;
  BOOST_TEST(live_after(0));
  BOOST_TEST(live_after(180 * second_ns - 1));
  BOOST_TEST(!live_after(180 * second_ns));
  BOOST_TEST(!live_after(now));
  // The clock went back since, and by how much nobody knows.
  BOOST_TEST(live_after(1 - 180 * second_ns));
  BOOST_TEST(!live_after(-180 * second_ns));
  BOOST_TEST(!events::is_live(ObservedPeer{}, 1));
  ObservedPeer broken;
  broken.last_handshake_ns = std::numeric_limits<std::int64_t>::min();
  BOOST_TEST(!events::is_live(broken, now));
}

BOOST_AUTO_TEST_CASE(a_live_peer_that_roamed_is_left_where_it_is) {
  auto roamed = [](std::int64_t handshake_ns) {
    return after([&](auto& device) {
      device.peers.at(key(1)).config.endpoint = elsewhere;
      device.peers.at(key(1)).last_handshake_ns = handshake_ns;
    });
  };
  BOOST_TEST(roamed(now - 1).empty());
  PeerChange back = change_of(1);
  back.endpoint = home;
  BOOST_TEST((roamed(now - events::handshake_lasts_ns) == only(back)));
  BOOST_TEST((roamed(0) == only(back)));
}

BOOST_AUTO_TEST_CASE(whatever_else_a_live_peer_lacks_it_is_told) {
  PeerChange change = change_of(1);
  change.keepalive_seconds = 25;
  BOOST_TEST((after([](auto& device) {
                auto& peer = device.peers.at(key(1));
                peer.config.endpoint = elsewhere;
                peer.config.keepalive_seconds = 0;
                peer.last_handshake_ns = now - 1;
              }) == only(change)));
}

BOOST_AUTO_TEST_CASE(a_peer_who_calls_has_the_endpoint_it_calls_from) {
  BOOST_TEST((after([](auto& device) {
                device.peers.at(key(2)).config.endpoint = elsewhere;
              }).empty()));
}

// -- why a peer is down ------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_peer_that_is_down_says_why) {
  const PeerConfig calls{home, 25, {}};
  const PeerConfig is_called{};
  auto why = [](const PeerConfig* wanted, const ObservedPeer* there) {
    auto state = events::peer_state(wanted, there, now);
    BOOST_TEST(state.is_up == state.why.empty());
    return state.why;
  };
  ObservedPeer there;
  BOOST_TEST(mentions(why(nullptr, &there), "it is no peer"));
  BOOST_TEST(mentions(why(&calls, nullptr), "does not have it yet"));
  BOOST_TEST(mentions(why(&is_called, &there), "did not call yet"));
  BOOST_TEST(mentions(why(&calls, &there), "nothing was sent"));
  there.sent_bytes = 148;
  BOOST_TEST(mentions(why(&calls, &there), "is not answered"));
  there.received_bytes = 148;
  BOOST_TEST(mentions(why(&calls, &there), "it calls"));
  there.last_handshake_ns = now - events::handshake_lasts_ns;
  BOOST_TEST(mentions(why(&calls, &there), "answered once"));
  there.last_handshake_ns = now + events::handshake_lasts_ns + 1;
  BOOST_TEST(mentions(why(&calls, &there), "set the clock"));
  there.last_handshake_ns = now - 1;
  BOOST_TEST(why(&calls, &there).empty());
}

// -- in words ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_thing_is_said_in_a_line) {
  auto named = [](const TunnelKey& peer) {
    return peer == key(1) ? "laptop" : "another";
  };
  auto hub = desired();
  hub.forwarded = ranges({"10.8.0.0/24"});
  const std::string laptop_added =
      "add laptop, endpoint 192.0.2.1:51820, keepalive every 25 s, allow "
      "10.8.0.1/32";
  BOOST_TEST(events::in_words(difference(hub, {}, now), named) ==
                 (std::vector<std::string>{
                     "create the interface", "set the private key",
                     "listen on port 51820", laptop_added,
                     "add another, allow 10.8.0.2/32, fd00::2/128",
                     "add address 10.8.0.100/24",
                     "forward between peers, within 10.8.0.0/24",
                     "set the interface up"}),
             boost::test_tools::per_element());
  auto change = after([](auto& device) {
    device.addresses.push_back(range("10.9.0.1/24"));
    device.forwarded = ranges({"10.8.0.0/24"});
    device.peers.at(key(1)).config.allowed.push_back(range("10.9.0.7/32"));
    device.peers[key(7)];
  });
  BOOST_TEST(
      events::in_words(change, named) ==
          (std::vector<std::string>{
              "change laptop, no longer allow 10.9.0.7/32", "remove another",
              "remove address 10.9.0.1/24", "forward nothing"}),
      boost::test_tools::per_element());
  BOOST_TEST(events::in_words({}, named).empty());
}

// -- any device --------------------------------------------------------------

namespace {

/// A device in memory that takes changes as a kernel does: a peer that is told
/// to have an address takes it away from whoever had it.
class SimulatedDevice {
 public:
  /// Whether it can take one address away, or only replace all.
  SimulatedDevice(ObservedDevice device, bool takes_one_away)
      : is_(std::move(device)), takes_one_away_(takes_one_away) {}

  void take(const DeviceChange& change) {
    if (change.create) is_.exists = true;
    BOOST_TEST_REQUIRE(is_.exists);
    if (change.key) {
      is_.key = change.key;
      is_.peers.erase(*change.key);
    }
    if (change.listen_port) is_.listen_port = *change.listen_port;
    for (const auto& peer : change.peers) take(peer);
    for (const auto& address : change.add_addresses)
      is_.addresses.push_back(address);
    for (const auto& address : change.remove_addresses)
      std::erase(is_.addresses, address);
    std::sort(is_.addresses.begin(), is_.addresses.end());
    if (change.forward) is_.forwarded = *change.forward;
    if (change.set_up) is_.is_up = true;
  }

  [[nodiscard]] const ObservedDevice& is() const { return is_; }

 private:
  void take(const PeerChange& change) {
    if (change.remove) {
      is_.peers.erase(change.key);
      return;
    }
    BOOST_TEST(is_.peers.contains(change.key) != change.add);
    auto& config = is_.peers[change.key].config;
    if (change.endpoint) config.endpoint = change.endpoint;
    if (change.keepalive_seconds)
      config.keepalive_seconds = *change.keepalive_seconds;
    if (takes_one_away_ || !change.replace) {
      if (takes_one_away_)
        for (const auto& range : change.disallow)
          std::erase(config.allowed, range);
      allow(change.key, change.allow);
    } else {
      config.allowed.clear();
      allow(change.key, *change.replace);
    }
  }

  void allow(const TunnelKey& key, const std::vector<IpRange>& ranges) {
    for (const auto& range : ranges) {
      for (auto& [other, peer] : is_.peers)
        std::erase(peer.config.allowed, range);
      auto& allowed = is_.peers.at(key).config.allowed;
      allowed.insert(std::lower_bound(allowed.begin(), allowed.end(), range),
                     range);
    }
  }

  ObservedDevice is_;
  bool takes_one_away_;
};

/// Devices with few keys, addresses and endpoints, so that they often meet.
class DeviceSource {
 public:
  explicit DeviceSource(std::uint64_t seed) : random_(seed) {}

  bool coin() { return random_.below(2) == 0; }

  DeviceConfig config() {
    DeviceConfig device;
    device.key = key(random_.below(3) + 100);
    device.listen_port = static_cast<std::uint16_t>(51'820 + random_.below(2));
    device.addresses = some_of(ranges(
        {"10.8.0.9/24", "10.8.0.9/32", "192.168.0.1/16", "2001:db8::9/64"}));
    device.forwarded = some_of(ranges({"10.8.0.0/24", "fd00::/64"}));
    for (std::uint32_t number = 0; number < 8; ++number)
      if (coin()) device.peers[key(number)] = peer();
    spread_addresses(device);
    return device;
  }

  /// The same, as somebody else may have left it.
  ObservedDevice observed() {
    if (random_.below(8) == 0) return {};
    auto device = as(config());
    device.is_up = coin();
    if (random_.below(4) == 0) device.key.reset();
    // A device has no peer with its own key.
    if (device.key && coin()) {
      device.key = key(random_.below(8));
      device.peers.erase(*device.key);
    }
    for (auto& [key, peer] : device.peers)
      peer.last_handshake_ns =
          coin() ? 0
                 : now - static_cast<std::int64_t>(random_.below(360)) *
                             1'000'000'000;
    return device;
  }

 private:
  static TunnelKey key(std::uint64_t number) {
    return tests::key(static_cast<std::uint32_t>(number));
  }

  std::vector<IpRange> some_of(const std::vector<IpRange>& all) {
    std::vector<IpRange> some;
    std::copy_if(all.begin(), all.end(), std::back_inserter(some),
                 [&](const auto&) { return coin(); });
    return some;
  }

  PeerConfig peer() {
    PeerConfig config;
    if (coin()) config.endpoint = coin() ? home : elsewhere;
    config.keepalive_seconds = coin() ? 25 : 0;
    return config;
  }

  /// No two peers have the same range.
  void spread_addresses(DeviceConfig& device) {
    if (device.peers.empty()) return;
    for (const auto& range : ranges(
             {"10.8.0.0/24", "10.8.0.1/32", "10.8.0.2/32", "10.8.0.3/32",
              "192.168.0.1/32", "2001:db8::1/128", "fd00::/64", "fd00::1/128"}))
      if (auto chosen = random_.below(device.peers.size() + 1);
          chosen < device.peers.size())
        std::next(device.peers.begin(), static_cast<std::ptrdiff_t>(chosen))
            ->second.allowed.push_back(range);
  }

  Random random_;
};

/// Peers that are not as they should be, roaming aside.
std::size_t wrong_peers(const DeviceConfig& desired,
                        const ObservedDevice& observed) {
  std::size_t wrong = 0;
  for (const auto& [key, peer] : observed.peers)
    wrong += desired.peers.contains(key) ? 0U : 1U;
  for (const auto& [key, config] : desired.peers) {
    auto there = observed.peers.find(key);
    if (there == observed.peers.end()) {
      ++wrong;
      continue;
    }
    auto as_it_is = there->second.config;
    if (!config.endpoint || events::is_live(there->second, now))
      as_it_is.endpoint = config.endpoint;
    wrong += as_it_is == config ? 0U : 1U;
  }
  return wrong;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_device_that_took_the_difference_is_right) {
  auto first = seed_or(20260403);
  for (auto seed = first; seed < first + 2'000; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      DeviceSource source{seed};
      auto wanted = source.config();
      SimulatedDevice device{source.observed(), source.coin()};
      auto change = difference(wanted, device.is(), now);
      BOOST_TEST(change.peers.size() == wrong_peers(wanted, device.is()));
      device.take(change);
      BOOST_TEST(difference(wanted, device.is(), now).empty());
      // Nor is it only blind to what is left.
      auto is = device.is();
      for (auto& [key, peer] : is.peers) {
        auto& endpoint = peer.config.endpoint;
        const auto& due = wanted.peers.at(key).endpoint;
        BOOST_TEST((!due || endpoint == due || events::is_live(peer, now)));
        endpoint = due;
        peer.last_handshake_ns = 0;
      }
      BOOST_TEST((is == as(wanted)));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
