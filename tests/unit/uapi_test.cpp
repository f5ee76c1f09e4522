// What a WireGuard program is told, and what it answers.
#include "runtime/uapi.hpp"

#include "store/hash.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::DeviceChange;
using events::Endpoint;
using events::IpRange;
using events::ObservedPeer;
using events::PeerChange;
using events::TunnelKey;
using runtime::parse_uapi_reply;
using runtime::parse_uapi_result;
using runtime::TunnelKeys;
using runtime::uapi_set;
using runtime::UapiDialect;
using store::ErrorCode;

namespace {

constexpr std::int64_t now = 1'790'000'000'000'000'000;

/// By wg genkey and wg pubkey.
const std::string own_secret =
    "28d7fe12c321c3b4837e1bf7a8fba4045ef75cc32d3882e9f0d6ad849e3aac6a";
const std::string own_public =
    "b1e30dfeab347f1610e6eb8b2065613dce1dde89a5ae37920604924b0a855465";

std::string key_text(char digit) { return std::string(64, digit); }
TunnelKey key(char digit) { return of_hex<TunnelKey>(key_text(digit)); }

IpRange range(std::string_view text) {
  auto parsed = IpRange::parse(text);
  BOOST_REQUIRE(parsed);
  return *parsed;
}

Endpoint endpoint(std::string_view text) {
  auto parsed = Endpoint::parse(text);
  BOOST_REQUIRE(parsed);
  return *parsed;
}

PeerChange change_of(char digit) {
  PeerChange change;
  change.key = key(digit);
  return change;
}

std::string set_text(const DeviceChange& change) {
  return std::string{uapi_set(change, {})};
}

std::string set_text(const PeerChange& peer) {
  DeviceChange change;
  change.peers = {peer};
  return set_text(change);
}

/// The reply of a device with one peer that has these lines.
std::string with_peer(const std::string& lines) {
  return "private_key=" + own_secret + "\npublic_key=" + key_text('1') + "\n" +
         lines + "errno=0\n\n";
}

ObservedPeer only_peer(const std::string& reply) {
  auto peers = must(parse_uapi_reply(reply, now)).device.peers;
  BOOST_REQUIRE(peers.size() == 1U);
  return peers.begin()->second;
}

bool is_refused(const std::string& reply) {
  auto parsed = parse_uapi_reply(reply, now);
  return !parsed && parsed.error().code == ErrorCode::bad_input;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(uapi)

// -- requests -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(nothing_to_tell_is_no_request) {
  DeviceChange change;
  change.create = true;
  change.set_up = true;
  change.add_addresses = {range("10.8.0.1/24")};
  BOOST_TEST(set_text(change).empty());
}

BOOST_AUTO_TEST_CASE(a_device_is_told_before_its_peers) {
  DeviceChange change;
  change.key = of_hex<TunnelKey>(own_public);
  change.listen_port = 51'820;
  auto peer = change_of('a');
  peer.add = true;
  peer.endpoint = endpoint("[2001:db8::1]:7");
  peer.keepalive_seconds = 25;
  peer.allow = {range("10.8.0.2/32"), range("fd00::2/128")};
  change.peers = {peer};
  auto secret = bytes_of_hex(own_secret);
  auto request = uapi_set(
      change, TunnelKeys::Secret{secret.data(), TunnelKeys::Secret::extent});
  BOOST_TEST(std::string{request} ==
             "set=1\nprivate_key=" + own_secret +
                 "\nlisten_port=51820\npublic_key=" + key_text('a') +
                 "\nendpoint=[2001:db8::1]:7\n"
                 "persistent_keepalive_interval=25\n"
                 "allowed_ip=10.8.0.2/32\n"
                 "allowed_ip=fd00::2/128\n\n");
}

BOOST_AUTO_TEST_CASE(a_peer_that_goes_is_told_nothing_else) {
  auto peer = change_of('a');
  peer.remove = true;
  BOOST_TEST(set_text(peer) ==
             "set=1\npublic_key=" + key_text('a') + "\nremove=true\n\n");
}

BOOST_AUTO_TEST_CASE(one_change_of_a_peer_is_one_line) {
  auto peer = change_of('a');
  peer.keepalive_seconds = 0;
  BOOST_TEST(set_text(peer) == "set=1\npublic_key=" + key_text('a') +
                                   "\npersistent_keepalive_interval=0\n\n");
}

BOOST_AUTO_TEST_CASE(a_peer_that_loses_an_address_gets_its_whole_list) {
  auto peer = change_of('a');
  peer.allow = {range("10.8.0.3/32")};
  peer.disallow = {range("10.8.0.2/32")};
  peer.replace = {range("10.8.0.3/32"), range("10.8.0.4/32")};
  BOOST_TEST(set_text(peer) == "set=1\npublic_key=" + key_text('a') +
                                   "\nreplace_allowed_ips=true\n"
                                   "allowed_ip=10.8.0.3/32\n"
                                   "allowed_ip=10.8.0.4/32\n\n");
}

BOOST_AUTO_TEST_CASE(a_preshared_key_is_told_and_taken_away) {
  DeviceChange change;
  auto peer = change_of('a');
  runtime::PresharedSecrets secrets;
  auto secret = store::allocate_secret(TunnelKeys::Secret::extent);
  std::fill_n(secret.get(), TunnelKeys::Secret::extent, std::uint8_t{0xab});
  auto hash = store::preshared_hash({secret.get(), TunnelKeys::Secret::extent});
  secrets.emplace(hash, std::move(secret));
  auto lines_of = [&](const Hash& preshared) {
    peer.preshared = preshared;
    change.peers = {peer};
    return std::string{uapi_set(change, {}, secrets)};
  };
  auto begin = "set=1\npublic_key=" + key_text('a') + "\npreshared_key=";
  std::string told;
  for (int i = 0; i < 32; ++i) told += "ab";
  BOOST_TEST(lines_of(hash) == begin + told + "\n\n");
  BOOST_TEST(lines_of({}) == begin + std::string(64, '0') + "\n\n");
}

BOOST_AUTO_TEST_CASE(the_hash_of_a_preshared_key_is_seen) {
  std::string told;
  for (int i = 0; i < 32; ++i) told += "ab";
  auto seen = only_peer(with_peer("preshared_key=" + told + "\n"));
  BOOST_TEST((seen.config.preshared ==
              store::preshared_hash(Bytes(32, std::uint8_t{0xab}))));
  seen = only_peer(with_peer("preshared_key=" + std::string(64, '0') + "\n"));
  BOOST_TEST((seen.config.preshared == Hash{}));
  BOOST_TEST(is_refused(with_peer("preshared_key=abcd\n")));
}

BOOST_AUTO_TEST_CASE(a_peer_can_lose_all_its_addresses) {
  auto peer = change_of('a');
  peer.disallow = {range("10.8.0.2/32")};
  peer.replace.emplace();
  BOOST_TEST(set_text(peer) == "set=1\npublic_key=" + key_text('a') +
                                   "\nreplace_allowed_ips=true\n\n");
}

// -- what boringtun can take --------------------------------------------------

BOOST_AUTO_TEST_CASE(a_changed_peer_is_removed_and_added_with_all_it_has) {
  ObservedPeer there;
  there.config = {endpoint("192.0.2.1:1"), 25, {range("10.8.0.2/32")}};
  auto change = change_of('a');
  change.allow = {range("10.8.0.3/32")};
  auto possible =
      runtime::with_peers_added_again({change}, {{key('a'), there}});
  BOOST_REQUIRE(possible.size() == 2U);
  auto removal = change_of('a');
  removal.remove = true;
  BOOST_TEST((possible[0] == removal));
  auto addition = change_of('a');
  addition.add = true;
  addition.endpoint = there.config.endpoint;
  addition.keepalive_seconds = std::uint16_t{25};
  addition.allow = {range("10.8.0.2/32"), range("10.8.0.3/32")};
  BOOST_TEST((possible[1] == addition));
}

BOOST_AUTO_TEST_CASE(what_changes_of_a_peer_wins_over_what_it_has) {
  ObservedPeer there;
  there.config = {endpoint("192.0.2.1:1"), 25, {range("10.8.0.2/32")}};
  auto change = change_of('a');
  change.endpoint = endpoint("192.0.2.2:2");
  change.keepalive_seconds = 0;
  change.disallow = {range("10.8.0.2/32")};
  change.allow = {range("10.8.0.3/32")};
  auto added =
      runtime::with_peers_added_again({change}, {{key('a'), there}}).at(1);
  BOOST_TEST((added.endpoint == change.endpoint));
  BOOST_TEST((added.keepalive_seconds == std::uint16_t{0}));
  BOOST_TEST((added.allow == change.allow));
  BOOST_TEST(added.disallow.empty());
}

BOOST_AUTO_TEST_CASE(peers_that_come_or_go_are_left_as_they_are) {
  auto addition = change_of('a');
  addition.add = true;
  auto removal = change_of('b');
  removal.remove = true;
  std::vector<PeerChange> changes{addition, removal};
  BOOST_TEST(
      (runtime::with_peers_added_again(changes, {{key('b'), {}}}) == changes));
}

// -- replies ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_device_without_a_key_has_nothing) {
  auto reply = must(parse_uapi_reply("errno=0\n\n", now));
  BOOST_TEST((reply.device == events::ObservedDevice{}));
  BOOST_TEST(!reply.dialect.has_value());
}

