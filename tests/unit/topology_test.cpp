// Which tunnels the members of a mesh have, and where each sends what.
#include "events/topology.hpp"

#include <algorithm>

#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::desired_device;
using events::desired_peer;
using events::DeviceConfig;
using events::Endpoint;
using events::IpRange;
using events::Mesh;
using events::PeerConfig;
using events::TakenPaths;
using events::TunnelKey;
using schema::Role;

namespace {

const Endpoint port_51820 = endpoint("192.0.2.1:51820");

/// Of four members number 1 is the hub; 1, 2 and no other have endpoints.
Mesh some_mesh(const char* range6 = nullptr) {
  auto author = mesh_of(4, "10.8.0.0/24", range6);
  for (std::uint32_t number : {1U, 2U})
    BOOST_TEST_REQUIRE(
        author(events::ChangeEndpoints{
            node_of(number), {port_51820, endpoint("[2001:db8::1]:1")}}) == "");
  return author.mesh();
}

constexpr std::uint8_t tunnel_prefix = 0xfd;

std::uint16_t keepalive_of(std::uint32_t self, std::uint32_t other) {
  return events::speaks_first(node_of(self), node_of(other))
             ? events::keepalive_first_seconds
             : events::keepalive_seconds;
}

TakenPaths directly_to(std::uint32_t other) {
  return {{node_of(other), {events::direct_path, {}}}};
}

TakenPaths by(std::uint32_t relay, std::uint32_t other) {
  return {{node_of(other), {{node_of(relay)}, {}}}};
}

std::optional<PeerConfig> peer(const Mesh& mesh, std::uint32_t self,
                               std::uint32_t other,
                               const TakenPaths& paths = {}) {
  return desired_peer(mesh, node_of(self), node_of(other), {paths, {}});
}

/// But for the tunnel address, which each peer has and no other.
std::string allowed(const std::optional<PeerConfig>& peer) {
  if (!peer) return "no tunnel";
  std::string all;
  for (const auto& range : peer->allowed)
    if (range.address.bytes[0] != tunnel_prefix)
      all += (all.empty() ? "" : " ") + range.text();
  return all;
}

DeviceConfig device_of(const Mesh& mesh, const NodeId& self,
                       const TakenPaths& paths = {}) {
  const auto* member = mesh.find(self);
  return desired_device(mesh, self,
                        member == nullptr ? TunnelKey{} : member->tunnel_key,
                        51'820, {paths, {}});
}

std::size_t peers_of(const Mesh& mesh, std::uint32_t number) {
  return device_of(mesh, node_of(number)).peers.size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(topology)

// -- peers -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_hub_has_a_tunnel_to_each_spoke_with_its_own_address) {
  auto mesh = some_mesh("2001:db8:8::/64");
  for (std::uint32_t spoke : {2U, 3U, 4U})
    BOOST_TEST(allowed(peer(mesh, 1, spoke)) ==
               "10.8.0." + std::to_string(spoke) +
                   "/32 2001:db8:8::" + std::to_string(spoke) + "/128");
}

BOOST_AUTO_TEST_CASE(a_spoke_sends_all_that_it_can_not_reach_to_the_hub) {
  auto mesh = some_mesh("2001:db8:8::/64");
  for (std::uint32_t spoke : {2U, 3U, 4U})
    BOOST_TEST(allowed(peer(mesh, spoke, 1)) == "10.8.0.0/24 2001:db8:8::/64");
}

BOOST_AUTO_TEST_CASE(a_member_that_is_reached_directly_has_its_own_address) {
  auto mesh = some_mesh();
  BOOST_TEST(allowed(peer(mesh, 3, 4)) == "");
  BOOST_TEST(allowed(peer(mesh, 3, 4, directly_to(4))) == "10.8.0.4/32");
  BOOST_TEST(allowed(peer(mesh, 3, 2, directly_to(4))) == "");
}

BOOST_AUTO_TEST_CASE(a_relay_has_the_addresses_of_those_behind_it) {
  auto mesh = some_mesh();
  BOOST_TEST(allowed(peer(mesh, 3, 2, by(2, 4))) == "10.8.0.4/32");
  BOOST_TEST(allowed(peer(mesh, 3, 4, by(2, 4))) == "");
  // Even those of the hub; and what goes to the hub needs no word.
  BOOST_TEST(allowed(peer(mesh, 3, 2, by(2, 1))) == "10.8.0.1/32");
  BOOST_TEST(allowed(peer(mesh, 3, 1, by(1, 4))) == "10.8.0.0/24");
  BOOST_TEST(allowed(peer(mesh, 1, 2, by(2, 3))) == "10.8.0.2/32 10.8.0.3/32");
}

BOOST_AUTO_TEST_CASE(each_peer_has_its_tunnel_address_whatever_the_path) {
  auto mesh = some_mesh();
  const auto& member = *mesh.find(node_of(4));
  auto own = IpRange::only(events::tunnel_address(mesh, member));
  BOOST_TEST(own.address.bytes[0] == tunnel_prefix);
  for (const auto& paths : {TakenPaths{}, directly_to(4), by(2, 4)}) {
    auto ranges = peer(mesh, 3, 4, paths)->allowed;
    BOOST_TEST(std::count(ranges.begin(), ranges.end(), own) == 1);
    ranges = peer(mesh, 3, 2, paths)->allowed;
    BOOST_TEST(std::count(ranges.begin(), ranges.end(), own) == 0);
  }
  BOOST_TEST((events::own_address(mesh, own.address) == member.address));
  BOOST_TEST((events::own_address(mesh, member.address) == member.address));
  auto other = own.address;
  other.bytes[1] ^= 1U;
  BOOST_TEST((events::own_address(mesh, other) == other));
}

BOOST_AUTO_TEST_CASE(who_has_an_endpoint_is_called) {
  auto mesh = some_mesh();
  for (std::uint32_t self : {1U, 3U})
    BOOST_TEST((peer(mesh, self, 2)->endpoint == port_51820));
  for (std::uint32_t self : {1U, 2U})
    BOOST_TEST(!peer(mesh, self, 3)->endpoint);
}

BOOST_AUTO_TEST_CASE(where_a_member_is_tried_it_is_called_for_the_time) {
  auto mesh = some_mesh();
  events::PathChoices choices;
  choices.calls[node_of(2)].endpoint = endpoint("203.0.113.9:7");
  choices.calls[node_of(4)].tried = {
      {events::CandidateKind::local, endpoint("203.0.113.9:8")}};
  auto called = [&](std::uint32_t other) {
    return desired_peer(mesh, node_of(3), node_of(other), choices)->endpoint;
  };
  BOOST_TEST((called(2) == endpoint("203.0.113.9:7")));
  auto is_told_anyway = [&] {
    return desired_peer(mesh, node_of(3), node_of(2), choices)->is_called;
  };
  BOOST_TEST(!is_told_anyway());
  choices.calls[node_of(2)].begins = true;
  BOOST_TEST(is_told_anyway());
  BOOST_TEST(!called(4));
}

BOOST_AUTO_TEST_CASE(all_tunnels_of_a_small_mesh_are_kept) {
  auto mesh = mesh_of(events::kept_members_max).mesh();
  for (auto [self, other] : {std::pair{1U, 3U}, {3U, 1U}, {2U, 3U}})
    BOOST_TEST(peer(mesh, self, other)->keepalive_seconds ==
               keepalive_of(self, other));
}

BOOST_AUTO_TEST_CASE(in_a_large_mesh_each_keeps_its_tunnel_to_the_hub) {
  auto author = mesh_of(events::kept_members_max + 1);
  auto keepalive = [&](std::uint32_t self, std::uint32_t other) {
    return peer(author.mesh(), self, other)->keepalive_seconds;
  };
  BOOST_TEST(keepalive(3, 1) == keepalive_of(3, 1));
  BOOST_TEST(keepalive(2, 3) == 0);
  // The hub may be behind a router too.
  BOOST_TEST(keepalive(1, 3) == keepalive_of(1, 3));
  author(events::ChangeEndpoints{node_of(1), {endpoint("192.0.2.1:1")}});
  BOOST_TEST(keepalive(1, 3) == 0);
}

BOOST_AUTO_TEST_CASE(without_a_hub_what_can_be_reached_is_reached_directly) {
  auto author = mesh_of(3);
  BOOST_TEST(author(events::MoveRole{Role::hub, node_of(2)}) == "");
  BOOST_TEST(author(events::ChangeEndpoints{node_of(1), {port_51820}}) == "");
  BOOST_TEST(author(events::AddMember{newcomer(4)}) == "");
  BOOST_TEST(author(events::RemoveMember{node_of(2), "", true}) == "");
  const auto& mesh = author.mesh();
  BOOST_TEST(allowed(peer(mesh, 1, 3)) == "10.8.0.3/32");
  BOOST_TEST(allowed(peer(mesh, 3, 1)) == "10.8.0.1/32");
  BOOST_TEST(allowed(peer(mesh, 3, 4)) == "10.8.0.4/32");
}

BOOST_AUTO_TEST_CASE(nobody_has_a_tunnel_to_itself_or_to_strangers) {
  auto mesh = some_mesh();
  for (std::uint32_t self : {1U, 2U, 7U}) BOOST_TEST(!peer(mesh, self, self));
  BOOST_TEST(!peer(mesh, 1, 7));
  BOOST_TEST(!peer(mesh, 7, 1));
  BOOST_TEST(!peer(mesh, 2, 7));
}

// -- devices -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_device_has_its_own_addresses_with_the_mesh_s_lengths) {
  auto mesh = some_mesh("2001:db8:8::/64");
  auto device = device_of(mesh, node_of(3));
  BOOST_TEST((device.key == tunnel_key_of(3)));
  BOOST_TEST(device.listen_port == 51'820);
  auto tunnel = events::tunnel_address(mesh, *mesh.find(node_of(3)));
  BOOST_TEST((device.addresses == std::vector{range("10.8.0.3/24"),
                                              range("2001:db8:8::3/64"),
                                              IpRange{tunnel, 64}}));
}

BOOST_AUTO_TEST_CASE(each_member_may_have_to_pass_packets_on) {
  auto mesh = some_mesh("2001:db8:8::/64");
  for (std::uint32_t number : {1U, 3U})
    BOOST_TEST((device_of(mesh, node_of(number)).forwarded ==
                std::vector{range("10.8.0.0/24"), range("2001:db8:8::/64")}));
}

BOOST_AUTO_TEST_CASE(a_device_has_each_other_member_as_a_peer) {
  auto mesh = some_mesh();
  BOOST_TEST(peers_of(mesh, 1) == 3U);
  BOOST_TEST(peers_of(mesh, 2) == 3U);
  BOOST_TEST(peers_of(mesh, 3) == 3U);
  auto device = device_of(mesh, node_of(3), directly_to(2));
  BOOST_TEST((device.peers.at(tunnel_key_of(1)) == peer(mesh, 3, 1)));
  BOOST_TEST(
      (device.peers.at(tunnel_key_of(2)) == peer(mesh, 3, 2, directly_to(2))));
}

BOOST_AUTO_TEST_CASE(who_is_in_no_mesh_has_neither_peers_nor_addresses) {
  DeviceConfig bare;
  bare.key = tunnel_key_of(7);
  bare.listen_port = 51'820;
  auto device_in = [](const Mesh& mesh) {
    return desired_device(mesh, node_of(7), tunnel_key_of(7), 51'820, {});
  };
  BOOST_TEST((device_in(Mesh{}) == bare));
  BOOST_TEST((device_in(some_mesh()) == bare));
}

BOOST_AUTO_TEST_CASE(a_member_that_was_removed_is_nobodys_peer) {
  auto author = mesh_of(3);
  BOOST_TEST(author(events::RemoveMember{node_of(2), "", false}) == "");
  BOOST_TEST(peers_of(author.mesh(), 1) == 1U);
  BOOST_TEST(peers_of(author.mesh(), 2) == 0U);
  BOOST_TEST(author(events::ReplaceMember{node_of(3), newcomer(7)}) == "");
  auto device = device_of(author.mesh(), node_of(1));
  BOOST_TEST(device.peers.size() == 1U);
  BOOST_TEST(device.peers.contains(tunnel_key_of(7)));
}

BOOST_AUTO_TEST_CASE(ranges_are_sorted_whichever_is_lower) {
  // The first byte of this range of IPv6 is below that of the IPv4 one.
  auto mesh = mesh_of(3, "192.168.0.0/24", "2001:db8::/64").mesh();
  for (std::uint32_t self : {1U, 2U}) {
    auto device = device_of(mesh, node_of(self));
    BOOST_TEST(
        std::is_sorted(device.addresses.begin(), device.addresses.end()));
    BOOST_TEST(
        std::is_sorted(device.forwarded.begin(), device.forwarded.end()));
    BOOST_TEST(device.addresses.size() == 3U);
    for (const auto& [key, config] : device.peers) {
      BOOST_TEST(config.allowed.size() ==
                 (key == tunnel_key_of(1) || self == 1 ? 3U : 1U));
      BOOST_TEST(std::is_sorted(config.allowed.begin(), config.allowed.end()));
    }
  }
}

// -- any mesh ----------------------------------------------------------------

namespace {

Mesh random_mesh(Random& random) {
  auto author = random.below(2) == 0
                    ? mesh_of(1)
                    : mesh_of(1, "192.168.0.0/24", "2001:db8::/64");
  auto count = static_cast<std::uint32_t>(2 + random.below(9));
  for (std::uint32_t number = 2; number <= count; ++number)
    BOOST_TEST_REQUIRE(author(events::AddMember{newcomer(number)}) == "");
  for (std::uint32_t number = 1; number <= count; ++number)
    if (random.below(3) == 0)
      BOOST_TEST_REQUIRE(
          author(events::ChangeEndpoints{node_of(number), {port_51820}}) == "");
  BOOST_TEST_REQUIRE(author(events::MoveRole{Role::hub, node_of(count)}) == "");
  // Sometimes the hub is gone, and sometimes it is the authority.
  if (random.below(3) == 0)
    BOOST_TEST_REQUIRE(author(events::RemoveMember{node_of(count), "", true}) ==
                       "");
  else if (random.below(3) == 0)
    BOOST_TEST_REQUIRE(author(events::MoveRole{Role::hub, node_of(1)}) == "");
  return author.mesh();
}

/// Direct ones, usual ones, and some by anybody.
TakenPaths some_paths(const Mesh& mesh, const NodeId& self, Random& random) {
  TakenPaths paths;
  for (const auto& [node, member] : mesh.members) {
    auto relay = std::next(
        mesh.members.begin(),
        static_cast<std::ptrdiff_t>(random.below(mesh.members.size())));
    if (random.below(2) == 0) continue;
    bool is_direct = relay->first == node || relay->first == self;
    paths[node] = {is_direct ? events::direct_path : events::Path{relay->first},
                   {}};
  }
  return paths;
}

/// Whether no two peers have overlapping ranges, but for what lies in the
/// ranges that go to the hub.
void check_ranges(const Mesh& mesh, const DeviceConfig& device) {
  const auto* hub = mesh.find(mesh.hub);
  std::vector<IpRange> own;
  for (const auto& [key, config] : device.peers) {
    bool is_hub = hub != nullptr && key == hub->tunnel_key;
    for (const auto& range : config.allowed) {
      BOOST_TEST((is_hub || range.length == range.address.bits()));
      if (!is_hub) own.push_back(range);
    }
  }
  for (auto a = own.begin(); a != own.end(); ++a)
    for (auto b = std::next(a); b != own.end(); ++b)
      BOOST_TEST(!a->overlaps(*b));
}

}  // namespace

BOOST_AUTO_TEST_CASE(tunnels_have_two_ends_and_addresses_one_peer) {
  auto first = seed_or(20260404);
  for (auto seed = first; seed < first + 100; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      Random random{seed};
      auto mesh = random_mesh(random);
      std::map<NodeId, DeviceConfig> devices;
      for (const auto& [node, member] : mesh.members)
        devices[node] = device_of(mesh, node, some_paths(mesh, node, random));
      for (const auto& [node, device] : devices) {
        const auto& key = mesh.find(node)->tunnel_key;
        BOOST_TEST(!device.peers.contains(key));
        check_ranges(mesh, device);
        for (const auto& [other, peer] : devices)
          BOOST_TEST(device.peers.contains(mesh.find(other)->tunnel_key) ==
                     peer.peers.contains(key));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
