#include "events/paths.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace ppn::events {

namespace {

using schema::PathReason;

/// A look sees so many bytes at most that are nobody's packets: of a handshake
/// (148 and 92, and one that is said again), and of keepalives (32).
constexpr std::int64_t handshake_bytes = 256;
constexpr std::int64_t keepalive_bytes = 64;
constexpr std::uint32_t busy_looks_after_packets = 2;
/// Fewer than there are between two heartbeats.
constexpr std::uint32_t looks_between_packets = 3;
/// A path is taken for its packets, before looks show them.
constexpr std::uint32_t busy_looks_when_taken = 4;
/// A keepalive would have come in that many: it is sent 20 s after the one,
/// after 10 s, with which this end said that it got the last packet.
constexpr std::uint32_t silent_looks_max = 17;
/// So many relays are tried one after the other before there is a pause.
constexpr std::size_t relays_at_once = 3;
constexpr std::uint64_t relay_hold_first_ns = 30'000'000'000;
/// A tunnel that was asked so lately is known to work both ways.
constexpr std::uint64_t proved_for_ns = 5'000'000'000;
/// Members behind relays that are asked in a tick.
constexpr std::size_t asked_behind_relays = 3;

// -- what a look tells --------------------------------------------------------

/// How many more there are now.
std::int64_t take_grown(ByteCount& count, std::uint64_t now) {
  // One that is less was set to 0 with its device.
  auto by = now >= count.counted ? now - count.counted : now;
  count.counted = now;
  return static_cast<std::int64_t>(by);
}

/// Whether packets pass that neither handshakes nor this program's own frames
/// explain: they did a few looks ago, too. A single one may be another member's
/// heartbeat that is passed on here, or an own one that is explained just
/// behind this look.
bool take_unexplained(ByteCount& count, std::int64_t grown, bool shook_hands) {
  auto packets =
      std::max<std::int64_t>(0, grown - (shook_hands ? handshake_bytes : 0));
  auto unexplained = packets - count.explained - count.ahead;
  // What was explained for longer and is not counted never was sent.
  count.ahead = std::clamp<std::int64_t>(-unexplained, 0, count.explained);
  count.explained = 0;
  bool had_packets = count.looks_left != 0;
  if (had_packets) count.looks_left -= 1;
  if (unexplained <= keepalive_bytes) return false;
  count.looks_left = looks_between_packets;
  return had_packets;
}

void explain(ByteCount& count, std::uint64_t by) {
  count.explained += static_cast<std::int64_t>(by);
}

/// Something went through the tunnel and came back.
void note_works(PeerPath& peer) {
  peer.works = true;
  peer.unanswered = 0;
  peer.questions = 0;
}

/// Nothing that was seen before is still counted on.
bool is_still(const ByteCount& count) {
  return count.explained == 0 && count.ahead == 0 && count.looks_left == 0;
}

/// A look that shows the same as the last one changes nothing.
bool is_still(const PeerPath& peer) {
  bool is_settled = peer.is_live || peer.dark_looks >= dark_looks_max;
  return is_settled && peer.busy_looks == 0 && !peer.is_told_first &&
         is_still(peer.received) && is_still(peer.sent);
}

void take_sight(PeerPath& peer, const ObservedPeer& observed,
                std::int64_t utc_ns) {
  bool shook_hands = peer.handshake_ns != observed.last_handshake_ns;
  peer.handshake_ns = observed.last_handshake_ns;
  peer.is_live = is_live(observed, utc_ns);
  peer.dark_looks = peer.is_live ? 0 : peer.dark_looks + 1;
  auto received = take_grown(peer.received, observed.received_bytes);
  auto sent = take_grown(peer.sent, observed.sent_bytes);
  bool in = take_unexplained(peer.received, received, shook_hands);
  bool out = take_unexplained(peer.sent, sent, shook_hands);
  if (in || out)
    peer.busy_looks = busy_looks_after_packets;
  else if (peer.busy_looks != 0)
    peer.busy_looks -= 1;
  // What can not be sent is not counted, so silence is all there is to see,
  // where a keepalive would come.
  bool is_silent = received == 0 && peer.is_told_first;
  peer.silent_looks = is_silent ? peer.silent_looks + 1 : 0;
  if (peer.silent_looks % silent_looks_max == silent_looks_max - 1)
    peer.questions = unanswered_max;
  if (shook_hands && peer.is_live) note_works(peer);
  if (!peer.works && received > 0) peer.questions = unanswered_max;
}

// -- what follows -------------------------------------------------------------

/// Some relays are tried at once, then a few more after a while.
void note_failed(PeerPath& peer, const NodeId& relay, std::uint64_t now_ns) {
  peer.relay_unanswered = 0;
  peer.failed_relays.insert(relay);
  peer.relay_hold_ns = std::max(peer.relay_hold_ns, relay_hold_first_ns);
  peer.relays_due_ns = now_ns + peer.relay_hold_ns;
}

bool is_waiting(const PeerPath& peer, std::uint64_t now_ns) {
  return !peer.failed_relays.empty() &&
         peer.failed_relays.size() % relays_at_once == 0 &&
         now_ns < peer.relays_due_ns;
}

/// When time alone may have made something to do.
std::uint64_t next_turn(const PeerPath& peer, std::uint64_t now_ns) {
  auto turn = std::numeric_limits<std::uint64_t>::max();
  auto note = [&](std::uint64_t at_ns) {
    if (at_ns > now_ns) turn = std::min(turn, at_ns);
  };
  if (peer.path.relay) {
    note(peer.asked_ns + path_settled_ns);
    note(peer.left_ns + peer.hold_ns);
  }
  if (!peer.failed_relays.empty()) note(peer.relays_due_ns);
  return turn;
}

/// What follows from a look follows from these.
auto outlook(const PeerPath& peer) {
  return std::tuple{peer.is_live, peer.works, peer.dark_looks >= dark_looks_max,
                    peer.busy_looks != 0, peer.questions != 0};
}

/// Nobody takes a path for that reason unless the other end speaks.
bool is_agreed(PathReason why) {
  return why == PathReason::no_answer || why == PathReason::other_end ||
         why == PathReason::relay_lost || why == PathReason::hub_is_back;
}

}  // namespace

