// Which peers of a device a look shows to be otherwise than the look before.
#include "events/peer_watch.hpp"

#include <iostream>

#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::ObservedDevice;
using events::PeerWatch;
using Keys = std::vector<events::TunnelKey>;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t some_time = 1'780'000'000 * second;

std::shared_ptr<ObservedDevice> device_of(std::uint32_t count) {
  auto device = std::make_shared<ObservedDevice>();
  for (std::uint32_t i = 1; i <= count; ++i) device->peers[tunnel_key_of(i)];
  return device;
}

Keys sorted(Keys keys) {
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// What was seen, and when.
using Look = std::pair<std::shared_ptr<const ObservedDevice>, std::int64_t>;

Keys differences(const Look& then, const Look& now) {
  std::set<events::TunnelKey> all;
  for (const auto& look : {then, now})
    for (const auto& [key, peer] : look.first->peers) all.insert(key);
  Keys changed;
  for (const auto& key : all) {
    auto was = then.first->peers.find(key);
    auto is = now.first->peers.find(key);
    bool is_same = was != then.first->peers.end() &&
                   is != now.first->peers.end() && was->second == is->second &&
                   events::is_live(was->second, then.second) ==
                       events::is_live(is->second, now.second);
    if (!is_same) changed.push_back(key);
  }
  return changed;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(peer_watch)

BOOST_AUTO_TEST_CASE(all_are_new_at_the_first_look) {
  PeerWatch watch;
  BOOST_TEST((watch.look(device_of(2), some_time) ==
              sorted({tunnel_key_of(1), tunnel_key_of(2)})));
}

BOOST_AUTO_TEST_CASE(a_peer_that_came_or_went_is_told) {
  PeerWatch watch;
  watch.look(device_of(2), some_time);
  auto device = device_of(3);
  device->peers.erase(tunnel_key_of(1));
  BOOST_TEST((watch.look(device, some_time) ==
              sorted({tunnel_key_of(1), tunnel_key_of(3)})));
}

BOOST_AUTO_TEST_CASE(a_handshake_that_grew_old_is_told_once) {
  PeerWatch watch;
  auto device = device_of(2);
  device->peers[tunnel_key_of(2)].last_handshake_ns = some_time;
  watch.look(device, some_time + second);
  BOOST_TEST(watch.look(device, some_time + 179 * second).empty());
  BOOST_TEST(
      (watch.look(device, some_time + 180 * second) == Keys{tunnel_key_of(2)}));
  BOOST_TEST(watch.look(device, some_time + 181 * second).empty());
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_is_no_reason_to_miss_something) {
  PeerWatch watch;
  auto device = device_of(1);
  device->peers[tunnel_key_of(1)].last_handshake_ns = some_time;
  watch.look(device, some_time + second);
  BOOST_TEST(
      (watch.look(device, some_time - 200 * second) == Keys{tunnel_key_of(1)}));
}

BOOST_AUTO_TEST_CASE(what_is_told_is_what_differs) {
  auto seed = seed_or(1);
  std::cout << "PPN_TEST_SEED=" << seed << '\n';
  Random random{seed};
  PeerWatch watch;
  Look then{std::make_shared<ObservedDevice>(), some_time};
  for (int turn = 0; turn < 2'000; ++turn) {
    auto device = std::make_shared<ObservedDevice>(*then.first);
    auto key = tunnel_key_of(static_cast<std::uint32_t>(random.below(6)));
    auto what = random.below(6);
    auto now_ns =
        some_time + static_cast<std::int64_t>(random.below(2'000)) * second;
    if (what == 0) device->peers.erase(key);
    if (what == 1) device->peers[key].received_bytes += 1;
    if (what == 2) device->peers[key].last_handshake_ns = now_ns;
    if (what == 3) device->peers[key].config.keepalive_seconds ^= 25U;
    Look now{what < 4 ? device : then.first, now_ns};
    BOOST_REQUIRE(watch.look(now.first, now.second) == differences(then, now));
    then = now;
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
