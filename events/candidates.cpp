#include "events/candidates.hpp"

#include <algorithm>
#include <limits>

#include "events/topology.hpp"

namespace ppn::events {

namespace {

/// The answer comes by another one, or not at all.
constexpr std::uint32_t questions_max = 3;
/// A tunnel that was just made is given so many looks to come up by itself.
constexpr std::uint32_t patient_looks = 5;
constexpr std::uint64_t knock_ns = 5'000'000'000;
/// Whoever says all the time that it is elsewhere is given a rest too.
constexpr std::size_t tried_max = 3 * candidates_max;
constexpr std::uint64_t answer_ns = 1'000'000'000;
/// Who asks is called for the time of all candidates.
constexpr std::uint64_t asked_for_ns = 3 * candidates_max * call_ns;

template <class T>
void add_new(std::vector<T>& all, const T& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

bool is_of_any(const IpAddress& address,
               std::initializer_list<const char*> ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const char* range) {
    return IpRange::parse(range)->contains(address);
  });
}

std::vector<Endpoint> callable(const Mesh& mesh,
                               const std::vector<Endpoint>& told) {
  std::vector<Endpoint> kept;
  for (const auto& one : told)
    if (kept.size() < candidates_max && is_callable(mesh, one))
      add_new(kept, one);
  return kept;
}

/// Nobody makes others do more by moving all the time.
bool is_due(std::uint64_t last_ns, std::uint64_t now_ns) {
  return last_ns == 0 || now_ns - last_ns >= move_interval_ns;
}

}  // namespace

const char* in_words(CandidateKind kind) {
  switch (kind) {
    case CandidateKind::local:
      return "local";
    case CandidateKind::observed:
      return "observed";
    case CandidateKind::configured:
      return "configured";
  }
  return "unknown";
}

bool is_callable(const Mesh& mesh, const Endpoint& endpoint) {
  const auto& address = endpoint.address;
  bool is_of_one_host = !is_of_any(
      address, {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",
                "::/127", "fe80::/10", "ff00::/8", "::ffff:0:0/96"});
  bool is_of_mesh = mesh.range.contains(address) ||
                    (mesh.range6 && mesh.range6->contains(address)) ||
                    tunnel_range(mesh).contains(address);
  return endpoint.port != 0 && is_of_one_host && !is_of_mesh;
}

SeenAt places_of(const Mesh& mesh, const ObservedDevice& device,
                 std::int64_t utc_ns) {
  SeenAt seen_at;
  for (const auto& [key, peer] : device.peers) {
    if (!peer.config.endpoint || !is_live(peer, utc_ns)) continue;
    auto holder = mesh.holders.tunnel_keys.find(key);
    if (holder != mesh.holders.tunnel_keys.end())
      seen_at.emplace(holder->second, *peer.config.endpoint);
  }
  return seen_at;
}

// -- what is known ------------------------------------------------------------

void Candidates::note_own(std::vector<IpAddress> addresses) {
  own_ = std::move(addresses);
}

/// The two rest at the same time, and so do not find each other when one of
/// them has moved.
WhereaboutsLetters Candidates::note_seen_at(const Mesh& mesh, const NodeId& by,
                                            const Endpoint& at,
                                            std::uint64_t now_ns) {
  if (!is_callable(mesh, at)) return {};
  bool is_news = !is_seen_at(at);
  seen_at_[by] = at;
  wake();
  if (!is_news) return {};
  WhereaboutsLetters letters;
  for (auto& [node, peer] : peers_) {
    const auto* call = call_of(node);
    bool is_resting = call != nullptr && !call->tried.empty() &&
                      now_ns < peer.due_ns;
    if (!is_called(node) && !is_resting) continue;
    if (!is_due(peer.told_ns, now_ns)) continue;
    peer.told_ns = now_ns;
    peer.due_ns = 0;
    letters.push_back({node, false, own(false)});
  }
  return letters;
}

bool Candidates::is_seen_at(const Endpoint& endpoint) const {
  return is_own(endpoint) ||
         std::any_of(seen_at_.begin(), seen_at_.end(),
                     [&](const auto& one) { return one.second == endpoint; });
}

void Candidates::keep_members(const Mesh& mesh) {
  auto is_gone = [&](const auto& one) {
    return mesh.find(one.first) == nullptr;
  };
  std::erase_if(peers_, is_gone);
  std::erase_if(seen_at_, is_gone);
  std::erase_if(calls_, is_gone);
  wake();
}

void Candidates::note_reached(const NodeId& node, Peer& peer) {
  calls_.erase(node);
  peer.dark_looks = 0;
  peer.questions = 0;
  peer.has_answered = false;
  peer.due_ns = peer.hold_ns = peer.wanted_until_ns = 0;
}

