// The adapters of the kernel's WireGuard and of its links, on a kernel that has
// it, held against what wg and ip say. Runs as root in a machine of its own
// (run_in_guest): it changes the network of the host that it runs on.
#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "runtime/wireguard.hpp"
#include "store/base64.hpp"
#include "store/signing.hpp"
#include "tests/support/good.hpp"
#include "tests/support/wg_dump.hpp"

namespace ppn::tests {

namespace {

using events::Endpoint;
using events::IpRange;
using events::TunnelKey;
using runtime::Wireguard;
using store::ErrorCode;

const std::string interface = "ppn0";

// -- the host -----------------------------------------------------------------

/// Whether a shell succeeds with it.
bool succeeds(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) BOOST_FAIL(command);
}

std::string output_of(const std::string& command) {
  std::string output;
  auto* pipe = ::popen(command.c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
    output += static_cast<char>(c);
  BOOST_REQUIRE(::pclose(pipe) == 0);
  return output;
}

events::ObservedDevice as_wg_sees(const std::string& name) {
  return device_of_wg_dump(output_of("wg show " + name + " dump"));
}

std::int64_t utc_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

// -- the device ---------------------------------------------------------------

TunnelKey key(int number) {
  TunnelKey key;
  key.bytes.fill(static_cast<std::uint8_t>(number));
  return key;
}

IpRange range(const std::string& text) { return *IpRange::parse(text); }

/// A device as it should be, with its keys; the interface goes with it.
struct Device {
  std::unique_ptr<runtime::TunnelKeys> keys =
      good(runtime::TunnelKeys::open("keys"));
  std::unique_ptr<Wireguard> wireguard =
      good(runtime::open_kernel_wireguard(interface, *keys));
  events::DeviceConfig desired;

  Device() {
    desired.key = good(keys->create());
    desired.listen_port = 51820;
    desired.addresses = {range("10.8.0.1/24"), range("fd00:8::1/64")};
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device() { succeeds("ip link del " + interface); }

  events::ObservedDevice look() { return good(wireguard->look()); }
  events::DeviceChange difference() {
    return events::difference(desired, look(), utc_ns());
  }
  void apply() { good(wireguard->apply(difference())); }
  /// Nothing is left to do, and wg says the same.
  void check() {
    BOOST_TEST(difference().empty());
    auto observed = look();
    auto seen = as_wg_sees(interface);
    BOOST_TEST((observed.key == seen.key));
    BOOST_TEST(observed.listen_port == seen.listen_port);
    BOOST_TEST((observed.peers == seen.peers));
  }
};

events::PeerConfig peer(int number) {
  events::PeerConfig peer;
  auto text = std::to_string(number);
  if (number % 3 == 0)
    peer.endpoint = Endpoint::parse("192.0.2." + text + ":" + text);
  if (number % 3 == 1)
    peer.endpoint = Endpoint::parse("[2001:db8::" + text + "]:" + text);
  peer.keepalive_seconds = static_cast<std::uint16_t>(number % 2 * 25);
  peer.allowed = {range("10.8.0." + text), range("fd00:8::" + text)};
  return peer;
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(device)

BOOST_AUTO_TEST_CASE(it_becomes_what_it_should_be) {
  Device device;
  BOOST_TEST(!device.look().exists);
  for (int i = 2; i < 250; ++i) device.desired.peers.emplace(key(i), peer(i));
  // More than one message can say.
  auto& many = device.desired.peers.at(key(100)).allowed;
  for (int i = 0; i < 4000; ++i)
    many.push_back(range("10.9." + std::to_string(i / 250) + "." +
                         std::to_string(i % 250)));
  std::sort(many.begin(), many.end());
  device.apply();
  device.check();
  BOOST_TEST(device.look().is_up);
  BOOST_TEST(mentions(output_of("ip link show " + interface), "mtu 1420"));
  BOOST_TEST(mentions(output_of("ip link show " + interface), "alias ppn"));
}

BOOST_FIXTURE_TEST_CASE(one_thing_after_the_other_changes, Device) {
  for (int i = 2; i < 20; ++i) desired.peers.emplace(key(i), peer(i));
  apply();
  check();

  auto& second = desired.peers.at(key(2));
  second.keepalive_seconds = 17;
  second.endpoint = Endpoint::parse("192.0.2.99:9");
  BOOST_TEST(difference().peers.size() == 1U);
  apply();
  check();

  // It gets what another one had, and loses one of its own.
  std::swap(second.allowed, desired.peers.at(key(3)).allowed);
  second.allowed.pop_back();
  apply();
  check();

  second.allowed.clear();
  desired.peers.erase(key(4));
  desired.peers.emplace(key(77), peer(77));
  desired.listen_port = 1234;
  desired.addresses = {range("10.8.0.7/24")};
  apply();
  check();

  desired.key = good(keys->create());
  apply();
  check();
}

BOOST_FIXTURE_TEST_CASE(what_others_do_to_it_is_undone, Device) {
  desired.peers.emplace(key(2), peer(2));
  apply();
  auto name = interface;
  for (const auto& deed :
       {"ip addr del 10.8.0.1/24 dev " + name,
        "ip addr add 10.8.0.99/24 dev " + name, "ip link set down " + name,
        "wg set " + name + " listen-port 99",
        "wg set " + name + " peer " + store::to_base64(key(9).view()),
        "wg set " + name + " private-key keyfile",
        "wg set " + name + " peer " + store::to_base64(key(2).view()) +
            " remove",
        "echo 1 >/proc/sys/net/ipv4/conf/" + name + "/forwarding",
        "ip link del " + name}) {
    BOOST_TEST_CONTEXT(deed) {
      shell("wg genkey >keyfile");
      shell(deed);
      BOOST_TEST(!difference().empty());
      apply();
      check();
    }
  }
}

BOOST_FIXTURE_TEST_CASE(an_interface_of_somebody_else_is_left_alone, Device) {
  shell("ip link add " + interface + " type veth peer name other");
  auto opened = runtime::open_kernel_wireguard(interface, *keys);
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == ErrorCode::bad_input));
  BOOST_TEST(mentions(opened.error().message, "veth"));
  BOOST_TEST(!wireguard->look());
  shell("ip link del " + interface);
  shell("ip link add " + interface + " type wireguard");
  opened = runtime::open_kernel_wireguard(interface, *keys);
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == ErrorCode::bad_input));
  BOOST_TEST(mentions(opened.error().message, "not made by ppnd"));
}

