// The messages of the kernel's WireGuard, held against those that wg sent to
// one and got from it.
#include "runtime/wireguard_netlink.hpp"

#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <set>
#include <sstream>

#include "runtime/netlink_bytes.hpp"
#include "runtime/wireguard.hpp"
#include "tests/support/wg_dump.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/project_file.hpp"

namespace ppn::events {

std::ostream& boost_test_print_type(std::ostream& out, const IpRange& range) {
  return out << range.text();
}

}  // namespace ppn::events

namespace ppn::tests {

namespace {

using events::Endpoint;
using events::IpRange;
using events::PeerChange;
using events::TunnelKey;
using runtime::NetlinkReader;
using runtime::NetlinkWriter;
using runtime::WireguardAnswer;
using store::ErrorCode;

constexpr std::uint32_t sequence = 7;
const runtime::WireguardTarget wg0{0x20, "wg0"};

// -- what was recorded --------------------------------------------------------

struct Recorded {
  std::vector<Bytes> sent;
  std::vector<Bytes> received;
  std::string printed;
};

Recorded recorded(const std::string& name) {
  std::istringstream text{
      project_file("tests/unit/recorded_wg/" + name + ".txt")};
  std::vector<std::pair<char, std::string>> datagrams;
  Recorded all;
  for (std::string line; std::getline(text, line);) {
    auto rest = line.substr(2);
    if (line[0] == '=') all.printed += rest + "\n";
    if (line[0] == '>' || line[0] == '<') datagrams.emplace_back(line[0], rest);
    if (line[0] == ' ') datagrams.back().second += rest;
  }
  for (const auto& [way, hex] : datagrams)
    (way == '>' ? all.sent : all.received).push_back(bytes_of_hex(hex));
  return all;
}

std::uint32_t sequence_of(const Bytes& message) {
  return NetlinkReader{message}.header<nlmsghdr>()->nlmsg_seq;
}

// -- what requests say --------------------------------------------------------

/// Attributes by their number, in hexadecimal.
using Attributes = std::map<int, std::string>;

struct ToldPeer {
  /// Of the first of its parts.
  Attributes attributes;
  std::multiset<std::string> allowed;
  int parts = 0;
};

struct Told {
  Attributes device;
  std::map<std::string, ToldPeer> peers;
};

Attributes attributes_of(ByteView bytes) {
  Attributes attributes;
  for (NetlinkReader reader{bytes}; !reader.empty();) {
    auto attribute = reader.attribute();
    BOOST_REQUIRE(attribute);
    attributes.emplace(attribute->type, to_hex(attribute->value));
  }
  return attributes;
}

/// Calls `use` with each attribute that must be marked as holding others.
template <class Use>
void for_each_nested(ByteView bytes, Use use) {
  for (NetlinkReader reader{bytes}; !reader.empty();) {
    auto header = NetlinkReader{reader.rest()}.header<nlattr>();
    BOOST_REQUIRE(header);
    BOOST_TEST((header->nla_type & NLA_F_NESTED) != 0);
    auto attribute = reader.attribute();
    BOOST_REQUIRE(attribute);
    use(attribute->value);
  }
}

void note_peer(Told& told, ByteView bytes) {
  auto attributes = attributes_of(bytes);
  auto allowed = attributes.extract(WGPEER_A_ALLOWEDIPS);
  auto& peer = told.peers[attributes.at(WGPEER_A_PUBLIC_KEY)];
  if (peer.parts++ == 0) peer.attributes = attributes;
  if (allowed.empty()) return;
  for_each_nested(bytes_of_hex(allowed.mapped()), [&](auto range) {
    std::string text;
    for (const auto& [type, value] : attributes_of(range))
      text += std::to_string(type) + "=" + value + " ";
    peer.allowed.insert(text);
  });
}

/// A message has one length, and says what it says to SET_DEVICE.
void note_message(Told& told, ByteView bytes) {
  NetlinkReader reader{bytes};
  auto header = reader.header<nlmsghdr>();
  auto generic = reader.header<genlmsghdr>();
  BOOST_REQUIRE(header && generic);
  BOOST_TEST(header->nlmsg_len == bytes.size());
  BOOST_TEST(header->nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK));
  BOOST_TEST(int{generic->cmd} == int{WG_CMD_SET_DEVICE});
  auto attributes = attributes_of(reader.rest());
  if (auto peers = attributes.extract(WGDEVICE_A_PEERS); !peers.empty())
    for_each_nested(bytes_of_hex(peers.mapped()),
                    [&](auto peer) { note_peer(told, peer); });
  told.device.merge(attributes);
}

template <class Messages>
Told told_by(const Messages& messages) {
  Told told;
  for (const auto& message : messages) {
    if constexpr (requires { message.view(); })
      note_message(told, message.view());
    else
      note_message(told, message);
  }
  return told;
}

void check_same(const Told& ours, const Told& theirs) {
  BOOST_TEST((ours.device == theirs.device));
  BOOST_TEST(ours.peers.size() == theirs.peers.size());
  for (const auto& [key, peer] : theirs.peers) {
    BOOST_REQUIRE(ours.peers.contains(key));
    BOOST_TEST_CONTEXT("peer " << key) {
      BOOST_TEST((ours.peers.at(key).attributes == peer.attributes));
      BOOST_TEST((ours.peers.at(key).allowed == peer.allowed));
    }
  }
}

// -- what is asked for --------------------------------------------------------

TunnelKey key(int number) {
  TunnelKey key;
  key.bytes.fill(static_cast<std::uint8_t>(number));
  return key;
}

std::vector<IpRange> ranges(std::initializer_list<const char*> texts) {
  std::vector<IpRange> ranges;
  for (const auto* text : texts) ranges.push_back(*IpRange::parse(text));
  return ranges;
}

PeerChange change_of(int number) {
  PeerChange change;
  change.key = key(number);
  return change;
}

PeerChange addition(int number) {
  auto change = change_of(number);
  change.add = true;
  return change;
}

std::vector<runtime::WireguardRequest> requests(
    const events::DeviceChange& change) {
  return runtime::set_device(wg0, change, std::nullopt);
}

std::uint32_t flags_of(const ToldPeer& peer) {
  auto bytes = bytes_of_hex(peer.attributes.at(WGPEER_A_FLAGS));
  return *NetlinkReader{bytes}.header<std::uint32_t>();
}

// -- what is answered ---------------------------------------------------------

/// A message that says what `fill` writes behind the headers.
template <class Fill>
Bytes answer(Fill fill, std::uint16_t flags = NLM_F_MULTI,
             std::uint16_t type = 0x20) {
  NetlinkWriter writer{runtime::wireguard_message_max};
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  header.nlmsg_seq = sequence;
  writer.put_header(header);
  if (type >= NLMSG_MIN_TYPE)
    writer.put_header(genlmsghdr{WG_CMD_GET_DEVICE, 1, 0});
  fill(writer);
  return writer.take_message();
}

template <class Fill>
Bytes answer_of_peer(Fill fill) {
  return answer([&](auto& writer) {
    auto peers = writer.begin(WGDEVICE_A_PEERS);
    auto peer = writer.begin(0);
    fill(writer);
    writer.end(peer);
    writer.end(peers);
  });
}

template <class Fill>
Bytes answer_of_allowed(Fill fill) {
  return answer_of_peer([&](auto& writer) {
    writer.put(WGPEER_A_PUBLIC_KEY, key(1).view());
    auto allowed = writer.begin(WGPEER_A_ALLOWEDIPS);
    auto one = writer.begin(0);
    fill(writer);
    writer.end(one);
    writer.end(allowed);
  });
}

Bytes ending(int error, std::uint16_t type = NLMSG_DONE,
             std::uint16_t flags = NLM_F_MULTI) {
  return answer([&](auto& writer) { writer.put_header(-error); }, flags, type);
}

store::Status verdict_on(const Bytes& datagram) {
  return WireguardAnswer{sequence}.take(datagram);
}

template <class Fill>
void check_malformed(Fill fill) {
  auto verdict = verdict_on(answer_of_peer([&](auto& writer) {
    writer.put(WGPEER_A_PUBLIC_KEY, key(1).view());
    fill(writer);
  }));
  BOOST_TEST(is_error(verdict, ErrorCode::bad_input));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wireguard_netlink)

BOOST_AUTO_TEST_CASE(a_device_is_set_as_wg_sets_it) {
  events::DeviceChange change;
  change.key = key(0);
  change.listen_port = 51820;
  change.peers = {addition(1), addition(2)};
  change.peers[0].endpoint = Endpoint::parse("192.0.2.1:1001");
  change.peers[0].keepalive_seconds = 25;
  change.peers[0].allow = ranges({"10.8.0.1/32", "fd00:8::1/128"});
  change.peers[1].endpoint = Endpoint::parse("[2001:db8::2]:1002");
  change.peers[1].allow = ranges({"10.8.0.2/32"});
  check_same(told_by(runtime::set_device(wg0, change, key(200).bytes)),
             told_by(recorded("set").sent));
}

BOOST_AUTO_TEST_CASE(a_peer_is_changed_as_wg_does_it_but_never_brought_back) {
  events::DeviceChange change;
  change.peers = {change_of(1)};
  change.peers[0].endpoint = Endpoint::parse("192.0.2.9:1009");
  auto ours = told_by(requests(change));
  auto& attributes = ours.peers.at(key(1).hex()).attributes;
  BOOST_TEST(flags_of(ours.peers.at(key(1).hex())) == WGPEER_F_UPDATE_ONLY);
  attributes.erase(WGPEER_A_FLAGS);
  check_same(ours, told_by(recorded("change").sent));
}

BOOST_AUTO_TEST_CASE(a_peer_is_removed_as_wg_does_it) {
  events::DeviceChange change;
  change.peers = {change_of(1)};
  change.peers[0].remove = true;
  check_same(told_by(requests(change)), told_by(recorded("remove").sent));
}

BOOST_AUTO_TEST_CASE(many_peers_are_told_as_wg_tells_them) {
  auto theirs = recorded("add_many").sent;
  BOOST_TEST(theirs.size() == 2U);
  events::DeviceChange change;
  for (int i = 1; i <= 40; ++i) {
    auto number = std::to_string(i);
    auto& peer = change.peers.emplace_back(addition(i));
    peer.allow.push_back(*IpRange::parse("10.8.0." + number));
    peer.allow.push_back(*IpRange::parse("fd00:8::" + number));
    auto port = std::to_string(1000 + i);
    if (i % 3 == 1)
      peer.endpoint = Endpoint::parse("192.0.2." + number + ":" + port);
    if (i % 3 == 2)
      peer.endpoint = Endpoint::parse("[2001:db8::" + number + "]:" + port);
    if (i % 2 == 1) peer.keepalive_seconds = i;
    if (i == 12)
      for (int j = 1; j <= 60; ++j)
        peer.allow.push_back(
            *IpRange::parse("10.9." + std::to_string(j) + ".0/24"));
  }
  auto ours = requests(change);
  BOOST_TEST(ours.size() == 1U);
  check_same(told_by(ours), told_by(theirs));
}

BOOST_AUTO_TEST_CASE(what_a_peer_loses_is_told_as_what_it_keeps) {
  events::DeviceChange change;
  change.peers = {change_of(1)};
  auto& peer = change.peers[0];
  peer.allow = ranges({"10.8.0.3/32"});
  peer.disallow = ranges({"10.8.0.1/32"});
  peer.replace = ranges({"10.8.0.2/32", "10.8.0.3/32"});
  auto told = told_by(requests(change)).peers.at(key(1).hex());
  BOOST_TEST(flags_of(told) ==
             (WGPEER_F_UPDATE_ONLY | WGPEER_F_REPLACE_ALLOWEDIPS));
  BOOST_TEST(told.allowed.size() == 2U);
  peer.allow.clear();
  peer.replace->clear();
  told = told_by(requests(change)).peers.at(key(1).hex());
  BOOST_TEST(flags_of(told) ==
             (WGPEER_F_UPDATE_ONLY | WGPEER_F_REPLACE_ALLOWEDIPS));
  BOOST_TEST(told.allowed.empty());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_goes_on_in_the_next_message) {
  events::DeviceChange change;
  change.listen_port = 1;
  for (int i = 1; i <= 250; ++i) {
    auto& peer = change.peers.emplace_back(addition(i));
    peer.endpoint = Endpoint::parse("[2001:db8::1]:1");
    peer.keepalive_seconds = 25;
    int count = i == 100 ? 2500 : 1 + i % 3;
    for (int j = 0; j < count; ++j) {
      auto range = *IpRange::parse(j % 2 == 0 ? "fd00::/128" : "10.0.0.0/32");
      range.address.bytes[1] = static_cast<std::uint8_t>(i);
      range.address.bytes[2] = static_cast<std::uint8_t>(j / 256);
      range.address.bytes[3] = static_cast<std::uint8_t>(j % 256);
      peer.allow.push_back(range);
    }
  }
  auto messages = requests(change);
  BOOST_TEST(messages.size() == 4U);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto size = messages[i].view().size();
    BOOST_TEST(size <= runtime::wireguard_message_max);
    // They are filled.
    if (i + 1 < messages.size())
      BOOST_TEST(size > runtime::wireguard_message_max - 200);
    Told alone;
    note_message(alone, messages[i].view());
    BOOST_TEST(alone.device.contains(WGDEVICE_A_LISTEN_PORT) == (i == 0));
    if (i == 0) continue;
    // One that goes on replaces nothing, and is not made anew.
    for (const auto& [name, peer] : alone.peers)
      if (name == key(100).hex() &&
          !peer.attributes.contains(WGPEER_A_ENDPOINT))
        BOOST_TEST(flags_of(peer) == WGPEER_F_UPDATE_ONLY);
  }
  auto told = told_by(messages);
  BOOST_TEST(told.peers.size() == change.peers.size());
  for (const auto& peer : change.peers)
    BOOST_TEST(told.peers.at(peer.key.hex()).allowed.size() ==
               peer.allow.size());
  BOOST_TEST(told.peers.at(key(100).hex()).parts > 2);
}