/// A look that shows the same as the last one changes nothing.
bool Candidates::is_still(const Peer& peer) {
  return peer.dark_looks > patient_looks ||
         (peer.dark_looks == 0 && !peer.has_answered &&
          peer.wanted_until_ns == 0);
}

void Candidates::look(const Mesh& mesh, const ObservedDevice& device,
                      const std::set<NodeId>& changed,
                      const std::set<NodeId>& broken, std::int64_t utc_ns,
                      const KeyUses& keys) {
  port_ = device.listen_port;
  for (const auto& node : changed)
    if (node != self_ && mesh.find(node) != nullptr) peers_.try_emplace(node);
  reaches_nobody_ = true;
  for (auto& [node, peer] : peers_) {
    bool is_same = !changed.contains(node) &&
                   broken.contains(node) == broken_.contains(node);
    if (!is_same || !is_still(peer)) {
      auto seen = device.peers.find(key_in_use(node, *mesh.find(node), keys));
      bool is_reached = seen != device.peers.end() &&
                        is_live(seen->second, utc_ns) && !broken.contains(node);
      if (is_reached)
        note_reached(node, peer);
      else
        peer.dark_looks += 1;
      wake();
    }
    if (peer.dark_looks == 0) reaches_nobody_ = false;
  }
  broken_ = broken;
  // Where others saw this node may be long ago.
  std::erase_if(seen_at_, [&](const auto& one) {
    auto peer = peers_.find(one.first);
    return peer == peers_.end() || peer->second.dark_looks != 0;
  });
}

const Call* Candidates::call_of(const NodeId& node) const {
  auto found = calls_.find(node);
  return found == calls_.end() ? nullptr : &found->second;
}

bool Candidates::is_called(const NodeId& node) const {
  const auto* call = call_of(node);
  return call != nullptr && call->endpoint;
}

bool Candidates::is_own(const Endpoint& endpoint) const {
  return endpoint.port == port_ &&
         std::find(own_.begin(), own_.end(), endpoint.address) != own_.end();
}

Whereabouts Candidates::own(bool is_answer) const {
  Whereabouts own{is_answer, {}, {}};
  for (const auto& address : own_)
    if (own.local.size() < candidates_max)
      add_new(own.local, Endpoint{address, port_});
  for (const auto& [by, at] : seen_at_)
    if (own.observed.size() < candidates_max && !is_own(at))
      add_new(own.observed, at);
  return own;
}

std::vector<Candidate> Candidates::candidates(const Mesh& mesh,
                                              const NodeId& node,
                                              const Peer& peer) const {
  std::vector<Candidate> all;
  auto add = [&](CandidateKind kind, const std::vector<Endpoint>& endpoints) {
    for (const auto& endpoint : endpoints) {
      auto is_known = [&](const auto& one) { return one.endpoint == endpoint; };
      if (!is_own(endpoint) && std::none_of(all.begin(), all.end(), is_known))
        all.push_back({kind, endpoint});
    }
  };
  if (peer.whereabouts) {
    add(CandidateKind::local, peer.whereabouts->local);
    add(CandidateKind::observed, peer.whereabouts->observed);
  }
  add(CandidateKind::configured, mesh.find(node)->endpoints);
  return all;
}

// -- what follows -------------------------------------------------------------

WhereaboutsLetters Candidates::take(const Mesh& mesh, const NodeId& sender,
                                    const Whereabouts& whereabouts,
                                    std::uint64_t now_ns) {
  auto found = peers_.find(sender);
  if (found == peers_.end()) return {};
  auto& peer = found->second;
  wake();
  Whereabouts told{false, callable(mesh, whereabouts.local),
                   callable(mesh, whereabouts.observed)};
  bool is_news = peer.whereabouts != told;
  peer.whereabouts = std::move(told);
  peer.has_answered = true;
  // Two who rest at different times never call each other at the same time.
  bool has_rested = now_ns - peer.rested_ns >= call_hold_first_ns;
  if (has_rested && (is_news || !whereabouts.is_answer)) peer.due_ns = 0;
  if (has_untried(sender, peer)) cut_rest(peer, now_ns);
  if (whereabouts.is_answer) return {};
  peer.wanted_until_ns = now_ns + asked_for_ns;
  if (peer.answered_ns != 0 && now_ns - peer.answered_ns < answer_ns) return {};
  peer.answered_ns = now_ns;
  return {{sender, false, own(true)}};
}

bool Candidates::wants(const Mesh& mesh, const NodeId& node, const Peer& peer,
                       const std::set<NodeId>& wanted,
                       std::uint64_t now_ns) const {
  if (peer.dark_looks == 0 || now_ns < peer.due_ns) return false;
  return wanted.contains(node) || now_ns < peer.wanted_until_ns ||
         ((serves_all(mesh, node) || reaches_nobody_) &&
          peer.dark_looks > patient_looks);
}