BOOST_AUTO_TEST_CASE(wireguard_go_is_understood) {
  auto reply = must(parse_uapi_reply(
      "private_key=" + own_secret + "\nlisten_port=51820\nfwmark=7\n" +
          "public_key=" + key_text('2') + "\npreshared_key=" + key_text('0') +
          "\nprotocol_version=1\nendpoint=192.0.2.1:51821\n"
          "last_handshake_time_sec=1789999990\n"
          "last_handshake_time_nsec=5\ntx_bytes=18446744073709551615\n"
          "rx_bytes=92\npersistent_keepalive_interval=25\n"
          "allowed_ip=10.8.0.0/24\nallowed_ip=10.7.0.1/32\n" +
          "public_key=" + key_text('1') + "\npreshared_key=" + key_text('9') +
          "\nprotocol_version=1\nlast_handshake_time_sec=0\n"
          "last_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"
          "persistent_keepalive_interval=0\nerrno=0\n\n",
      now));
  BOOST_TEST((reply.dialect == UapiDialect::wireguard_go));
  events::ObservedDevice expected;
  expected.key = of_hex<TunnelKey>(own_public);
  expected.listen_port = 51'820;
  auto& peer = expected.peers[key('2')];
  peer.config = {endpoint("192.0.2.1:51821"),
                 25,
                 {range("10.7.0.1/32"), range("10.8.0.0/24")}};
  peer.last_handshake_ns = 1'789'999'990'000'000'005;
  peer.received_bytes = 92;
  peer.sent_bytes = 18'446'744'073'709'551'615U;
  expected.peers[key('1')].config.preshared =
      store::preshared_hash(bytes_of_hex(key_text('9')));
  BOOST_TEST((reply.device == expected));
}

