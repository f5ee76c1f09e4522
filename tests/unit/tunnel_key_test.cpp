// The rotation of the key of a node's tunnels: who decides what, and which key
// the others use meanwhile.
#include "events/tunnel_key.hpp"

#include <algorithm>
#include <utility>

#include "events/topology.hpp"
#include "store/record.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::KeyChoice;
using events::KeyNews;
using events::Mesh;
using events::ObservedDevice;
using events::OwnDevice;
using events::TunnelKey;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t hour_ns = 3600 * second_ns;
constexpr std::int64_t start = 500'000 * hour_ns;
constexpr events::Moment some_time{start, 0, true};

const TunnelKey next_key = tunnel_key_of(12);

/// Number 2 of three members is to get another key.
RosterAuthor announced() {
  auto author = mesh_of(3);
  BOOST_TEST_REQUIRE(author.hear(node_of(2), {next_key}, some_time) == "");
  return author;
}

OwnDevice own_device(std::uint32_t number,
                     const std::optional<TunnelKey>& next = {}) {
  OwnDevice own;
  own.key = tunnel_key_of(number);
  own.next_key = next;
  return own;
}

std::string rotation_of(const OwnDevice& own, const Mesh& mesh, bool force,
                        const events::Moment& now = some_time) {
  return refusal_of(
      events::decide_rotation(own, mesh, node_of(2), next_key, force, now));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tunnel_key)

// -- the authority -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_key_is_announced_and_then_in_use) {
  auto author = announced();
  const auto* member = author.mesh().find(node_of(2));
  BOOST_TEST((member->tunnel_key == tunnel_key_of(2)));
  BOOST_TEST((member->next_tunnel_key == next_key));
  BOOST_TEST(author.hear(node_of(2), {next_key, true}) == "");
  BOOST_TEST((member->tunnel_key == next_key));
  BOOST_TEST(!member->next_tunnel_key);
  BOOST_TEST((member->last_tunnel_key == tunnel_key_of(2)));
}

BOOST_AUTO_TEST_CASE(a_requested_key_that_is_in_use_was_made_elsewhere) {
  auto author = announced();
  auto own = own_device(2, next_key);
  BOOST_TEST(!events::key_made_elsewhere(own, author.mesh(), node_of(2)));
  BOOST_TEST_REQUIRE(author.hear(node_of(2), {next_key, true}) == "");
  BOOST_TEST(
      (events::key_made_elsewhere(own, author.mesh(), node_of(2)) == next_key));
  BOOST_TEST(!events::key_made_elsewhere(own, author.mesh(), node_of(3)));
}

BOOST_AUTO_TEST_CASE(what_is_said_again_is_recorded_once) {
  auto author = announced();
  BOOST_TEST(author.hear(node_of(2), {next_key}) ==
             "the roster says so already");
  BOOST_TEST(author.hear(node_of(2), {next_key, true}) == "");
  for (bool is_in_use : {false, true})
    BOOST_TEST(author.hear(node_of(2), {next_key, is_in_use}) ==
               "the roster says so already");
}

BOOST_AUTO_TEST_CASE(a_key_that_was_used_unannounced_is_announced_first) {
  auto author = mesh_of(3);
  BOOST_TEST(author.hear(node_of(2), {next_key, true}, some_time) == "");
  const auto* member = author.mesh().find(node_of(2));
  BOOST_TEST((member->tunnel_key == tunnel_key_of(2)));
  BOOST_TEST((member->next_tunnel_key == next_key));
  BOOST_TEST(author.hear(node_of(2), {next_key, true}, some_time) == "");
  BOOST_TEST((member->tunnel_key == next_key));
}

BOOST_AUTO_TEST_CASE(keys_are_announced_once_an_hour) {
  auto author = announced();
  auto another = tunnel_key_of(13);
  BOOST_TEST(mentions(
      author.hear(node_of(2), {another}, {start + hour_ns - 1, 0, true}),
      "less than an hour ago"));
  BOOST_TEST(author.hear(node_of(2), {another}, {start + hour_ns, 0, true}) ==
             "");
  BOOST_TEST(!author.mesh().holders.tunnel_keys.contains(next_key));
}

