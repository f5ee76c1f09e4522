// Which path packets take to each member, in a small net of members that
// choose for themselves: links fail, in both directions or in one, and work
// again.
#include "events/paths.hpp"

#include <deque>
#include <functional>
#include <iostream>
#include <tuple>

#include "events/peer_watch.hpp"
#include "events/topology.hpp"
#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::direct_path;
using events::Path;
using events::PathLetter;
using events::PathLetters;
using events::Paths;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t ping_bytes = 128;
constexpr std::uint64_t keepalive_bytes = 32;
constexpr std::size_t frame_size = 300;

/// The first look at a device, and any other that may show anything.
void look_at_all(Paths& paths, const events::Mesh& mesh,
                 const events::ObservedDevice& device, std::uint64_t utc_ns) {
  paths.keep_members(mesh);
  paths.look(mesh, device, events::nodes_of(mesh),
             static_cast<std::int64_t>(utc_ns));
}

enum class Looks { at_what_changed, at_all };

/// Members 1 to `count`, of whom number 1 is the hub. A second at a time.
class Net {
 public:
  explicit Net(std::uint32_t count, Looks looks = Looks::at_what_changed)
      : count_(count),
        looks_(looks),
        mesh_(mesh_of(count).mesh()),
        watches_(count + 1),
        taken_(count + 1),
        tunnels_(count + 1) {
    for (std::uint32_t i = 0; i <= count; ++i) {
      paths_.emplace_back(node_of(i)).keep_members(mesh_);
      note_taken(i);
      tunnels_[i].resize(count + 1);
    }
  }

  void cut(std::uint32_t from, std::uint32_t to) { link(from, to).cut = true; }
  void cut_both(std::uint32_t a, std::uint32_t b) {
    cut(a, b);
    cut(b, a);
  }
  void unplug(std::uint32_t a, std::uint32_t b) {
    link(a, b).unplugged = link(b, a).unplugged = true;
  }
  void mend(std::uint32_t a, std::uint32_t b) {
    link(a, b).cut = false;
    link(b, a).cut = false;
  }
  /// None of its links works.
  void isolate(std::uint32_t node) {
    for (std::uint32_t other = 1; other <= count_; ++other)
      if (other != node) cut_both(node, other);
  }

  /// `from` asks and `to` answers, each second.
  void ping(std::uint32_t from, std::uint32_t to) {
    pings_.push_back({from, to});
  }
  void stop_pings() { pings_.clear(); }

  /// Lets time pass; how many pings were not answered.
  std::uint64_t run(std::uint64_t seconds) {
    auto before = lost_;
    for (std::uint64_t i = 0; i < seconds; ++i) step();
    return lost_ - before;
  }

  [[nodiscard]] const Path& path(std::uint32_t from, std::uint32_t to) const {
    return taken_[from][to];
  }
  [[nodiscard]] std::string way(std::uint32_t from, std::uint32_t to) const {
    auto taken = path(from, to);
    if (!taken.relay) return "direct";
    for (std::uint32_t node = 1; node <= count_; ++node)
      if (node_of(node) == taken.relay) return "by " + std::to_string(node);
    return "by nobody";
  }
  [[nodiscard]] bool finds_broken(std::uint32_t at, std::uint32_t other) const {
    return paths_[at].broken().contains(node_of(other));
  }
  [[nodiscard]] std::uint64_t changes() const { return changes_; }
  [[nodiscard]] std::uint64_t letters() const { return letters_; }

 private:
  struct Tunnel {
    /// What goes out here does not arrive.
    bool cut = false;
    /// Nothing can be sent here, and so nothing is counted.
    bool unplugged = false;
    std::uint64_t session = 0;
    std::uint64_t made = 0;
    std::uint64_t asked = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
  };

  Tunnel& link(std::uint32_t from, std::uint32_t to) {
    return tunnels_[from][to];
  }

  std::uint32_t number_of(const NodeId& node) const {
    for (std::uint32_t number = 1; number <= count_; ++number)
      if (node_of(number) == node) return number;
    throw std::logic_error("no such member");
  }