BOOST_AUTO_TEST_CASE(boringtun_is_understood) {
  auto reply = must(parse_uapi_reply(
      "own_public_key=" + own_public +
          "\nlisten_port=51820\npublic_key=" + key_text('2') +
          "\npersistent_keepalive_interval=25\nendpoint=[2001:db8::1]:9\n"
          "allowed_ip=10.8.0.2/32\nlast_handshake_time_sec=9\n"
          "last_handshake_time_nsec=999999999\nrx_bytes=1\ntx_bytes=2\n"
          "public_key=" +
          key_text('3') + "\nrx_bytes=0\ntx_bytes=0\nerrno=0\n\n",
      now));
  BOOST_TEST((reply.dialect == UapiDialect::boringtun));
  BOOST_TEST((reply.device.key == of_hex<TunnelKey>(own_public)));
  const auto& peer = reply.device.peers.at(key('2'));
  BOOST_TEST(peer.last_handshake_ns == now - 9'999'999'999);
  BOOST_TEST((peer.config.endpoint == endpoint("[2001:db8::1]:9")));
  BOOST_TEST(reply.device.peers.at(key('3')).last_handshake_ns == 0);
}

BOOST_AUTO_TEST_CASE(a_handshake_older_than_time_is_none) {
  auto peer = only_peer("own_public_key=" + own_public +
                        "\npublic_key=" + key_text('1') +
                        "\nlast_handshake_time_sec=9000000000\nerrno=0\n\n");
  BOOST_TEST(peer.last_handshake_ns == 0);
}

BOOST_AUTO_TEST_CASE(each_peer_has_its_own_handshake) {
  auto reply = with_peer(
      "last_handshake_time_sec=1\npublic_key=" + key_text('2') + "\n");
  auto device = must(parse_uapi_reply(reply, now)).device;
  BOOST_TEST(device.peers.at(key('1')).last_handshake_ns == 1'000'000'000);
  BOOST_TEST(device.peers.at(key('2')).last_handshake_ns == 0);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_passed_over) {
  auto peer = only_peer(with_peer("color=green\nallowed_ip=10.8.0.2/32\n"));
  BOOST_TEST((peer.config.allowed == std::vector{range("10.8.0.2/32")}));
}

BOOST_AUTO_TEST_CASE(ranges_are_told_by_their_first_address) {
  auto peer =
      only_peer(with_peer("allowed_ip=10.8.0.7/24\nallowed_ip=10.8.0.0/24\n"));
  BOOST_TEST((peer.config.allowed == std::vector{range("10.8.0.0/24")}));
}

// A peer chooses where it sends from, and must not hide the others by that.
BOOST_AUTO_TEST_CASE(strange_places_that_a_peer_sends_from_are_no_error) {
  BOOST_TEST(
      (only_peer(with_peer("endpoint=[fe80::1%eth0]:9\n")).config.endpoint ==
       endpoint("[fe80::1]:9")));
  BOOST_TEST(!only_peer(with_peer("endpoint=192.0.2.1:0\n")).config.endpoint);
}

// -- replies that are none ----------------------------------------------------

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_off_is_refused) {
  auto whole = with_peer("endpoint=192.0.2.1:1\nallowed_ip=10.8.0.2/32\n");
  for (std::size_t size = 0; size < whole.size(); ++size)
    BOOST_TEST(is_refused(whole.substr(0, size)), "size " << size);
  BOOST_TEST(!is_refused(whole));
  BOOST_TEST(is_refused(whole + "\n"));
}

BOOST_AUTO_TEST_CASE(values_out_of_bounds_are_refused) {
  for (const auto* line :
       {"endpoint=nowhere:1", "endpoint=192.0.2.1", "endpoint=192.0.2.1:65536",
        "endpoint=%]:1", "persistent_keepalive_interval=65536",
        "persistent_keepalive_interval=-1",
        "persistent_keepalive_interval=", "allowed_ip=10.8.0.0/33",
        "allowed_ip=-10.8.0.0/24", "last_handshake_time_sec=9000000001",
        "last_handshake_time_sec=-1", "last_handshake_time_nsec=1000000000",
        "last_handshake_time_nsec=-1", "rx_bytes=18446744073709551616",
        "tx_bytes=1e3", "public_key=12", "no equals sign"})
    BOOST_TEST(is_refused(with_peer(std::string{line} + "\n")), line);
  BOOST_TEST(is_refused("listen_port=65536\nerrno=0\n\n"));
  BOOST_TEST(is_refused("own_public_key=12\nerrno=0\n\n"));
}

BOOST_AUTO_TEST_CASE(a_peer_told_twice_is_refused) {
  BOOST_TEST(is_refused(with_peer("public_key=" + key_text('1') + "\n")));
}

BOOST_AUTO_TEST_CASE(more_peers_than_there_can_be_are_refused) {
  auto peers = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      TunnelKey one;
      one.bytes[0] = static_cast<std::uint8_t>(i);
      one.bytes[1] = static_cast<std::uint8_t>(i >> 8U);
      one.bytes[2] = static_cast<std::uint8_t>(i >> 16U);
      text += "public_key=" + one.hex() + "\n";
    }
    return text + "errno=0\n\n";
  };
  BOOST_TEST(!is_refused(peers(runtime::uapi_peers_max)));
  BOOST_TEST(is_refused(peers(runtime::uapi_peers_max + 1)));
}