BOOST_FIXTURE_TEST_CASE(a_port_that_is_taken_is_named, Device) {
  shell("ip link add other type wireguard");
  shell("wg set other listen-port 51820");
  shell("ip link set up other");
  auto applied = wireguard->apply(difference());
  BOOST_REQUIRE(!applied);
  BOOST_TEST(mentions(applied.error().message, "in use"));
  shell("ip link del other");
  apply();
  check();
}

BOOST_AUTO_TEST_SUITE_END()

// -- forwarding ---------------------------------------------------------------

namespace {

/// This host is the hub. Two spokes and a neighbour beyond the mesh are
/// namespaces, each at the other end of a cable.
struct Hub : Device {
  Hub() {
    apply();
    for (int i : {2, 3}) add_spoke("spoke" + std::to_string(i), i);
    plug_in("beyond", "198.51.100");
    shell("ip -n beyond route add 10.8.0.0/24 via 198.51.100.1");
  }
  ~Hub() {
    for (const auto* name : {"spoke2", "spoke3", "beyond"})
      succeeds(std::string{"ip netns del "} + name);
    set_everywhere("0");
  }
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  static void plug_in(const std::string& name, const std::string& net) {
    shell("ip netns add " + name);
    shell("ip link add to_" + name + " type veth peer name up0 netns " + name);
    shell("ip addr add " + net + ".1/24 dev to_" + name);
    shell("ip link set up to_" + name);
    shell("ip -n " + name + " addr add " + net + ".2/24 dev up0");
    shell("ip -n " + name + " link set up up0");
  }

  void add_spoke(const std::string& name, int number) {
    auto last = std::to_string(number);
    auto in = "ip netns exec " + name + " ";
    plug_in(name, "192.0." + last);
    shell("wg genkey >spoke_key");
    auto spoke = output_of("wg pubkey <spoke_key");
    spoke.pop_back();
    // It is known before it first calls.
    auto& peer = desired.peers[*store::fixed_from_base64<TunnelKey>(spoke)];
    peer.allowed = {range("10.8.0." + last), range("fd00:8::" + last)};
    apply();
    auto hub = store::to_base64(desired.key.view());
    shell(in + "ip link add wg0 type wireguard");
    shell(in + "wg set wg0 private-key spoke_key peer " + hub +
          " endpoint 192.0." + last +
          ".1:51820 persistent-keepalive 25 allowed-ips 0.0.0.0/0,::/0");
    shell(in + "ip addr add 10.8.0." + last + "/24 dev wg0");
    shell(in + "ip addr add fd00:8::" + last + "/64 dev wg0");
    shell(in + "ip link set up wg0");
    shell(in + "ip route add 198.51.100.0/24 dev wg0");
  }