BOOST_AUTO_TEST_CASE(a_device_is_asked_for_as_wg_asks) {
  auto ours = runtime::get_device(wg0);
  auto theirs = recorded("dump").sent.at(0);
  BOOST_TEST(to_hex(ours.view().subspan(sizeof(nlmsghdr))) ==
             to_hex(ByteView{theirs}.subspan(sizeof(nlmsghdr))));
  auto header = NetlinkReader{ours.view()}.header<nlmsghdr>();
  BOOST_TEST(header->nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP));
  ours.set_sequence(sequence);
  BOOST_TEST(NetlinkReader{ours.view()}.header<nlmsghdr>()->nlmsg_seq ==
             sequence);
}

BOOST_AUTO_TEST_CASE(a_dump_in_several_messages_is_what_wg_printed) {
  auto dump = recorded("dump");
  BOOST_TEST(dump.received.size() == 3U);
  WireguardAnswer answer{sequence_of(dump.sent.at(0))};
  for (const auto& datagram : dump.received) {
    BOOST_TEST(!answer.complete());
    must(answer.take(datagram));
  }
  BOOST_TEST(answer.complete());
  BOOST_TEST(!answer.interrupted());
  auto device = answer.device();
  BOOST_TEST(device.peers.size() == 41U);
  BOOST_TEST(device.peers.at(key(12)).config.allowed.size() == 62U);
  int handshakes = 0;
  for (auto& [name, peer] : device.peers) {
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    if (peer.last_handshake_ns % ns_per_s != 0) ++handshakes;
    peer.last_handshake_ns -= peer.last_handshake_ns % ns_per_s;
  }
  BOOST_TEST(handshakes == 1);
  BOOST_TEST((device == device_of_wg_dump(dump.printed)));
}