BOOST_AUTO_TEST_CASE(nobody_gets_a_key_that_somebody_has_or_had) {
  auto author = announced();
  BOOST_TEST(author.hear(node_of(2), {next_key, true}, some_time) == "");
  BOOST_TEST_REQUIRE(
      author(events::RemoveMember{node_of(3), "sold", false}, some_time) == "");
  for (std::uint32_t taken : {1U, 2U, 3U, 12U})
    BOOST_TEST(
        mentions(author.hear(node_of(1), {tunnel_key_of(taken)}, some_time),
                 taken == 1 ? "says so already" : "somebody has, or had"));
}

BOOST_AUTO_TEST_CASE(all_keys_of_a_removed_member_stay_banned) {
  auto author = announced();
  BOOST_TEST(author.hear(node_of(2), {next_key, true}, some_time) == "");
  BOOST_TEST(author.hear(node_of(2), {tunnel_key_of(13)},
                         {start + hour_ns, 0, true}) == "");
  BOOST_TEST_REQUIRE(author(events::RemoveMember{node_of(2), "sold", false}) ==
                     "");
  for (std::uint32_t banned : {2U, 12U, 13U}) {
    auto thief = newcomer(9);
    thief.tunnel_key = tunnel_key_of(banned);
    BOOST_TEST(mentions(author(events::AddMember{thief}), "which was removed"));
  }
}

BOOST_AUTO_TEST_CASE(only_the_authority_records_a_key) {
  auto mesh = mesh_of(3).mesh();
  BOOST_TEST(mentions(refusal_of(events::decide_key_news(
                          mesh, node_of(3), node_of(2), {next_key}, some_time)),
                      "only the authority"));
  BOOST_TEST(refusal_of(events::decide_key_news(mesh, node_of(1), node_of(7),
                                                {next_key}, some_time)) != "");
}

// -- the node itself ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_the_roster_lacks_is_told_until_it_does_not) {
  auto author = mesh_of(3);
  auto told = [&](const OwnDevice& own) {
    return events::key_news(author.mesh(), node_of(2), own, *own.key);
  };
  BOOST_TEST(!told(own_device(2)));
  auto rotating = own_device(2, next_key);
  BOOST_TEST((told(rotating) == KeyNews{next_key, false}));
  BOOST_TEST_REQUIRE(author.hear(node_of(2), *told(rotating)) == "");
  BOOST_TEST(!told(rotating));
  BOOST_TEST((told(own_device(12)) == KeyNews{next_key, true}));
  BOOST_TEST_REQUIRE(author.hear(node_of(2), {next_key, true}) == "");
  BOOST_TEST(!told(own_device(12)));
}

BOOST_AUTO_TEST_CASE(the_device_keeps_the_old_key_until_others_were_told) {
  auto own = own_device(12);
  own.former_keys = {tunnel_key_of(2)};
  auto author = announced();
  auto of_device = [&](std::uint32_t seen, bool told) {
    return events::key_of_device(author.mesh(), node_of(2), own,
                                 tunnel_key_of(seen), told);
  };
  BOOST_TEST((of_device(2, false) == tunnel_key_of(2)));
  BOOST_TEST((of_device(2, true) == next_key));
  BOOST_TEST((of_device(12, false) == next_key));
  // Somebody made it anything else.
  BOOST_TEST((of_device(9, false) == next_key));
  BOOST_TEST_REQUIRE(author.hear(node_of(2), {next_key, true}) == "");
  BOOST_TEST((of_device(2, false) == next_key));
}

BOOST_AUTO_TEST_CASE(a_roster_that_never_heard_of_a_key_gets_the_one_before) {
  auto own = own_device(12);
  own.former_keys = {tunnel_key_of(2)};
  auto mesh = mesh_of(3).mesh();
  auto of_device = events::key_of_device(mesh, node_of(2), own, next_key, true);
  BOOST_TEST((of_device == tunnel_key_of(2)));
  BOOST_TEST((events::key_news(mesh, node_of(2), own, of_device) ==
              KeyNews{next_key, false}));
}

