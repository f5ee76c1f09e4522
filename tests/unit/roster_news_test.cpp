// Whom entries of a roster concern, and what that is to a device: the same as a
// comparison of all of it.
#include "events/roster_news.hpp"

#include "events/roster.hpp"
#include "events/topology.hpp"
#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::DeviceConfig;
using events::Mesh;
using events::ObservedDevice;
using events::PeerNews;
using events::RosterNews;
using events::TakenPaths;
using schema::Role;

namespace {

constexpr std::int64_t now_ns = 1'767'225'600'000'000'000;

DeviceConfig desired(const Mesh& mesh, const NodeId& self,
                     const TakenPaths& paths) {
  return events::desired_device(mesh, self, {}, 51'820, {paths, {}});
}

/// A device as it should be; of those peers packets pass through some.
ObservedDevice right_device(const Mesh& mesh, const NodeId& self,
                            const TakenPaths& paths, Random& random) {
  ObservedDevice seen;
  seen.exists = seen.is_up = true;
  seen.key = events::TunnelKey{};
  seen.listen_port = 51'820;
  auto config = desired(mesh, self, paths);
  seen.addresses = config.addresses;
  seen.forwarded = config.forwarded;
  for (const auto& [key, peer] : config.peers) {
    seen.peers[key].config = peer;
    if (random.below(2) == 0) seen.peers[key].last_handshake_ns = now_ns;
  }
  return seen;
}

/// Of one that has six members.
TakenPaths some_paths(Random& random) {
  TakenPaths paths;
  for (std::uint32_t node = 1; node <= 6; ++node) {
    events::TakenPath taken{{}, schema::PathReason::other_end};
    auto relay = 1 + static_cast<std::uint32_t>(random.below(6));
    if (relay != node && random.below(4) == 0)
      taken.path.relay = node_of(relay);
    if (random.below(2) == 0) paths[node_of(node)] = taken;
  }
  return paths;
}

/// What the entries after the version of `before` concern.
RosterNews news_of(const RosterAuthor& author, const Mesh& before) {
  RosterNews news;
  news.since = before.version;
  for (auto at = before.version; at < author.entries().size(); ++at) {
    store::AlignedBytes aligned;
    events::note(
        news, *must(store::check_entry(aligned.assign(author.entries()[at]))));
  }
  return news;
}

struct Changed {
  explicit Changed(std::uint32_t members) : author(mesh_of(members)) {
    for (std::uint32_t number : {1U, 2U})
      change(events::ChangeEndpoints{node_of(number),
                                     {endpoint("192.0.2.1:51820")}});
    before = author.mesh();
  }

  void change(const events::MeshCommand& command) {
    BOOST_TEST_REQUIRE(author(command) == "");
  }

  std::optional<PeerNews> news(std::uint32_t self, const ObservedDevice& seen) {
    return events::peer_news(before, author.mesh(), news_of(author, before),
                             node_of(self), {paths, {}}, seen, now_ns);
  }
  std::optional<PeerNews> news(std::uint32_t self) {
    Random random{1};
    return news(self, right_device(before, node_of(self), paths, random));
  }

  RosterAuthor author;
  Mesh before;
  TakenPaths paths;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(roster_news)

BOOST_AUTO_TEST_CASE(one_who_comes_concerns_nobody_else) {
  Changed mesh{4};
  mesh.change(events::AddMember{newcomer(5)});
  auto news = mesh.news(1);
  BOOST_REQUIRE(news.has_value());
  BOOST_REQUIRE(news->peers.size() == 1U);
  BOOST_REQUIRE(news->change.peers.size() == 1U);
  BOOST_TEST(news->change.peers[0].key == tunnel_key_of(5));
  BOOST_TEST(news->change.peers[0].add);
}

BOOST_AUTO_TEST_CASE(all_is_compared_if_a_path_leads_over_somebody_else) {
  Changed mesh{5};
  mesh.paths[node_of(4)] = {{node_of(5)}, schema::PathReason::relay_lost};
  for (auto removed : {4U, 5U}) {
    auto other = mesh;
    other.change(events::RemoveMember{node_of(removed), "lost"});
    BOOST_TEST(!other.news(2).has_value());
  }
  mesh.change(events::RemoveMember{node_of(3), "lost"});
  BOOST_TEST(mesh.news(2).has_value());
}

BOOST_AUTO_TEST_CASE(the_address_of_who_is_replaced_goes_on_at_once) {
  Changed mesh{4};
  mesh.change(events::ReplaceMember{node_of(3), newcomer(9)});
  auto news = mesh.news(1);
  BOOST_REQUIRE(news.has_value());
  BOOST_REQUIRE(news->change.peers.size() == 2U);
  BOOST_TEST(news->change.peers[0].key == tunnel_key_of(9));
  BOOST_TEST(news->change.peers[0].add);
  BOOST_TEST(news->change.peers[1].key == tunnel_key_of(3));
  BOOST_TEST(news->change.peers[1].remove);
}

BOOST_AUTO_TEST_CASE(where_a_live_peer_roamed_to_is_left_alone) {
  Changed mesh{4};
  Random random{1};
  auto seen = right_device(mesh.before, node_of(1), {}, random);
  auto& peer = seen.peers.at(tunnel_key_of(3));
  peer.config.endpoint = endpoint("198.51.100.7:9");
  mesh.change(
      events::ChangeEndpoints{node_of(3), {endpoint("192.0.2.3:51820")}});
  for (bool is_live : {true, false}) {
    peer.last_handshake_ns = is_live ? now_ns : 0;
    auto news = mesh.news(1, seen);
    BOOST_REQUIRE(news.has_value());
    BOOST_TEST(news->change.peers.empty() == is_live);
  }
}

BOOST_AUTO_TEST_CASE(all_is_compared_if_everybody_may_be_concerned) {
  Changed role{4};
  role.change(events::MoveRole{Role::controller, node_of(2)});
  BOOST_TEST(!role.news(1).has_value());
  Changed hub{4};
  hub.change(events::MoveRole{Role::authority, node_of(2)});
  hub.before = hub.author.mesh();
  hub.change(events::RemoveMember{node_of(1), "lost", true});
  BOOST_TEST(!hub.news(3).has_value());
  Changed self{events::kept_members_max + 2};
  self.change(events::RemoveMember{node_of(3), "lost"});
  BOOST_TEST(!self.news(3).has_value());
  BOOST_TEST(self.news(2).has_value());
}

BOOST_AUTO_TEST_CASE(all_is_compared_when_a_mesh_grows_too_large_to_keep) {
  Changed mesh{events::kept_members_max - 1};
  mesh.change(events::AddMember{newcomer(90)});
  BOOST_TEST(mesh.news(2).has_value());
  mesh.before = mesh.author.mesh();
  mesh.change(events::AddMember{newcomer(91)});
  BOOST_TEST(!mesh.news(2).has_value());
}

BOOST_AUTO_TEST_CASE(news_since_another_version_are_none) {
  Changed mesh{4};
  mesh.change(events::AddMember{newcomer(5)});
  auto between = mesh.author.mesh();
  mesh.change(events::AddMember{newcomer(6)});
  Random random{1};
  auto seen = right_device(mesh.before, node_of(1), {}, random);
  BOOST_TEST(!events::peer_news(mesh.before, mesh.author.mesh(),
                                news_of(mesh.author, between), node_of(1), {},
                                seen, now_ns)
                  .has_value());
}

/// Whatever happened to the mesh and whoever looks at it.
BOOST_AUTO_TEST_CASE(news_change_what_a_whole_comparison_would) {
  Random random{7};
  int compared = 0;
  for (int round = 0; round < 300; ++round) {
    Changed mesh{6};
    auto next = 10U;
    for (auto entries = 1 + random.below(3); entries > 0; --entries) {
      auto number = static_cast<std::uint32_t>(2 + random.below(5));
      std::vector<events::MeshCommand> commands{
          events::AddMember{newcomer(next++)},
          events::RemoveMember{node_of(number), "lost", true},
          events::ReplaceMember{node_of(number), newcomer(next++)},
          events::ChangeEndpoints{
              node_of(number),
              {endpoint("192.0.2.9:" + std::to_string(next++))}}};
      mesh.author(commands[random.below(commands.size())]);
    }
    for (std::uint32_t self = 1; self <= 6; ++self) {
      mesh.paths = some_paths(random);
      auto seen = right_device(mesh.before, node_of(self), mesh.paths, random);
      auto news = mesh.news(self, seen);
      if (!news) continue;
      ++compared;
      auto wanted = desired(mesh.author.mesh(), node_of(self), mesh.paths);
      BOOST_TEST((news->change == events::difference(wanted, seen, now_ns)));
      auto patched = desired(mesh.before, node_of(self), mesh.paths);
      for (const auto& [key, peer] : news->peers) {
        patched.peers.erase(key);
        if (peer) patched.peers.emplace(key, *peer);
      }
      BOOST_TEST((patched == wanted));
    }
  }
  BOOST_TEST(compared > 600);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