std::uint64_t tunnel_bytes(std::size_t size, bool is_v6) {
  std::size_t headers = (is_v6 ? 40 : 20) + 8;
  constexpr std::size_t around = 32;
  constexpr std::size_t block = 16;
  return (size + headers + block - 1) / block * block + around;
}

void Paths::restore(const NodeId& node, const TakenPath& taken) {
  auto& peer = peers_[node];
  moves_ += 1;
  peer.path = taken.path;
  peer.why = taken.why;
  peer.has_spoken = is_agreed(taken.why);
}

void Paths::keep_members(const Mesh& mesh) {
  auto place = peers_.begin();
  for (const auto& [node, member] : mesh.members) {
    if (node == self_) continue;
    while (place != peers_.end() && place->first < node)
      place = peers_.erase(place);
    bool is_new = place == peers_.end() || place->first != node;
    if (is_new) place = peers_.try_emplace(place, node);
    auto& path = place++->second.path;
    bool is_gone = path.relay && mesh.find(*path.relay) == nullptr;
    if (is_new || is_gone) path = usual_path(mesh, self_, node);
  }
  peers_.erase(place, peers_.end());
  broken_.clear();
  relays_.clear();
  for (const auto& [node, peer] : peers_) sort_in(node, peer);
  wake();
}

void Paths::look(const Mesh& mesh, const ObservedDevice& device,
                 const std::set<NodeId>& changed, std::int64_t utc_ns,
                 const KeyUses& keys) {
  static const ObservedPeer nothing;
  for (auto& [node, peer] : peers_) {
    if (is_still(peer) && !changed.contains(node)) continue;
    auto found = device.peers.find(key_in_use(node, *mesh.find(node), keys));
    const auto& observed = found == device.peers.end() ? nothing
                                                       : found->second;
    // Heartbeats pass between those who serve all and everybody.
    peer.is_told_first = observed.config.keepalive_seconds != 0 &&
                         (speaks_first(node, self_) ||
                          serves_all(mesh, self_) || serves_all(mesh, node));
    auto before = outlook(peer);
    take_sight(peer, observed, utc_ns);
    sort_in(node, peer);
    if (outlook(peer) != before) wake();
  }
}

void Paths::doubt(const NodeId& node) {
  auto found = peers_.find(node);
  if (found == peers_.end()) return;
  found->second.questions = unanswered_max;
  wake();
}

void Paths::note_own(const NodeId& node, bool by_path, std::uint64_t received,
                     std::uint64_t sent) {
  auto found = peers_.find(node);
  if (found != peers_.end() && by_path && found->second.path.relay)
    found = peers_.find(*found->second.path.relay);
  if (found == peers_.end()) return;
  explain(found->second.received, received);
  explain(found->second.sent, sent);
}