  static void set_everywhere(const std::string& value) {
    std::ofstream{"/proc/sys/net/ipv4/ip_forward"} << value;
    std::ofstream{"/proc/sys/net/ipv6/conf/all/forwarding"} << value;
  }

  static bool reaches(const std::string& address) {
    return succeeds("ip netns exec spoke2 ping -c 1 -W 1 " + address);
  }
  /// On a machine that has much else to do.
  static bool soon_reaches(const std::string& address) {
    for (int tries = 0; tries < 10; ++tries)
      if (reaches(address)) return true;
    return false;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(forwarding)

BOOST_FIXTURE_TEST_CASE(only_what_it_is_told_and_only_into_itself, Hub) {
  BOOST_TEST(soon_reaches("10.8.0.1"));
  BOOST_TEST(soon_reaches("fd00:8::1"));
  BOOST_TEST(!reaches("10.8.0.3"));

  desired.forwarded = {range("10.8.0.0/24")};
  apply();
  BOOST_TEST(difference().empty());
  BOOST_TEST(soon_reaches("10.8.0.1"));
  BOOST_TEST(soon_reaches("10.8.0.3"));
  BOOST_TEST(!reaches("198.51.100.2"));
  BOOST_TEST(output_of("cat /proc/sys/net/ipv4/ip_forward") == "0\n");

  desired.forwarded.clear();
  apply();
  BOOST_TEST(!reaches("10.8.0.3"));
  BOOST_TEST(!mentions(output_of("ip rule"), interface));
  BOOST_TEST(!mentions(output_of("ip route show table all"), "unreachable"));
}

BOOST_FIXTURE_TEST_CASE(nothing_else_on_a_host_that_forwards_all, Hub) {
  set_everywhere("1");
  BOOST_TEST(soon_reaches("198.51.100.2"));
  BOOST_TEST(!difference().empty());
  apply();
  BOOST_TEST(difference().empty());
  BOOST_TEST(!reaches("198.51.100.2"));
  BOOST_TEST(!reaches("10.8.0.3"));
  BOOST_TEST(!reaches("fd00:8::3"));

  desired.forwarded = {range("10.8.0.0/24"), range("fd00:8::/64")};
  apply();
  BOOST_TEST(difference().empty());
  BOOST_TEST(soon_reaches("10.8.0.3"));
  BOOST_TEST(soon_reaches("fd00:8::3"));
  BOOST_TEST(!reaches("198.51.100.2"));
}

BOOST_FIXTURE_TEST_CASE(what_is_missing_is_found_and_put_back, Hub) {
  set_everywhere("1");
  desired.forwarded = {range("10.8.0.0/24"), range("fd00:8::/64")};
  apply();
  auto table = output_of("ip rule | sed -n 's/.*iif ppn0 lookup //p'");
  table.erase(table.find_last_not_of(" \n") + 1);
  for (const auto& deed : {"ip rule del iif ppn0", "ip -6 rule del iif ppn0"})
    BOOST_TEST_CONTEXT(deed) {
      shell(deed);
      BOOST_TEST(!difference().empty());
      apply();
      BOOST_TEST(difference().empty());
    }
  for (const auto& deed :
       {"ip route del 10.8.0.0/24 table " + table,
        "ip route del unreachable default table " + table,
        "ip route add 198.51.100.0/24 dev to_beyond table " + table,
        "ip -6 route flush table " + table,
        std::string{"ip link set down ppn0"}})
    BOOST_TEST_CONTEXT(deed) {
      shell(deed);
      BOOST_TEST(!difference().empty());
      apply();
      BOOST_TEST(difference().empty());
      BOOST_TEST(!reaches("198.51.100.2"));
    }
}

BOOST_FIXTURE_TEST_CASE(ipv6_needs_a_kernel_with_a_switch_for_it, Hub) {
  bool has_switch =
      succeeds("test -e /proc/sys/net/ipv6/conf/ppn0/force_forwarding");
  desired.forwarded = {range("10.8.0.0/24"), range("fd00:8::/64")};
  auto applied = wireguard->apply(difference());
  BOOST_TEST(applied.ok() == has_switch);
  if (!applied) {
    BOOST_TEST((applied.error().code == ErrorCode::bad_input));
    BOOST_TEST(mentions(applied.error().message, "6.17"));
  }
  BOOST_TEST(soon_reaches("10.8.0.3"));
  BOOST_TEST(reaches("fd00:8::3") == has_switch);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests

namespace {

bool register_nothing_more() { return true; }

}  // namespace

int main(int argc, char** argv) {
  if (!ppn::store::initialise_crypto()) return EXIT_FAILURE;
  return boost::unit_test::unit_test_main(&register_nothing_more, argc, argv);
}