BOOST_AUTO_TEST_CASE(a_rotation_is_refused_with_the_reason) {
  auto mesh = mesh_of(3).mesh();
  BOOST_TEST(rotation_of(own_device(2), mesh, false) == "");
  BOOST_TEST(mentions(rotation_of(own_device(2), {}, false), "in no mesh"));
  BOOST_TEST(mentions(rotation_of({}, mesh, false), "no key yet"));
  BOOST_TEST(
      mentions(rotation_of(own_device(2, next_key), mesh, false), "--force"));
  BOOST_TEST(mentions(rotation_of(own_device(9), mesh, false),
                      "node-1, the authority, does not know"));
  auto changed = announced();
  BOOST_TEST_REQUIRE(changed.hear(node_of(2), {next_key, true}) == "");
  BOOST_TEST(mentions(rotation_of(own_device(12), changed.mesh(), false),
                      "less than an hour ago"));
}

BOOST_AUTO_TEST_CASE(force_goes_on_with_what_was_requested) {
  auto own = own_device(2, tunnel_key_of(13));
  auto decision = events::decide_rotation(own, mesh_of(3).mesh(), node_of(2),
                                          next_key, true, some_time);
  const auto& drafts = drafts_of(decision);
  BOOST_TEST_REQUIRE(drafts.size() == 1U);
  const auto* requested = drafts[0].payload.AsTunnelKeyRequested();
  BOOST_TEST_REQUIRE(requested != nullptr);
  BOOST_TEST((TunnelKey{*requested->key} == tunnel_key_of(13)));
  BOOST_TEST(requested->force);
  own.is_forced = true;
  BOOST_TEST(
      mentions(rotation_of(own, mesh_of(3).mesh(), true), "forced already"));
}

BOOST_AUTO_TEST_CASE(a_key_that_somebody_else_took_first_is_given_up) {
  auto author = mesh_of(3);
  BOOST_TEST_REQUIRE(author.hear(node_of(3), {next_key}, some_time) == "");
  auto decision = events::decide_rotation(own_device(2, next_key),
                                          author.mesh(), node_of(2),
                                          tunnel_key_of(13), false, some_time);
  const auto& drafts = drafts_of(decision);
  BOOST_TEST_REQUIRE(drafts.size() == 1U);
  const auto* requested = drafts[0].payload.AsTunnelKeyRequested();
  BOOST_TEST_REQUIRE(requested != nullptr);
  BOOST_TEST((TunnelKey{*requested->key} == tunnel_key_of(13)));
}

BOOST_AUTO_TEST_CASE(who_has_not_acknowledged_is_named) {
  auto mesh = announced().mesh();
  events::RosterPlace at{1, mesh.version};
  auto missing = [&](std::map<NodeId, events::RosterPlace> known) {
    return events::not_acknowledged(mesh, node_of(2), at, known);
  };
  BOOST_TEST((missing({{node_of(1), at}}) == std::vector{node_of(3)}));
  BOOST_TEST((missing({{node_of(1), at}, {node_of(3), {1, at.version - 1}}}) ==
              std::vector{node_of(3)}));
  BOOST_TEST(
      missing({{node_of(1), at}, {node_of(3), {1, at.version + 1}}}).empty());
  BOOST_TEST((missing({{node_of(1), at}, {node_of(3), {2, 9}}}) ==
              std::vector{node_of(3)}));
}

// -- the others --------------------------------------------------------------

namespace {

/// What number 1 sees of number 2.
struct Sight {
  Mesh mesh = announced().mesh();
  KeyChoice choice;
  ObservedDevice device;
  events::MembersSeen seen;