bool Paths::passes_on(const NodeId& from, const NodeId& to) const {
  return can_relay(from) && can_relay(to);
}

void Paths::sort_in(const NodeId& node, const PeerPath& peer) {
  auto put = [&](std::set<NodeId>& nodes, bool is_in) {
    if (is_in)
      nodes.insert(node);
    else
      nodes.erase(node);
  };
  put(broken_, !peer.works && peer.has_spoken);
  put(relays_, !peer.path.relay && peer.is_live && peer.works);
}

TakenPaths Paths::taken(const Mesh& mesh) const {
  TakenPaths paths;
  for (const auto& [node, peer] : peers_)
    if (peer.why != PathReason{} || peer.path != usual_path(mesh, self_, node))
      paths.emplace(node, TakenPath{peer.path, peer.why});
  return paths;
}

// -- what is better -----------------------------------------------------------

bool Paths::is_busy(const NodeId& node) const {
  auto found = peers_.find(node);
  return found != peers_.end() && found->second.busy_looks != 0;
}

/// Not one that has not come up yet.
bool Paths::is_dark(const NodeId& node) const {
  auto found = peers_.find(node);
  return found == peers_.end() || found->second.path.relay ||
         !found->second.works || found->second.dark_looks >= dark_looks_max;
}

std::optional<NodeId> Paths::relay_left(const Mesh& mesh, const NodeId& other,
                                        const PeerPath& peer) const {
  auto is_left = [&](const NodeId& node) {
    return node != other && can_relay(node) &&
           !peer.failed_relays.contains(node);
  };
  for (const auto& node : {mesh.hub, mesh.controller})
    if (is_left(node)) return node;
  auto found = std::find_if(relays_.begin(), relays_.end(), is_left);
  return found == relays_.end() ? std::nullopt : std::optional{*found};
}

std::optional<NodeId> Paths::relay_to(const Mesh& mesh, const NodeId& other,
                                      const PeerPath& peer,
                                      std::uint64_t now_ns) const {
  if (is_waiting(peer, now_ns)) return std::nullopt;
  return relay_left(mesh, other, peer);
}

std::optional<Paths::Wish> Paths::wish_instead_of_direct(
    const Mesh& mesh, const NodeId& other, const PeerPath& peer,
    std::uint64_t now_ns) const {
  bool works = peer.works || !peer.has_spoken;
  if (works && peer.dark_looks < dark_looks_max) return std::nullopt;
  auto relay = relay_to(mesh, other, peer, now_ns);
  if (!relay) return std::nullopt;
  bool is_idle = !peer.is_live && peer.busy_looks == 0;
  return Wish{{relay},
              peer.is_live ? PathReason::no_answer : PathReason::no_handshake,
              is_idle && *relay == mesh.hub};
}

std::optional<Paths::Wish> Paths::wish(const Mesh& mesh, const NodeId& other,
                                       const PeerPath& peer,
                                       std::uint64_t now_ns) const {
  if (!peer.path.relay)
    return wish_instead_of_direct(mesh, other, peer, now_ns);
  if (!peer.has_spoken && peer.is_live)
    return Wish{direct_path, PathReason::direct_works, true};
  const auto& relay = *peer.path.relay;
  bool direct_works = peer.is_live && peer.works;
  bool is_lost = is_dark(relay) || peer.failed_relays.contains(relay);
  bool is_due = now_ns - peer.left_ns >= peer.hold_ns;
  if (direct_works && (is_lost || (leads(other) && is_due)))
    return Wish{direct_path, PathReason::direct_works, false};
  if (is_lost) {
    auto next = relay_to(mesh, other, peer, now_ns);
    if (!next || *next == relay) return std::nullopt;
    return Wish{{next}, PathReason::relay_lost, false};
  }
  if (leads(other) && relay != mesh.hub && other != mesh.hub && is_due &&
      can_relay(mesh.hub) && !peer.failed_relays.contains(mesh.hub))
    return Wish{{mesh.hub}, PathReason::hub_is_back, false};
  return std::nullopt;
}

/// Whether a word goes through the tunnel between the two in this tick.
bool Paths::asks(const PeerPath& peer, std::uint64_t now_ns) {
  if (!peer.is_live) return false;
  // The other end may have gone back to the direct path unheard.
  if (peer.path.relay && peer.works &&
      now_ns - peer.asked_ns >= path_settled_ns)
    return true;
  if (peer.questions != 0) return true;
  // It may look idle because nothing can be sent.
  bool is_doubtful = peer.works && peer.unanswered > 1;
  return !peer.path.relay && (peer.busy_looks != 0 || is_doubtful);
}