BOOST_AUTO_TEST_CASE(one_peer_is_continued_in_the_recorded_dump) {
  auto dump = recorded("dump");
  int parts = 0;
  for (const auto& datagram : dump.received) {
    WireguardAnswer answer{sequence_of(dump.sent.at(0))};
    must(answer.take(datagram));
    if (answer.device().peers.contains(key(12))) ++parts;
  }
  BOOST_TEST(parts == 2);
}

BOOST_AUTO_TEST_CASE(what_is_cut_short_is_refused) {
  auto dump = recorded("dump");
  const auto& whole = dump.received.at(0);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    Bytes part{whole.begin(),
               whole.begin() + static_cast<std::ptrdiff_t>(size)};
    WireguardAnswer answer{sequence_of(whole)};
    BOOST_TEST(is_error(answer.take(part), ErrorCode::bad_input));
    // Also if only the length of the message agrees with what is there.
    if (size < sizeof(nlmsghdr)) continue;
    auto length = static_cast<std::uint32_t>(size);
    std::memcpy(part.data(), &length, sizeof length);
    if (size > sizeof(nlmsghdr) + sizeof(genlmsghdr) + 200)
      BOOST_TEST(is_error(WireguardAnswer{sequence_of(whole)}.take(part),
                          ErrorCode::bad_input));
  }
}

