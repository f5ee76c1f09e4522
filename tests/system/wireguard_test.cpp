// A WireGuard device by wireguard-go, held against what wg says of it. All of
// it happens in namespaces of its own, which CMakeLists.txt makes around this
// process, and which take along whatever is left.
#include "runtime/wireguard.hpp"

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "store/base64.hpp"
#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/system/child.hpp"
#include "tests/unit/expect.hpp"

namespace {

namespace fs = std::filesystem;

using namespace ppn;
using namespace ppn::tests;

using events::DeviceChange;
using events::DeviceConfig;
using events::IpRange;
using events::ObservedDevice;
using events::TunnelKey;
using runtime::TunnelKeys;
using runtime::Wireguard;
using store::ErrorCode;

const std::string interface = "ppntest0";

std::int64_t utc_ns() {
  return std::chrono::nanoseconds{
      std::chrono::system_clock::now().time_since_epoch()}
      .count();
}

IpRange range(const std::string& text) {
  auto parsed = IpRange::parse(text);
  BOOST_REQUIRE(parsed);
  return *parsed;
}

/// Waits until something holds; false if it never does.
template <class Condition>
bool comes_true(Condition condition) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return true;
}

void run(const std::string& command) {
  // NOLINTNEXTLINE(cert-env33-c): the command is this test's own
  BOOST_REQUIRE_MESSAGE(std::system(command.c_str()) == 0, command);
}

// -- the programs of this PID namespace ---------------------------------------

std::vector<pid_t> running() {
  std::vector<pid_t> pids;
  for (const auto& item : fs::directory_iterator{"/proc"}) {
    std::string name;
    std::getline(std::ifstream{item.path() / "comm"}, name);
    if (name == "wireguard-go")
      pids.push_back(std::stoi(item.path().filename().string()));
  }
  return pids;
}