  std::uint32_t next_hop(std::uint32_t at, std::uint32_t to) const {
    auto relay = path(at, to).relay;
    return relay ? number_of(*relay) : to;
  }

  void shake_hands(std::uint32_t from, std::uint32_t to) {
    auto& out = link(from, to);
    auto& back = link(to, from);
    if (out.unplugged || (out.asked != 0 && now_ - out.asked < 5)) return;
    out.asked = now_;
    out.sent += 148;
    if (out.cut) return;
    back.received += 148;
    if (back.unplugged) return;
    back.sent += 92;
    if (back.cut) return;
    out.received += 92;
    out.session = back.session = ++last_session_;
    out.made = back.made = now_;
  }

  bool pass(std::uint32_t from, std::uint32_t to, std::uint64_t bytes) {
    auto& out = link(from, to);
    auto& back = link(to, from);
    auto is_good = [&] {
      return out.session != 0 && out.session == back.session &&
             now_ - out.made < 180;
    };
    if (!is_good() || now_ - out.made >= 120) shake_hands(from, to);
    if (!is_good() || out.unplugged) return false;
    out.sent += bytes;
    if (out.cut) return false;
    back.received += bytes;
    return true;
  }

  bool carry(std::uint32_t from, std::uint32_t to, std::uint64_t bytes) {
    auto at = from;
    for (int hop = 0; hop < 3; ++hop) {
      auto next = next_hop(at, to);
      if (!pass(at, next, bytes) || next_hop(next, from) != at) return false;
      if (next == to) return true;
      at = next;
    }
    return false;
  }

  bool pass_frame(std::uint32_t from, std::uint32_t to) {
    auto bytes = events::tunnel_bytes(frame_size, true);
    paths_[from].note_own(node_of(to), false, 0, bytes);
    if (!pass(from, to, bytes)) return false;
    paths_[to].note_own(node_of(from), false, bytes, 0);
    return true;
  }

  bool pass_on(std::uint32_t from, std::uint32_t relay, std::uint32_t to) {
    return pass_frame(from, relay) &&
           paths_[relay].passes_on(node_of(from), node_of(to)) &&
           pass_frame(relay, to);
  }

  void post(std::uint32_t from, PathLetters letters) {
    for (auto& letter : letters) on_their_way_.emplace_back(from, letter);
    while (!on_their_way_.empty()) {
      auto [sender, letter] = on_their_way_.front();
      on_their_way_.pop_front();
      letters_ += 1;
      deliver(sender, letter);
    }
  }

  void deliver(std::uint32_t from, const PathLetter& letter) {
    auto to = number_of(letter.to);
    bool arrives = letter.through
                       ? pass_on(from, number_of(*letter.through), to)
                       : pass_frame(from, to);
    if (!arrives) return;
    auto answers = watch(to, [&] {
      return paths_[to].take(
          mesh_, {node_of(from), letter.through, letter.word, {1, letters_}},
          now_ * second);
    });
    for (auto& answer : answers) on_their_way_.emplace_back(to, answer);
  }

  void note_taken(std::uint32_t node) {
    auto self = node_of(node);
    auto taken = paths_[node].taken(mesh_);
    taken_[node].clear();
    for (std::uint32_t to = 0; to <= count_; ++to) {
      auto found = taken.find(node_of(to));
      taken_[node].push_back(found == taken.end()
                                 ? events::usual_path(mesh_, self, node_of(to))
                                 : found->second.path);
    }
  }

  /// Counts the paths that change meanwhile.
  PathLetters watch(std::uint32_t node,
                    const std::function<PathLetters()>& act) {
    auto before = taken_[node];
    auto result = act();
    note_taken(node);
    for (std::uint32_t to = 1; to <= count_; ++to)
      if (before[to] != path(node, to)) changes_ += 1;
    return result;
  }