bool Candidates::has_untried(const NodeId& node, const Peer& peer) const {
  const auto* call = call_of(node);
  if (call == nullptr || call->tried.empty()) return false;
  const auto& told = peer.whereabouts->observed;
  return std::any_of(told.begin(), told.end(), [&](const Endpoint& endpoint) {
    return std::none_of(
        call->tried.begin(), call->tried.end(),
        [&](const auto& one) { return one.endpoint == endpoint; });
  });
}

void Candidates::cut_rest(Peer& peer, std::uint64_t now_ns) {
  if (now_ns >= peer.due_ns || !is_due(peer.rest_cut_ns, now_ns)) return;
  peer.rest_cut_ns = now_ns;
  peer.due_ns = 0;
}

bool Candidates::takes_room(const NodeId& node, const Peer& peer) const {
  return peer.questions != 0 || is_called(node);
}

/// Where it is, is known as well as it can be.
bool Candidates::is_asked(const Peer& peer) {
  return peer.has_answered || peer.questions >= questions_max;
}

/// The one behind the last, or a rest.
void Candidates::call_next(const Mesh& mesh, const NodeId& node, Peer& peer,
                           std::uint64_t now_ns) {
  auto& [endpoint, begins, tried] = calls_[node];
  if (!endpoint) tried.clear();
  endpoint.reset();
  begins = false;
  for (const auto& next : candidates(mesh, node, peer)) {
    if (tried.size() == tried_max) break;
    auto is_it = [&](const auto& one) { return one.endpoint == next.endpoint; };
    if (std::any_of(tried.begin(), tried.end(), is_it)) continue;
    tried.push_back(next);
    endpoint = next.endpoint;
    begins = true;
    peer.call_began_ns = now_ns;
    peer.knocked_ns = 0;
    return;
  }
  // Who said nothing of itself yet is called as soon as it does.
  if (tried.empty())
    calls_.erase(node);
  else
    peer.rested_ns = now_ns;
  peer.hold_ns =
      std::clamp(peer.hold_ns * 2, call_hold_first_ns, call_hold_max_ns);
  peer.due_ns = now_ns + peer.hold_ns;
  peer.questions = 0;
  peer.has_answered = false;
}

void Candidates::begin_calling(const Mesh& mesh, const NodeId& node, Peer& peer,
                               std::uint64_t now_ns,
                               WhereaboutsLetters& letters) {
  turn_ = node;
  if (is_asked(peer)) return call_next(mesh, node, peer, now_ns);
  peer.questions += 1;
  letters.push_back({node, false, own(false)});
}

/// The device is told of the endpoint before something is sent there.
void Candidates::go_on_calling(const Mesh& mesh, const NodeId& node, Peer& peer,
                               std::uint64_t now_ns,
                               WhereaboutsLetters& letters) {
  if (now_ns - peer.call_began_ns >= call_ns)
    return call_next(mesh, node, peer, now_ns);
  if (peer.knocked_ns != 0 && now_ns - peer.knocked_ns < knock_ns) return;
  peer.knocked_ns = now_ns;
  calls_.at(node).begins = false;
  letters.push_back({node, true, own(true)});
}

WhereaboutsLetters Candidates::tick(const Mesh& mesh,
                                    const std::set<NodeId>& wanted,
                                    std::uint64_t now_ns) {
  WhereaboutsLetters letters;
  if (rests(wanted, now_ns)) return letters;
  wake();
  auto taken = std::count_if(
      peers_.begin(), peers_.end(),
      [&](const auto& one) { return takes_room(one.first, one.second); });
  auto has_room = [&](const NodeId& node) {
    auto left = serves_all(mesh, node) ? 0 : 1;
    return static_cast<std::size_t>(taken + left) < calls_at_once;
  };
  auto next = peers_.upper_bound(turn_);
  for (std::size_t left = peers_.size(); left > 0; --left) {
    if (next == peers_.end()) next = peers_.begin();
    auto& [node, peer] = *next++;
    bool took_room = takes_room(node, peer);
    if (is_called(node))
      go_on_calling(mesh, node, peer, now_ns, letters);
    else if (!wants(mesh, node, peer, wanted, now_ns))
      peer.questions = 0;
    else if (peer.questions != 0 || has_room(node))
      begin_calling(mesh, node, peer, now_ns, letters);
    taken +=
        static_cast<int>(takes_room(node, peer)) - static_cast<int>(took_room);
  }
  return letters;
}

bool Candidates::is_restless(const Mesh& mesh, const std::set<NodeId>& wanted,
                             std::uint64_t now_ns) {
  if (rests(wanted, now_ns)) return false;
  auto until_ns = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [node, peer] : peers_) {
    if (is_called(node) || wants(mesh, node, peer, wanted, now_ns)) return true;
    if (peer.due_ns > now_ns) until_ns = std::min(until_ns, peer.due_ns);
  }
  rests_until_ns_ = until_ns;
  return false;
}

}  // namespace ppn::events