/// Its interface goes with it.
void kill_programs() {
  for (auto pid : running()) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

// -- what wg says -------------------------------------------------------------

template <class Fixed>
Fixed of_text(const std::string& text) {
  auto key = store::fixed_from_base64<Fixed>(text);
  BOOST_REQUIRE_MESSAGE(key, text);
  return *key;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

/// KEY PRESHARED-KEY ENDPOINT ALLOWED HANDSHAKE RECEIVED SENT KEEPALIVE
void add_peer(DeviceConfig& device, const std::vector<std::string>& words) {
  BOOST_REQUIRE(words.size() == 8U);
  auto& peer = device.peers[of_text<TunnelKey>(words[0])];
  BOOST_TEST(words[1] == "(none)");
  peer.endpoint = events::Endpoint::parse(words[2]);
  if (words[3] != "(none)")
    for (const auto& allowed : split(words[3], ','))
      peer.allowed.push_back(range(allowed));
  std::sort(peer.allowed.begin(), peer.allowed.end());
  if (words[7] != "off")
    peer.keepalive_seconds = static_cast<std::uint16_t>(std::stoi(words[7]));
}

DeviceConfig told_by_wg() {
  ScratchDirectory scratch;
  run("wg show " + interface + " dump >" + (scratch / "dump").string());
  auto lines =
      split(must(store::read_file(scratch / "dump", 10'000'000)), '\n');
  BOOST_REQUIRE(!lines.empty());
  auto words = split(lines[0], '\t');
  BOOST_REQUIRE(words.size() == 4U);
  DeviceConfig device;
  device.key = of_text<TunnelKey>(words[1]);
  device.listen_port = static_cast<std::uint16_t>(std::stoi(words[2]));
  for (std::size_t i = 1; i < lines.size(); ++i)
    add_peer(device, split(lines[i], '\t'));
  return device;
}

// -- the device ---------------------------------------------------------------

TunnelKey key_of_peer(std::uint32_t number) {
  TunnelKey key;
  for (std::size_t i = 0; i < 4; ++i)
    key.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  key.bytes[8] = 1;
  return key;
}

/// What is written to /run, and all that is temporary, is seen by nobody else.
struct OwnFiles {
  OwnFiles() {
    BOOST_REQUIRE_MESSAGE(::getpid() == 1, "ctest runs this in namespaces");
    static const bool hidden = ::mount("tmpfs", "/run", "tmpfs", 0, nullptr) ==
                                   0 &&
                               ::setenv("TMPDIR", "/run", 1) == 0;
    BOOST_REQUIRE(hidden);
  }
};

struct Fixture {
  Fixture() {
    keys = must(TunnelKeys::open(scratch / "keys"));
    wireguard = must(runtime::open_userspace_wireguard(interface, *keys));
    desired.key = must(keys->create());
    desired.listen_port = 51'820;
    desired.addresses = {range("10.8.0.1/24")};
    for (std::uint32_t number : {2U, 3U, 4U}) {
      auto& peer = desired.peers[key_of_peer(number)];
      peer.endpoint = events::Endpoint{
          range("192.0.2." + std::to_string(number)).address, 51'820};
      peer.keepalive_seconds = 25;
      peer.allowed = {range("10.8.0." + std::to_string(number)),
                      range("fd00::" + std::to_string(number))};
    }
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() { kill_programs(); }

  DeviceChange difference() {
    return events::difference(desired, must(wireguard->look()), utc_ns());
  }

  DeviceChange apply() {
    auto change = difference();
    must(wireguard->apply(change));
    return change;
  }

  /// By what is seen here, and by what wg says.
  void check() {
    BOOST_TEST(difference().empty());
    auto told = told_by_wg();
    told.addresses = desired.addresses;
    BOOST_TEST((told == desired));
  }

  OwnFiles own_files;
  ScratchDirectory scratch;
  std::unique_ptr<TunnelKeys> keys;
  std::unique_ptr<Wireguard> wireguard;
  DeviceConfig desired;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(wireguard, Fixture)

// -- changing -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_device_becomes_what_it_should_be) {
  BOOST_TEST((must(wireguard->look()) == ObservedDevice{}));
  apply();
  check();
  auto device = must(wireguard->look());
  BOOST_TEST(device.exists);
  BOOST_TEST(device.is_up);
  BOOST_TEST((device.addresses == desired.addresses));
  BOOST_TEST(wireguard->implementation() == "wireguard-go");
}

BOOST_AUTO_TEST_CASE(one_changed_peer_costs_one_peer) {
  apply();
  auto& peer = desired.peers.at(key_of_peer(3));
  peer.endpoint->port = 7;
  peer.keepalive_seconds = 0;
  peer.allowed = {range("10.8.0.3/32"), range("10.8.1.0/24")};
  BOOST_TEST(apply().peers.size() == 1U);
  check();
}

BOOST_AUTO_TEST_CASE(an_address_moves_from_peer_to_peer) {
  apply();
  desired.peers.at(key_of_peer(2)).allowed.clear();
  desired.peers.at(key_of_peer(4)).allowed = {
      range("10.8.0.2/32"), range("10.8.0.4/32"), range("fd00::4/128")};
  apply();
  check();
}

BOOST_AUTO_TEST_CASE(a_peer_goes_and_another_comes) {
  apply();
  auto peer = desired.peers.extract(key_of_peer(2));
  peer.key() = key_of_peer(5);
  desired.peers.insert(std::move(peer));
  BOOST_TEST(apply().peers.size() == 2U);
  check();
}

BOOST_AUTO_TEST_CASE(key_and_port_change) {
  apply();
  desired.key = must(keys->create());
  desired.listen_port = 51'821;
  apply();
  check();
}

BOOST_AUTO_TEST_CASE(thousands_of_peers_are_told_at_once) {
  for (std::uint32_t number = 0; number < 3'000; ++number)
    desired.peers[key_of_peer(10 + number)].allowed = {
        range("10.9." + std::to_string(number / 250) + "." +
              std::to_string(number % 250))};
  apply();
  check();
}

BOOST_AUTO_TEST_CASE(a_key_that_is_lost_is_not_set) {
  desired.key = key_of_peer(1);
  BOOST_TEST(is_error(wireguard->apply(difference()), ErrorCode::key));
}

// -- repairs ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_program_that_died_is_started_again) {
  apply();
  kill_programs();
  BOOST_TEST((must(wireguard->look()) == ObservedDevice{}));
  apply();
  check();
}

BOOST_AUTO_TEST_CASE(what_others_did_to_the_interface_is_undone) {
  apply();
  run("ip address delete 10.8.0.1/24 dev " + interface);
  run("ip address add 10.9.0.1/24 dev " + interface);
  run("ip link set down dev " + interface);
  run("wg set " + interface + " listen-port 7 private-key /dev/null peer " +
      store::to_base64(key_of_peer(77).view()) + " allowed-ips 10.8.0.2/32");
  apply();
  check();
}

BOOST_AUTO_TEST_CASE(an_interface_that_nobody_serves_is_made_again) {
  run("ip tuntap add mode tun name " + interface);
  run("ip link set alias ppn dev " + interface);
  BOOST_TEST((must(wireguard->look()) == ObservedDevice{}));
  apply();
  check();
}

BOOST_AUTO_TEST_CASE(a_program_that_was_told_nothing_yet_is_taken_over) {
  run("wireguard-go " + interface + " >/dev/null 2>&1");
  auto before = running();
  BOOST_TEST((must(wireguard->look()) == ObservedDevice{}));
  apply();
  check();
  BOOST_TEST((running() == before));
}

// -- a ppnd that ends ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_device_outlives_who_made_it) {
  auto end = run_child([&](const Report& /*report*/) {
    return wireguard->apply(difference()) ? 0 : 1;
  });
  BOOST_TEST(end.succeeded());
  BOOST_TEST(must(wireguard->look()).exists);
  check();
}

// -- what belongs to somebody else --------------------------------------------

BOOST_AUTO_TEST_CASE(an_interface_of_somebody_else_is_left_alone) {
  run("ip tuntap add mode tun name " + interface);
  BOOST_TEST(is_error(wireguard->look(), ErrorCode::bad_input));
  DeviceChange change;
  change.create = true;
  BOOST_TEST(is_error(wireguard->apply(change), ErrorCode::bad_input));
  run("ip link delete " + interface);
}

BOOST_AUTO_TEST_CASE(a_tunnel_of_somebody_else_is_left_alone) {
  run("wireguard-go " + interface + " >/dev/null 2>&1");
  run("wg genkey | wg set " + interface + " private-key /dev/stdin");
  BOOST_TEST(is_error(wireguard->look(), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(a_socket_of_another_network_is_left_alone) {
  run("unshare --net wireguard-go " + interface + " >/dev/null 2>&1");
  auto error = error_of(wireguard->apply(difference()));
  BOOST_TEST(error.code == ErrorCode::bad_input);
  BOOST_TEST(mentions(error.message, interface + ".sock"));
  BOOST_TEST(running().size() == 1U);
}

// -- observations -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_handshake_is_seen) {
  run("ip link set up dev lo");
  auto other = must(runtime::open_userspace_wireguard("ppntest1", *keys));
  DeviceConfig there;
  there.key = must(keys->create());
  there.listen_port = 51'821;
  there.peers[desired.key];
  must(other->apply(events::difference(there, must(other->look()), utc_ns())));
  auto& peer = desired.peers[there.key];
  peer.endpoint = events::Endpoint::parse("127.0.0.1:51821");
  peer.keepalive_seconds = 1;
  auto before = utc_ns();
  apply();
  BOOST_TEST(comes_true([&] {
    auto seen = must(wireguard->look()).peers.at(there.key);
    return seen.last_handshake_ns != 0 && seen.received_bytes != 0;
  }));
  auto seen = must(wireguard->look()).peers.at(there.key);
  BOOST_TEST(seen.last_handshake_ns >= before);
  BOOST_TEST(events::is_live(seen, utc_ns()));
  BOOST_TEST((must(other->look()).peers.at(desired.key).config.endpoint ==
              events::Endpoint::parse("127.0.0.1:51820")));
}

// -- what is wanting ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_host_without_the_program_is_told_so) {
  auto path = std::string{std::getenv("PATH")};
  ::setenv("PATH", scratch.path().c_str(), 1);
  auto opened = runtime::open_userspace_wireguard(interface, *keys);
  ::setenv("PATH", path.c_str(), 1);
  auto error = error_of(opened);
  BOOST_TEST(error.code == ErrorCode::not_found);
  BOOST_TEST(mentions(error.message, "wireguard-go"));
}

BOOST_AUTO_TEST_CASE(a_host_without_tunnel_devices_is_told_so) {
  run("mount -t tmpfs tmpfs /dev/net");
  auto opened = runtime::open_userspace_wireguard(interface, *keys);
  run("umount /dev/net");
  BOOST_TEST(mentions(error_of(opened).message, "/dev/net/tun"));
}

BOOST_AUTO_TEST_CASE(what_can_be_no_interface_is_refused) {
  BOOST_TEST(is_error(runtime::open_userspace_wireguard("../run", *keys),
                      ErrorCode::bad_input));
}

BOOST_AUTO_TEST_SUITE_END()