/// Whether a word goes through the relay, in this tick or in its turn.
bool Paths::asks_relay(const PeerPath& peer) const {
  return peer.path.relay &&
         (is_busy(*peer.path.relay) || peer.relay_questions != 0);
}

bool Paths::is_restless(const Mesh& mesh, std::uint64_t now_ns) {
  if (rests(now_ns)) return false;
  auto until_ns = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [node, peer] : peers_) {
    if (asks(peer, now_ns) || asks_relay(peer) || peer.wished ||
        wish(mesh, node, peer, now_ns))
      return true;
    until_ns = std::min(until_ns, next_turn(peer, now_ns));
  }
  rests_until_ns_ = until_ns;
  return false;
}

void Paths::move(const NodeId& other, PeerPath& peer, const Path& path,
                 PathReason why, std::uint64_t now_ns) {
  peer.wished.reset();
  if (peer.path == path) return;
  if (!peer.path.relay) {
    bool held = now_ns - peer.took_ns >= path_settled_ns;
    peer.hold_ns = held ? path_hold_first_ns
                        : std::clamp(peer.hold_ns * 2, path_hold_first_ns,
                                     path_hold_max_ns);
    peer.left_ns = now_ns;
    peer.answered_ns = 0;
    // Who follows the other end knows not yet whether the tunnel is dead, and
    // calls nobody whose tunnel works.
    if (peer.works) peer.questions = unanswered_max + 1;
  }
  if (!path.relay) {
    peer.took_ns = now_ns;
    peer.busy_looks = busy_looks_when_taken;
    peer.failed_relays.clear();
    peer.relay_hold_ns = 0;
  }
  moves_ += 1;
  peer.path = path;
  peer.why = why;
  peer.relay_unanswered = 0;
  peer.relay_questions = 0;
  peer.asked_before = last_number_;
  sort_in(other, peer);
}

// -- questions ----------------------------------------------------------------

void Paths::ask(const NodeId& other, PeerPath& peer, const Path& path,
                const std::optional<NodeId>& through, PathLetters& letters) {
  if (!through) {
    if (peer.questions != 0) peer.questions -= 1;
    if (++peer.unanswered > unanswered_max) peer.works = false;
    sort_in(other, peer);
  }
  letters.push_back({other, through, {++last_number_, false, path}});
}

std::set<NodeId> Paths::behind_busy_relays() const {
  std::set<NodeId> behind;
  if (rests_until_ns_ != 0) return behind;
  for (const auto& [node, peer] : peers_)
    if (asks_relay(peer)) behind.insert(node);
  return behind;
}

void Paths::ask_behind_relays(std::uint64_t now_ns, PathLetters& letters) {
  auto behind = behind_busy_relays();
  if (behind.empty()) return;
  auto next = behind.upper_bound(turn_);
  auto count = std::min(asked_behind_relays, behind.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (next == behind.end()) next = behind.begin();
    turn_ = *next++;
    auto& peer = peers_.at(turn_);
    if (peer.relay_questions != 0) peer.relay_questions -= 1;
    if (++peer.relay_unanswered > unanswered_max)
      note_failed(peer, *peer.path.relay, now_ns);
    ask(turn_, peer, peer.path, peer.path.relay, letters);
  }
}

/// Once all failed, or one works, those that failed may be tried again.
void Paths::forgive(const Mesh& mesh, const NodeId& other, PeerPath& peer,
                    std::uint64_t now_ns) const {
  if (peer.failed_relays.empty() || now_ns < peer.relays_due_ns) return;
  bool one_works = peer.path.relay &&
                   !peer.failed_relays.contains(*peer.path.relay);
  if (!one_works && relay_left(mesh, other, peer)) return;
  peer.failed_relays.clear();
  peer.relay_hold_ns = std::min(peer.relay_hold_ns * 2, path_hold_max_ns);
}