  void look(std::uint32_t node) {
    auto seen = std::make_shared<events::ObservedDevice>();
    auto& device = *seen;
    for (std::uint32_t other = 1; other <= count_; ++other) {
      if (other == node) continue;
      const auto& tunnel = link(node, other);
      auto& peer = device.peers[tunnel_key_of(other)];
      peer.last_handshake_ns =
          tunnel.session == 0 ? 0
                              : static_cast<std::int64_t>(tunnel.made * second);
      peer.config.keepalive_seconds = events::keepalive_seconds;
      peer.received_bytes = tunnel.received;
      peer.sent_bytes = tunnel.sent;
    }
    auto utc_ns = static_cast<std::int64_t>(now_ * second);
    auto changed = watches_[node].look(seen, utc_ns);
    paths_[node].look(mesh_, device,
                      looks_ == Looks::at_all
                          ? events::nodes_of(mesh_)
                          : events::holders_of(mesh_, changed),
                      utc_ns);
    note_taken(node);
  }

  /// A keepalive, or a heartbeat from and to the hub.
  static bool says_that_it_is_there(std::uint32_t from, std::uint32_t to) {
    constexpr std::uint32_t hub = 1;
    return from != to && (events::speaks_first(node_of(from), node_of(to)) ||
                          from == hub || to == hub);
  }

  void step() {
    now_ += 1;
    for (std::uint32_t a = 1; a <= count_; ++a)
      for (std::uint32_t b = 1; b <= count_; ++b)
        if (says_that_it_is_there(a, b) && (now_ + a) % 25 == 0)
          pass(a, b, keepalive_bytes);
    for (const auto& [from, to] : pings_)
      if (!carry(from, to, ping_bytes) || !carry(to, from, ping_bytes))
        lost_ += 1;
    for (std::uint32_t node = 1; node <= count_; ++node) {
      if ((now_ + node) % 2 == 0) look(node);
      if (paths_[node].is_restless(mesh_, now_ * second))
        post(node, watch(node, [&] {
               return paths_[node].tick(mesh_, now_ * second);
             }));
    }
  }

  std::uint32_t count_;
  Looks looks_;
  events::Mesh mesh_;
  std::vector<Paths> paths_;
  std::vector<events::PeerWatch> watches_;
  /// The path that each takes to each.
  std::vector<std::vector<Path>> taken_;
  std::vector<std::vector<Tunnel>> tunnels_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pings_;
  std::deque<std::pair<std::uint32_t, PathLetter>> on_their_way_;
  std::uint64_t now_ = 1'000;
  std::uint64_t last_session_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t letters_ = 0;
};

/// Time enough for all tunnels to have come up, and the paths to be chosen.
constexpr std::uint64_t settle = 60;
/// A keepalive later the other end is heard again.
constexpr std::uint64_t way_back = 60;