  void shook_hands(const TunnelKey& key, std::int64_t seconds_ago) {
    auto& peer = device.peers[key];
    peer.last_handshake_ns = start - seconds_ago * second_ns;
    peer.config.endpoint = endpoint("192.0.2.2:51820");
  }
  void look(const std::set<NodeId>& broken = {}) {
    choice.keep_announced(mesh);
    choice.look(mesh, device, broken, start);
    events::note_seen(seen, mesh, device, choice.uses(), start);
  }
  /// Of the peer with that key.
  [[nodiscard]] std::optional<events::Endpoint> called_at(
      const TunnelKey& key) const {
    return events::desired_device(mesh, node_of(1), tunnel_key_of(1), 51'820,
                                  {{}, {}, choice.uses()}, seen)
        .peers.at(key)
        .endpoint;
  }
  [[nodiscard]] std::vector<TunnelKey> peers() const {
    auto desired = events::desired_device(mesh, node_of(1), tunnel_key_of(1),
                                          51'820, {{}, {}, choice.uses()});
    std::vector<TunnelKey> keys;
    for (const auto& key : {tunnel_key_of(2), next_key})
      if (desired.peers.contains(key)) keys.push_back(key);
    return keys;
  }
  [[nodiscard]] TunnelKey in_use() const {
    return events::key_in_use(node_of(2), *mesh.find(node_of(2)),
                              choice.uses());
  }
};

const std::vector old_alone{tunnel_key_of(2)};
const std::vector new_alone{next_key};
const std::vector both{tunnel_key_of(2), next_key};

}  // namespace

BOOST_FIXTURE_TEST_CASE(as_long_as_the_old_key_lives_the_new_one_is_no_peer,
                        Sight) {
  shook_hands(tunnel_key_of(2), 100);
  look();
  BOOST_TEST((peers() == old_alone));
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_was_set_back_does_not_keep_an_old_key,
                        Sight) {
  shook_hands(tunnel_key_of(2), -3600);
  shook_hands(next_key, 1);
  look();
  BOOST_TEST((in_use() == next_key));
}

BOOST_FIXTURE_TEST_CASE(a_member_that_says_that_it_switches_is_followed,
                        Sight) {
  shook_hands(tunnel_key_of(2), 100);
  look();
  BOOST_TEST(choice.take(mesh, node_of(2), next_key));
  BOOST_TEST((in_use() == next_key));
  // The old one lived on for a while.
  look();
  BOOST_TEST((in_use() == next_key));
}

BOOST_FIXTURE_TEST_CASE(the_new_peer_is_called_where_the_old_one_was, Sight) {
  shook_hands(tunnel_key_of(2), 100);
  look();
  BOOST_TEST(!called_at(tunnel_key_of(2)).has_value());
  choice.take(mesh, node_of(2), next_key);
  BOOST_TEST((called_at(next_key) == endpoint("192.0.2.2:51820")));
  // Its handshake says where it is now.
  shook_hands(next_key, 1);
  look();
  BOOST_TEST(!called_at(next_key).has_value());
}

/// The looks are seconds apart, and all may have acknowledged it sooner.
BOOST_FIXTURE_TEST_CASE(so_it_is_if_no_look_came_since_it_was_announced,
                        Sight) {
  auto announced_mesh = std::exchange(mesh, mesh_of(3).mesh());
  shook_hands(tunnel_key_of(2), 100);
  look();
  mesh = announced_mesh;
  choice.take(mesh, node_of(2), next_key);
  BOOST_TEST((called_at(next_key) == endpoint("192.0.2.2:51820")));
}

BOOST_FIXTURE_TEST_CASE(so_it_is_if_the_roster_says_first_that_it_changed,
                        Sight) {
  shook_hands(tunnel_key_of(2), 100);
  look();
  auto author = announced();
  BOOST_TEST_REQUIRE(author.hear(node_of(2), {next_key, true}) == "");
  mesh = author.mesh();
  choice.keep_announced(mesh);
  BOOST_TEST((called_at(next_key) == endpoint("192.0.2.2:51820")));
}

BOOST_FIXTURE_TEST_CASE(so_is_one_that_is_only_tried, Sight) {
  shook_hands(tunnel_key_of(2), 200);
  look();
  BOOST_TEST((peers() == both));
  BOOST_TEST((called_at(next_key) == endpoint("192.0.2.2:51820")));
}

/// The operator may have said since where it moved.
BOOST_FIXTURE_TEST_CASE(the_roster_knows_better_than_a_tunnel_that_is_dead,
                        Sight) {
  mesh.members.at(node_of(2)).endpoints = {endpoint("192.0.2.9:51820")};
  shook_hands(tunnel_key_of(2), 100);
  look();
  BOOST_TEST((called_at(tunnel_key_of(2)) == endpoint("192.0.2.9:51820")));
  choice.take(mesh, node_of(2), next_key);
  BOOST_TEST((called_at(next_key) == endpoint("192.0.2.2:51820")));
  shook_hands(tunnel_key_of(2), 200);
  look();
  BOOST_TEST((called_at(next_key) == endpoint("192.0.2.9:51820")));
}

BOOST_FIXTURE_TEST_CASE(who_is_no_member_any_more_was_never_seen, Sight) {
  shook_hands(tunnel_key_of(2), 100);
  look();
  BOOST_TEST(seen.contains(node_of(2)));
  mesh.members.erase(node_of(2));
  look();
  BOOST_TEST(seen.empty());
}

BOOST_FIXTURE_TEST_CASE(a_word_of_a_key_that_is_not_announced_says_nothing,
                        Sight) {
  BOOST_TEST(!choice.take(mesh, node_of(2), tunnel_key_of(13)));
  BOOST_TEST(!choice.take(mesh, node_of(3), next_key));
  BOOST_TEST(!choice.take(mesh, node_of(9), next_key));
  BOOST_TEST((peers() == old_alone));
}

BOOST_FIXTURE_TEST_CASE(who_did_not_hear_it_tries_both_when_nothing_passes,
                        Sight) {
  shook_hands(tunnel_key_of(2), 200);
  look();
  BOOST_TEST((peers() == both));
  BOOST_TEST((in_use() == tunnel_key_of(2)));
  shook_hands(next_key, 1);
  look();
  BOOST_TEST((in_use() == next_key));
}

BOOST_FIXTURE_TEST_CASE(what_went_to_the_old_key_is_not_cut_off, Sight) {
  shook_hands(tunnel_key_of(2), 100);
  look();
  choice.take(mesh, node_of(2), next_key);
  BOOST_TEST((peers() == both));
  auto desired = events::desired_device(mesh, node_of(1), tunnel_key_of(1),
                                        51'820, {{}, {}, choice.uses()});
  BOOST_TEST(!desired.peers.at(next_key).allowed.empty());
  BOOST_TEST(desired.peers.at(tunnel_key_of(2)).allowed.empty());
  BOOST_TEST(desired.peers.at(tunnel_key_of(2)).keepalive_seconds == 0);
}

BOOST_FIXTURE_TEST_CASE(a_tunnel_through_which_nothing_comes_back_is_dead,
                        Sight) {
  shook_hands(tunnel_key_of(2), 100);
  look({node_of(2)});
  BOOST_TEST((peers() == both));
}

BOOST_FIXTURE_TEST_CASE(only_the_old_one_gets_packets_while_both_are_tried,
                        Sight) {
  look({node_of(2)});
  auto desired = events::desired_device(mesh, node_of(1), tunnel_key_of(1),
                                        51'820, {{}, {}, choice.uses()});
  BOOST_TEST(!desired.peers.at(tunnel_key_of(2)).allowed.empty());
  BOOST_TEST(desired.peers.at(next_key).allowed.empty());
}

BOOST_FIXTURE_TEST_CASE(an_old_key_that_lives_again_is_used_alone, Sight) {
  shook_hands(tunnel_key_of(2), 200);
  look();
  shook_hands(tunnel_key_of(2), 1);
  look();
  BOOST_TEST((peers() == old_alone));
}

BOOST_FIXTURE_TEST_CASE(what_the_roster_says_in_the_end_is_followed, Sight) {
  choice.take(mesh, node_of(2), next_key);
  auto author = announced();
  BOOST_TEST_REQUIRE(author.hear(node_of(2), {next_key, true}) == "");
  mesh = author.mesh();
  // Also before the choice knows of it.
  BOOST_TEST((peers() == new_alone));
  choice.keep_announced(mesh);
  BOOST_TEST(choice.uses().empty());
  BOOST_TEST((peers() == new_alone));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