void Paths::pursue(const NodeId& other, PeerPath& peer, const Wish& wish,
                   std::uint64_t now_ns, PathLetters& letters) {
  if (wish.alone) return move(other, peer, wish.path, wish.why, now_ns);
  if (peer.wished != wish.path) {
    peer.wished = wish.path;
    peer.wishes = 0;
  }
  peer.wished_why = wish.why;
  if (peer.wishes++ < unanswered_max)
    return ask(other, peer, wish.path, wish.path.relay, letters);
  peer.wished.reset();
  if (wish.path.relay) return note_failed(peer, *wish.path.relay, now_ns);
  peer.works = false;
  sort_in(other, peer);
  peer.left_ns = now_ns;
  peer.hold_ns =
      std::clamp(peer.hold_ns * 2, path_hold_first_ns, path_hold_max_ns);
}

PathLetters Paths::tick(const Mesh& mesh, std::uint64_t now_ns) {
  PathLetters letters;
  if (rests(now_ns)) return letters;
  wake();
  for (auto& [node, peer] : peers_)
    if (asks(peer, now_ns)) {
      peer.asked_ns = now_ns;
      ask(node, peer, peer.path, std::nullopt, letters);
    }
  ask_behind_relays(now_ns, letters);
  for (auto& [node, peer] : peers_) {
    forgive(mesh, node, peer, now_ns);
    if (auto better = wish(mesh, node, peer, now_ns))
      pursue(node, peer, *better, now_ns, letters);
    else
      peer.wished.reset();
  }
  return letters;
}

// -- answers ------------------------------------------------------------------

/// Whether packets that come by this path can be believed to arrive.
bool Paths::can_take(const Mesh& mesh, const NodeId& sender,
                     const PeerPath& peer, const Path& path) const {
  if (!path.relay) return peer.is_live && peer.works;
  return *path.relay != sender && *path.relay != self_ &&
         mesh.find(*path.relay) != nullptr && can_relay(*path.relay);
}

void Paths::take_answer(const Mesh& mesh, const NodeId& sender, PeerPath& peer,
                        const PathWord& word, std::uint64_t now_ns) {
  if (word.path == peer.path) return;
  if (peer.wished == word.path)
    return move(sender, peer, word.path, peer.wished_why, now_ns);
  // It takes another one than it was asked for: it does not follow.
  if (!leads(sender) && can_take(mesh, sender, peer, word.path))
    move(sender, peer, word.path, PathReason::other_end, now_ns);
}

bool Paths::may_follow(const Mesh& mesh, const NodeId& sender,
                       const PeerPath& peer, const Path& path) const {
  // Either end may leave the direct path, and only one may go back to it.
  bool leaves_direct = path.relay && !peer.path.relay;
  bool is_own_doubtful = !can_take(mesh, sender, peer, peer.path);
  return (!leads(sender) || leaves_direct || is_own_doubtful) &&
         can_take(mesh, sender, peer, path);
}

/// What came through the tunnel shows one direction. Whoever took the direct
/// path alone would lose its packets.
bool Paths::is_proved(const PeerPath& peer, std::uint64_t now_ns) {
  return peer.answered_ns != 0 && now_ns - peer.answered_ns < proved_for_ns;
}

PathLetters Paths::take(const Mesh& mesh, const HeardWord& heard,
                        std::uint64_t now_ns) {
  const auto& [sender, through, word, said] = heard;
  auto found = peers_.find(sender);
  if (found == peers_.end()) return {};
  auto& peer = found->second;
  wake();
  peer.has_spoken = true;
  sort_in(sender, peer);
  bool is_news = said > peer.said;
  if (is_news) peer.said = said;
  if (word.is_answer) {
    if (word.number <= peer.asked_before || word.number > last_number_)
      return {};
    if (!through) {
      note_works(peer);
      peer.answered_ns = now_ns;
      sort_in(sender, peer);
    } else if (peer.path.relay == through) {
      peer.relay_unanswered = 0;
      peer.relay_questions = 0;
    }
    if (is_news) take_answer(mesh, sender, peer, word, now_ns);
    return {};
  }
  // What came is news of a tunnel that did not work.
  if (!through && !peer.works) peer.questions = unanswered_max;
  bool differs = is_news && word.path != peer.path;
  if (differs && may_follow(mesh, sender, peer, word.path)) {
    bool is_sure = word.path.relay || is_proved(peer, now_ns) ||
                   !can_take(mesh, sender, peer, peer.path);
    // It is asked first, and the next word is followed.
    if (is_sure)
      move(sender, peer, word.path, PathReason::other_end, now_ns);
    else
      peer.questions = unanswered_max;
  } else if (differs) {
    // What it sends by the relay may be lost, and nothing is seen of it here.
    peer.relay_questions = unanswered_max + 1;
  }
  return {{sender, through, {word.number, true, peer.path}}};
}

}  // namespace ppn::events