BOOST_AUTO_TEST_CASE(a_line_without_an_end_is_refused) {
  BOOST_TEST(is_refused(with_peer("x=" + std::string(300, 'x') + "\n")));
}

BOOST_AUTO_TEST_CASE(a_private_key_is_not_quoted) {
  auto damaged = own_secret;
  damaged.back() = 'g';
  for (const auto& wrong : {damaged, own_secret.substr(2), own_secret + "00"}) {
    auto error = error_of(
        parse_uapi_reply("private_key=" + wrong + "\nerrno=0\n\n", now));
    BOOST_TEST(mentions(error.message, "line 1: private_key"));
    BOOST_TEST(!mentions(error.message, own_secret.substr(10, 6)));
  }
}

// -- results ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_result_of_zero_is_success) {
  must(parse_uapi_result("errno=0\n\n"));
}

BOOST_AUTO_TEST_CASE(each_program_has_its_own_sign_of_errors) {
  for (const auto* result : {"errno=-98\n\n", "errno=98\n\n"}) {
    auto error = error_of(parse_uapi_result(result));
    BOOST_TEST(error.code == ErrorCode::bad_input);
    BOOST_TEST(mentions(error.message, "98: Address already in use"));
  }
  BOOST_TEST(is_refused("listen_port=1\nerrno=-5\n\n"));
}

BOOST_AUTO_TEST_CASE(what_is_no_result_is_refused) {
  for (const auto* result :
       {"", "\n", "errno=0\n", "errno=0", "errno=\n\n", "errno=no\n\n",
        "errno=0\n\nerrno=0\n\n", "listen_port=1\nerrno=0\n\n",
        "errno=2147483648\n\n"})
    BOOST_TEST(is_error(parse_uapi_result(result), ErrorCode::bad_input),
               result);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