/// One in which all is up, and packets pass between two.
Net busy_net(std::uint32_t count, std::uint32_t from, std::uint32_t to) {
  Net net{count};
  net.run(settle);
  net.ping(from, to);
  BOOST_TEST(net.run(30) == 0U);
  return net;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(paths)

BOOST_AUTO_TEST_CASE(what_can_go_directly_does) {
  Net net{3};
  net.run(settle);
  BOOST_TEST(net.way(2, 3) == "direct");
  BOOST_TEST(net.way(3, 2) == "direct");
}

BOOST_AUTO_TEST_CASE(what_can_not_go_directly_goes_by_the_hub) {
  Net net{3};
  net.cut_both(2, 3);
  net.run(settle);
  net.ping(2, 3);
  BOOST_TEST(net.run(60) == 0U);
  BOOST_TEST(net.way(2, 3) == "by 1");
}

BOOST_AUTO_TEST_CASE(a_cut_costs_at_most_ten_seconds) {
  auto net = busy_net(3, 2, 3);
  net.cut_both(2, 3);
  BOOST_TEST(net.run(10) <= 10U);
  BOOST_TEST(net.run(60) == 0U);
  BOOST_TEST(net.way(2, 3) == "by 1");
  BOOST_TEST(net.way(3, 2) == "by 1");
}

/// No counter grows, so nothing looks busy.
BOOST_AUTO_TEST_CASE(what_can_not_be_sent_at_all_is_missed) {
  auto net = busy_net(3, 2, 3);
  net.unplug(2, 3);
  BOOST_TEST(net.run(10) <= 10U);
  BOOST_TEST(net.run(60) == 0U);
}

BOOST_AUTO_TEST_CASE(a_path_that_breaks_as_it_is_taken_costs_little) {
  for (std::uint64_t after = 0; after < 8; ++after) {
    Net net{3};
    net.run(settle);
    net.cut_both(2, 3);
    net.ping(2, 3);
    net.run(200);
    BOOST_TEST(net.way(2, 3) == "by 1");
    net.mend(2, 3);
    while (net.way(2, 3) != "direct" || net.way(3, 2) != "direct") net.run(1);
    net.run(after);
    net.unplug(2, 3);
    BOOST_TEST(net.run(60) <= 10U, after);
    BOOST_TEST(net.way(2, 3) == "by 1");
  }
}

/// The other end gets the wish to go back, and its answer is lost.
BOOST_AUTO_TEST_CASE(nobody_goes_back_alone_to_a_link_of_one_direction) {
  for (auto [from, to] : {std::pair{2U, 3U}, std::pair{3U, 2U}})
    for (std::uint64_t after = 0; after < 30; ++after) {
      auto net = busy_net(3, 2, 3);
      net.cut_both(2, 3);
      net.run(30);
      net.mend(2, 3);
      net.run(after);
      if (net.way(2, 3) == "direct" || net.way(3, 2) == "direct") break;
      net.cut(from, to);
      BOOST_TEST_CONTEXT("after " << after) {
        auto changes = net.changes();
        BOOST_TEST(net.run(60) <= 5U);
        BOOST_TEST(net.changes() - changes <= 2U);
      }
    }
}

/// Words by several ways overtake each other.
BOOST_AUTO_TEST_CASE(what_was_said_earlier_and_comes_later_moves_nothing) {
  auto mesh = mesh_of(3).mesh();
  Paths paths{node_of(3)};
  events::ObservedDevice device;
  for (std::uint32_t other : {1U, 2U})
    device.peers[tunnel_key_of(other)].last_handshake_ns = second;
  look_at_all(paths, mesh, device, 2 * second);
  auto say = [&](const std::optional<NodeId>& by, std::uint64_t said) {
    return paths.take(mesh, {node_of(2), by, {said, false, {by}}, {1, said}},
                      60 * second);
  };
  // The tunnel between the two answers, so it could be followed.
  say(node_of(1), 1);
  paths.doubt(node_of(2));
  for (const auto& letter : paths.tick(mesh, 60 * second))
    if (letter.to == node_of(2) && !letter.through)
      paths.take(
          mesh,
          {node_of(2), {}, {letter.word.number, true, {node_of(1)}}, {1, 5}},
          60 * second);
  say(node_of(1), 7);
  BOOST_TEST((paths.taken(mesh).contains(node_of(2)) == false));
  auto answers = say(std::nullopt, 6);
  BOOST_REQUIRE(answers.size() == 1U);
  BOOST_TEST((answers[0].word.path == Path{node_of(1)}));
}

BOOST_AUTO_TEST_CASE(a_link_that_broke_while_idle_is_found_by_its_silence) {
  Net net{3};
  net.run(settle);
  net.unplug(2, 3);
  net.run(60);
  net.ping(2, 3);
  BOOST_TEST(net.run(60) <= 10U);
  BOOST_TEST(net.way(2, 3) == "by 1");
}

/// The other end sends one 20 s after this end said, after 10 s, that it got
/// the last packet.
BOOST_AUTO_TEST_CASE(a_tunnel_that_was_asked_waits_for_its_keepalive) {
  auto [self, other] = node_of(2) < node_of(3) ? std::pair{2U, 3U}
                                               : std::pair{3U, 2U};
  auto mesh = mesh_of(3).mesh();
  Paths paths{node_of(self)};
  paths.restore(node_of(other),
                {events::direct_path, schema::PathReason::direct_works});
  events::ObservedDevice device;
  device.peers[tunnel_key_of(1)].last_handshake_ns = 1;
  auto& peer = device.peers[tunnel_key_of(other)];
  peer.last_handshake_ns = 1;
  peer.config.keepalive_seconds = events::keepalive_seconds;
  auto look = [&, mesh](std::uint64_t at_s) {
    look_at_all(paths, mesh, device, at_s * second);
    return paths.is_restless(mesh, at_s * second);
  };
  peer.received_bytes = 200;
  look(0);
  for (std::uint64_t at_s = 2; at_s <= 30; at_s += 2)
    BOOST_TEST(!look(at_s), at_s);
  BOOST_TEST((look(32) || look(34)));
}

BOOST_AUTO_TEST_CASE(a_cut_in_one_direction_costs_at_most_ten_seconds) {
  for (auto [from, to] : {std::pair{2U, 3U}, std::pair{3U, 2U}}) {
    auto net = busy_net(3, 2, 3);
    net.cut(from, to);
    net.run(10);
    BOOST_TEST(net.run(120) == 0U);
    BOOST_TEST(net.way(2, 3) == "by 1");
    BOOST_TEST(net.way(3, 2) == "by 1");
  }
}

BOOST_AUTO_TEST_CASE(the_way_back_costs_nothing) {
  auto net = busy_net(3, 2, 3);
  net.cut_both(2, 3);
  net.run(60);
  net.mend(2, 3);
  BOOST_TEST(net.run(way_back) == 0U);
  BOOST_TEST(net.way(2, 3) == "direct");
  BOOST_TEST(net.way(3, 2) == "direct");
}

BOOST_AUTO_TEST_CASE(a_cut_that_lasts_for_long_is_left_behind_too) {
  auto net = busy_net(3, 2, 3);
  net.cut_both(2, 3);
  net.run(1'000);
  net.mend(2, 3);
  BOOST_TEST(net.run(way_back) == 0U);
  BOOST_TEST(net.way(2, 3) == "direct");
}

BOOST_AUTO_TEST_CASE(any_member_relays_when_the_hub_is_gone) {
  Net net{4};
  net.cut_both(2, 3);
  net.run(settle);
  net.ping(2, 3);
  net.run(30);
  BOOST_TEST(net.way(2, 3) == "by 1");
  net.isolate(1);
  net.run(20);
  BOOST_TEST(net.run(60) == 0U);
  BOOST_TEST(net.way(2, 3) == "by 4");
  BOOST_TEST(net.way(3, 2) == "by 4");
}

/// The other one reaches the hub, and sees nothing of what is lost.
BOOST_AUTO_TEST_CASE(any_member_relays_when_the_hub_is_gone_for_who_asks) {
  for (auto [from, to] : {std::pair{2U, 3U}, std::pair{3U, 2U}}) {
    Net net{4};
    net.cut_both(2, 3);
    net.run(settle);
    net.cut_both(1, from);
    net.run(settle);
    net.ping(from, to);
    net.run(30);
    BOOST_TEST(net.run(60) == 0U);
    BOOST_TEST(net.way(2, 3) == "by 4");
    BOOST_TEST(net.way(3, 2) == "by 4");
  }
}

BOOST_AUTO_TEST_CASE(the_hub_relays_again_when_it_is_back) {
  Net net{4};
  net.cut_both(2, 3);
  net.run(settle);
  net.ping(2, 3);
  net.isolate(1);
  net.run(60);
  for (std::uint32_t node : {2U, 3U, 4U}) net.mend(1, node);
  net.run(way_back);
  BOOST_TEST(net.way(2, 3) == "by 1");
  BOOST_TEST(net.run(60) == 0U);
}

BOOST_AUTO_TEST_CASE(a_spoke_reaches_the_hub_by_another_member) {
  auto net = busy_net(3, 2, 1);
  net.cut_both(1, 2);
  net.run(10);
  BOOST_TEST(net.run(60) == 0U);
  BOOST_TEST(net.way(2, 1) == "by 3");
  BOOST_TEST(net.way(1, 2) == "by 3");
}

BOOST_AUTO_TEST_CASE(both_directions_are_found_dead_at_once) {
  auto net = busy_net(3, 2, 3);
  net.ping(3, 2);
  net.run(10);
  net.cut_both(2, 3);
  net.run(10);
  BOOST_TEST(net.run(60) == 0U);
}

/// Otherwise only one of the two would call the other one.
BOOST_AUTO_TEST_CASE(who_follows_to_a_relay_finds_the_tunnel_dead_too) {
  for (auto [from, to] : {std::pair{2U, 3U}, {3U, 2U}}) {
    auto net = busy_net(3, from, to);
    net.cut_both(2, 3);
    net.run(20);
    BOOST_TEST(net.way(to, from) == "by 1");
    BOOST_TEST(net.finds_broken(from, to));
    BOOST_TEST(net.finds_broken(to, from));
  }
}

BOOST_AUTO_TEST_CASE(the_path_of_before_a_restart_is_taken_again) {
  auto mesh = mesh_of(4).mesh();
  Paths paths{node_of(2)};
  paths.restore(node_of(3), {{node_of(4)}, schema::PathReason::relay_lost});
  // Whoever was removed meanwhile, or passed packets on, is forgotten.
  paths.restore(node_of(4), {{node_of(7)}, schema::PathReason::relay_lost});
  paths.restore(node_of(8), {events::direct_path, {}});
  paths.keep_members(mesh);
  auto taken = paths.taken(mesh);
  BOOST_TEST((taken.at(node_of(3)).path == Path{node_of(4)}));
  BOOST_TEST((taken.at(node_of(4)).path == Path{node_of(1)}));
  BOOST_TEST(taken.size() == 2U);
}

/// Its tunnel had a handshake not long ago, and that says nothing.
BOOST_AUTO_TEST_CASE(who_agreed_to_a_path_before_a_restart_is_asked_again) {
  auto mesh = mesh_of(3).mesh();
  Paths paths{node_of(2)};
  paths.restore(node_of(3), {{node_of(1)}, schema::PathReason::no_answer});
  events::ObservedDevice device;
  for (std::uint32_t other : {1U, 3U})
    device.peers[tunnel_key_of(other)].last_handshake_ns = second;
  look_at_all(paths, mesh, device, 2 * second);
  auto letters = paths.tick(mesh, 60 * second);
  BOOST_TEST(!letters.empty());
  BOOST_TEST((paths.taken(mesh).at(node_of(3)).path == Path{node_of(1)}));
}

BOOST_AUTO_TEST_CASE(this_program_s_own_frames_are_no_traffic) {
  auto mesh = mesh_of(3).mesh();
  const auto bytes = events::tunnel_bytes(frame_size, true);
  // By path a frame for number 3 goes through the tunnel to the hub.
  for (auto [to, by_path, is_told] :
       {std::tuple{1U, false, true}, std::tuple{3U, true, true},
        std::tuple{3U, false, false}}) {
    Paths paths{node_of(2)};
    events::ObservedDevice device;
    device.peers[tunnel_key_of(1)].last_handshake_ns = second;
    look_at_all(paths, mesh, device, 2 * second);
    for (int turn = 0; turn < 2; ++turn) {
      device.peers[tunnel_key_of(1)].sent_bytes += bytes;
      paths.note_own(node_of(to), by_path, 0, bytes);
      look_at_all(paths, mesh, device, 2 * second);
    }
    BOOST_TEST(paths.is_restless(mesh, second) == !is_told);
  }
}

/// The paths of number 2, whose hub's tunnel has counted `sent`, look after
/// look, while it told of `own`.
bool is_restless_after(const std::vector<std::uint64_t>& sent,
                       const std::vector<std::uint64_t>& own) {
  auto mesh = mesh_of(3).mesh();
  Paths paths{node_of(2)};
  events::ObservedDevice device;
  auto& hub = device.peers[tunnel_key_of(1)];
  hub.last_handshake_ns = second;
  look_at_all(paths, mesh, device, 2 * second);
  bool is_restless = false;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    hub.sent_bytes += sent[i];
    look_at_all(paths, mesh, device, 2 * second);
    is_restless |= paths.is_restless(mesh, second);
    if (own[i] != 0) paths.note_own(node_of(1), true, 0, own[i]);
  }
  return is_restless;
}

BOOST_AUTO_TEST_CASE(own_frames_may_be_counted_a_look_before_or_after) {
  BOOST_TEST(!is_restless_after({0, 300, 0, 300, 0}, {300, 0, 300, 0, 0}));
  BOOST_TEST(!is_restless_after({300, 0, 300, 0}, {300, 0, 300, 0}));
}

BOOST_AUTO_TEST_CASE(however_many_own_frames_there_are_they_are_no_traffic) {
  BOOST_TEST(!is_restless_after({0, 100'000, 0}, {100'000, 0, 0}));
  BOOST_TEST(is_restless_after({0, 100'100, 100'100}, {100'000, 100'000, 0}));
}

// It may be a heartbeat that is passed on.
BOOST_AUTO_TEST_CASE(packets_that_are_as_rare_as_heartbeats_are_no_traffic) {
  BOOST_TEST(!is_restless_after({300, 0, 0, 0, 300}, {0, 0, 0, 0, 0}));
  BOOST_TEST(is_restless_after({300, 0, 0, 300}, {0, 0, 0, 0}));
  BOOST_TEST(is_restless_after({300, 300}, {0, 0}));
}

BOOST_AUTO_TEST_CASE(what_was_never_sent_explains_no_later_packets) {
  BOOST_TEST(is_restless_after({0, 0, 0, 300, 300}, {300, 0, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(an_idle_mesh_says_nothing_of_its_paths) {
  Net net{4};
  net.run(settle);
  auto before = net.letters();
  net.run(3'600);
  BOOST_TEST(net.letters() - before < 60U);
}

BOOST_AUTO_TEST_CASE(a_look_at_what_changed_tells_as_much_as_one_at_all) {
  auto seed = seed_or(7);
  std::cout << "PPN_TEST_SEED=" << seed << '\n';
  Random random{seed};
  for (int round = 0; round < 40; ++round) {
    Net some{4, Looks::at_what_changed};
    Net all{4, Looks::at_all};
    auto both = [&](auto what) {
      what(some);
      what(all);
    };
    for (int turn = 0; turn < 60; ++turn) {
      auto a = static_cast<std::uint32_t>(1 + random.below(4));
      auto b = static_cast<std::uint32_t>(1 + random.below(4));
      auto what = random.below(5);
      auto pause = 1 + random.below(1U << random.below(9));
      both([&](Net& net) {
        if (a != b && what == 0) net.cut(a, b);
        if (a != b && what == 1) net.mend(a, b);
        if (a != b && what == 2) net.unplug(a, b);
        if (a != b && what == 3) net.ping(a, b);
        if (what == 4) net.stop_pings();
        net.run(pause);
      });
      BOOST_REQUIRE_EQUAL(some.letters(), all.letters());
      for (std::uint32_t at = 1; at <= 4; ++at)
        for (std::uint32_t to = 1; to <= 4; ++to) {
          if (at == to) continue;
          BOOST_REQUIRE_EQUAL(some.way(at, to), all.way(at, to));
          BOOST_REQUIRE_EQUAL(some.finds_broken(at, to),
                              all.finds_broken(at, to));
        }
    }
  }
}

BOOST_AUTO_TEST_CASE(who_rests_is_woken_by_each_thing_that_makes_work) {
  auto mesh = mesh_of(3).mesh();
  events::ObservedDevice device;
  for (std::uint32_t other : {1U, 3U})
    device.peers[tunnel_key_of(other)].last_handshake_ns = second;
  Paths rested{node_of(2)};
  std::uint64_t said = 0;
  do {
    look_at_all(rested, mesh, device, 2 * second);
    for (const auto& letter : rested.tick(mesh, 2 * second))
      rested.take(mesh,
                  {letter.to,
                   letter.through,
                   {letter.word.number, true, letter.word.path},
                   {1, ++said}},
                  2 * second);
  } while (rested.is_restless(mesh, 2 * second));
  auto busy = rested;
  for (int i = 0; i < 2; ++i) {
    device.peers[tunnel_key_of(1)].sent_bytes += 10'000;
    busy.look(mesh, device, {node_of(1)}, 2 * second);
  }
  BOOST_TEST(busy.is_restless(mesh, 2 * second));
  auto doubted = rested;
  doubted.doubt(node_of(1));
  BOOST_TEST(doubted.is_restless(mesh, 2 * second));
  auto told = rested;
  told.take(mesh, {node_of(3), node_of(1), {1, false, {node_of(1)}}, {2, 1}},
            2 * second);
  BOOST_TEST(told.is_restless(mesh, 2 * second));
}

BOOST_AUTO_TEST_CASE(no_sequence_of_failures_makes_paths_flap) {
  auto seed = seed_or(7);
  std::cout << "PPN_TEST_SEED=" << seed << '\n';
  Random random{seed};
  for (int round = 0; round < 20; ++round) {
    Net net{4};
    net.run(settle);
    net.ping(2, 3);
    net.ping(4, 2);
    constexpr std::uint64_t hours = 2;
    for (std::uint64_t passed = 0; passed < hours * 3'600;) {
      auto a = static_cast<std::uint32_t>(2 + random.below(3));
      auto b = static_cast<std::uint32_t>(1 + random.below(4));
      if (a != b && random.below(2) == 0) net.cut(a, b);
      if (a != b && random.below(2) == 0) net.mend(a, b);
      auto pause = 1 + random.below(1U << random.below(8));
      net.run(pause);
      passed += pause;
    }
    // Six pairs, both ends.
    BOOST_TEST(net.changes() < hours * 6 * 2 * 60, "seed " << seed);
  }
}

/// Each end records twenty changes in an hour at most.
BOOST_AUTO_TEST_CASE(a_link_that_fails_each_minute_is_left_alone_for_longer) {
  auto net = busy_net(3, 2, 3);
  auto before = net.changes();
  for (int minute = 0; minute < 60; ++minute) {
    net.cut_both(2, 3);
    net.run(15);
    net.mend(2, 3);
    net.run(45);
  }
  BOOST_TEST(net.changes() - before > 4U);
  BOOST_TEST(net.changes() - before <= 2U * 20U);
}

BOOST_AUTO_TEST_CASE(whatever_failed_all_is_found_again) {
  auto seed = seed_or(11);
  std::cout << "PPN_TEST_SEED=" << seed << '\n';
  Random random{seed};
  for (int round = 0; round < 40; ++round) {
    Net net{4};
    net.ping(2, 3);
    net.ping(1, 4);
    for (int turn = 0; turn < 60; ++turn) {
      auto a = static_cast<std::uint32_t>(1 + random.below(4));
      auto b = static_cast<std::uint32_t>(1 + random.below(4));
      if (a == b) continue;
      if (random.below(3) == 0)
        net.mend(a, b);
      else
        net.cut(a, b);
      net.run(random.below(40));
    }
    for (std::uint32_t a = 1; a <= 4; ++a)
      for (std::uint32_t b = a + 1; b <= 4; ++b) net.mend(a, b);
    net.run(1'500);
    BOOST_TEST(net.run(60) == 0U, "seed " << seed << " round " << round);
    for (std::uint32_t a = 1; a <= 4; ++a)
      for (std::uint32_t b = 1; b <= 4; ++b)
        if (a != b) BOOST_TEST(net.way(a, b) == "direct");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