BOOST_AUTO_TEST_CASE(values_of_a_wrong_size_are_refused) {
  for (auto type : {WGDEVICE_A_PUBLIC_KEY, WGDEVICE_A_LISTEN_PORT}) {
    auto verdict =
        verdict_on(answer([&](auto& writer) { writer.put(type, Bytes(33)); }));
    BOOST_TEST(is_error(verdict, ErrorCode::bad_input));
  }
  for (auto type : {WGPEER_A_ENDPOINT, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
                    WGPEER_A_LAST_HANDSHAKE_TIME, WGPEER_A_RX_BYTES,
                    WGPEER_A_TX_BYTES, WGPEER_A_ALLOWEDIPS})
    for (auto size : std::array<std::size_t, 4>{0, 3, 17, 33})
      if (size != 0 || type != WGPEER_A_ALLOWEDIPS)
        check_malformed([&](auto& writer) { writer.put(type, Bytes(size)); });
}

BOOST_AUTO_TEST_CASE(a_peer_without_its_key_is_refused) {
  auto fill = [](std::size_t size) {
    return answer_of_peer(
        [&](auto& writer) { writer.put(WGPEER_A_PUBLIC_KEY, Bytes(size)); });
  };
  BOOST_TEST(verdict_on(fill(32)).ok());
  BOOST_TEST(is_error(verdict_on(fill(31)), ErrorCode::bad_input));
  BOOST_TEST(
      is_error(verdict_on(answer_of_peer([](auto&) {})), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(values_that_mean_nothing_are_refused) {
  auto time = [](std::int64_t s, std::int64_t ns) {
    return answer_of_peer([&](auto& writer) {
      writer.put(WGPEER_A_PUBLIC_KEY, key(1).view());
      writer.put(WGPEER_A_LAST_HANDSHAKE_TIME,
                 runtime::netlink_bytes(std::array{s, ns}));
    });
  };
  BOOST_TEST(verdict_on(time(1'764'000'000, 999'999'999)).ok());
  BOOST_TEST(
      is_error(verdict_on(time(1, 1'000'000'000)), ErrorCode::bad_input));
  BOOST_TEST(is_error(verdict_on(time(-1, 0)), ErrorCode::bad_input));
  BOOST_TEST(is_error(verdict_on(time(std::int64_t{1} << 40, 0)),
                      ErrorCode::bad_input));
  check_malformed([](auto& writer) {
    sockaddr_in endpoint{};
    endpoint.sin_family = AF_INET6;
    writer.put(WGPEER_A_ENDPOINT, runtime::netlink_bytes(endpoint));
  });
}

BOOST_AUTO_TEST_CASE(an_allowed_ip_is_whole) {
  auto allowed = [](std::uint16_t family, std::size_t size, int length) {
    return answer_of_allowed([&](auto& writer) {
      if (family != 0) writer.put(WGALLOWEDIP_A_FAMILY, family);
      writer.put(WGALLOWEDIP_A_IPADDR, Bytes(size));
      if (length >= 0)
        writer.put(WGALLOWEDIP_A_CIDR_MASK, static_cast<std::uint8_t>(length));
    });
  };
  BOOST_TEST(verdict_on(allowed(AF_INET, 4, 32)).ok());
  BOOST_TEST(verdict_on(allowed(AF_INET6, 16, 128)).ok());
  for (const auto& bad :
       {allowed(AF_INET, 4, 33), allowed(AF_INET6, 16, 129),
        allowed(AF_INET, 16, 32), allowed(AF_INET6, 4, 32),
        allowed(AF_INET, 5, 32), allowed(0, 4, 32), allowed(AF_INET, 4, -1)})
    BOOST_TEST(is_error(verdict_on(bad), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(a_message_of_another_kind_is_refused) {
  auto message = answer([](auto&) {});
  message[sizeof(nlmsghdr)] = WG_CMD_SET_DEVICE;
  BOOST_TEST(is_error(verdict_on(message), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(the_kernels_refusals_say_why) {
  for (auto type : std::array<std::uint16_t, 2>{NLMSG_DONE, NLMSG_ERROR}) {
    auto verdict = [&](int error) { return verdict_on(ending(error, type)); };
    BOOST_TEST(verdict(0).ok());
    BOOST_TEST(is_error(verdict(ENODEV), ErrorCode::not_found));
    BOOST_TEST(is_error(verdict(EPERM), ErrorCode::permission));
    BOOST_TEST(is_error(verdict(EOPNOTSUPP), ErrorCode::bad_input));
    BOOST_TEST(is_error(verdict(EADDRINUSE), ErrorCode::io));
    BOOST_TEST(mentions(verdict(EADDRINUSE).error().message, "in use"));
  }
  BOOST_TEST(is_error(verdict_on(answer([](auto&) {}, 0, NLMSG_ERROR)),
                      ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(a_dump_that_was_interrupted_says_so) {
  WireguardAnswer answer{sequence};
  must(answer.take(ending(0, NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR)));
  BOOST_TEST(answer.complete());
  BOOST_TEST(answer.interrupted());
}

BOOST_AUTO_TEST_CASE(the_answer_to_another_request_is_passed_over) {
  WireguardAnswer answer{sequence + 1};
  must(answer.take(ending(ENODEV)));
  BOOST_TEST(!answer.complete());
}

BOOST_AUTO_TEST_CASE(names_of_interfaces) {
  for (const auto* good : {"wg0", "a", "A-b_c=d+e.f", "123456789012345", "..."})
    BOOST_TEST(runtime::is_interface_name(good), good);
  for (const auto* bad : {"", ".", "..", "1234567890123456", "a b", "a/b",
                          "a:b", "w\xc3\xb6", "a\n"})
    BOOST_TEST(!runtime::is_interface_name(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
