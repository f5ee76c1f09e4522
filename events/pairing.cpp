#include "events/pairing.hpp"

#include <algorithm>
#include <utility>

#include "events/mesh.hpp"
#include "events/stored_address.hpp"

namespace ppn::events {

namespace {

using schema::PairingOutcome;
using schema::PairingSide;

template <class Event>
Draft draft_of(Event event) {
  Draft draft{pairing_stream, {}};
  draft.payload.Set(std::move(event));
  return draft;
}

template <class Event>
Decision only(Event event) {
  std::vector<Draft> drafts;
  drafts.push_back(draft_of(std::move(event)));
  return drafts;
}

std::unique_ptr<schema::Id> stored(const Id& id) {
  return std::make_unique<schema::Id>(id.stored());
}

constexpr std::string_view of_sessions = "session/";

/// When nothing more may happen in it.
std::uint64_t end_of(const PairingSession& session) {
  return session.until_since_boot_ns + (session.peer ? pairing_rest_ns : 0);
}

bool is_over(const PairingSession& session, const Moment& now) {
  return session.boot != now.boot || now.since_boot_ns >= end_of(session);
}

/// The session, if its code is still good.
const PairingSession* find_running(const Pairing& pairing, const Id& session,
                                   const Moment& now) {
  auto found = pairing.open.find(session);
  bool runs = found != pairing.open.end() && found->second.boot == now.boot &&
              now.since_boot_ns < found->second.until_since_boot_ns;
  return runs ? &found->second : nullptr;
}

/// By the authority, to come for the first time.
bool is_awaited(const Admission& admission) {
  return admission.side == PairingSide::authority && !admission.is_active;
}

bool is_side(PairingSide side) {
  return side == PairingSide::newcomer || side == PairingSide::authority;
}

Refusal no_such_session() {
  return {
      "the session is over: `ppnctl pair join` begins another, with another "
      "code"};
}

/// Its grant ends with it.
void add_end(std::vector<Draft>& drafts, const Id& id,
             const PairingSession& session, PairingOutcome outcome,
             const std::string& detail) {
  schema::PairingEndedT ended;
  ended.session = stored(id);
  ended.outcome = outcome;
  ended.detail = detail;
  drafts.push_back(draft_of(std::move(ended)));
  drafts.push_back(
      revocation(session.grant, "the session is over: " + in_words(outcome)));
}

}  // namespace

bool is_of_session(std::string_view subject) {
  return subject.starts_with(of_sessions);
}

Need pairing_need(const Id& session, const PairingSession& open) {
  return {open.grant, std::string{of_sessions} + session.hex(), "mesh/member",
          schema::Right::invoke};
}

Decision decide_open(const Pairing& pairing, const PairingWish& wish,
                     const Moment& now) {
  if (!is_side(wish.side)) return Refusal{"a session has two sides"};
  bool is_known = std::any_of(
      pairing.open.begin(), pairing.open.end(), [&](const auto& one) {
        return one.first == wish.session || one.second.grant == wish.grant;
      });
  if (is_known) return Refusal{"there is a session of this id"};
  if (wish.window_ns == 0) return Refusal{"the code is not good any more"};
  bool is_shown = std::any_of(
      pairing.open.begin(), pairing.open.end(), [&](const auto& one) {
        return one.second.side == PairingSide::newcomer &&
               !is_over(one.second, now);
      });
  if (wish.side == PairingSide::newcomer && is_shown)
    return Refusal{
        "a session is open already: end it, or wait for its end, to begin "
        "another"};
  PairingSession session{
      wish.side, wish.number, wish.grant, now.boot,
      now.since_boot_ns + std::min(wish.window_ns, pairing_window_ns)};
  schema::PairingOpenedT opened;
  opened.session = stored(wish.session);
  opened.side = session.side;
  opened.number = session.number;
  opened.grant = stored(session.grant);
  opened.boot = session.boot;
  opened.until_since_boot_ns = session.until_since_boot_ns;
  opened.via = wish.via;
  std::vector<Draft> drafts;
  drafts.push_back(draft_of(std::move(opened)));
  auto need = pairing_need(wish.session, session);
  auto granted = decide_grant(
      {},
      {need.grant, need.subject, need.resource, need.right,
       Expiry{0, session.boot, session.until_since_boot_ns + pairing_rest_ns},
       std::nullopt},
      now);
  auto* grant = std::get_if<std::vector<Draft>>(&granted);
  if (grant == nullptr) return granted;
  std::move(grant->begin(), grant->end(), std::back_inserter(drafts));
  return drafts;
}

Decision decide_answer(const Pairing& pairing, const Id& session,
                       const std::optional<Endpoint>& from, const Moment& now) {
  const auto* running = find_running(pairing, session, now);
  if (running == nullptr) return no_such_session();
  if (running->side != PairingSide::newcomer)
    return Refusal{"this side shows no code"};
  if (running->answered >= pairing_guesses_max)
    return Refusal{"all guesses at this code were answered"};
  schema::PairingGuessAnsweredT answered;
  answered.session = stored(session);
  if (from) answered.from = events::stored(*from);
  return only(std::move(answered));
}

Decision decide_proved(const Pairing& pairing, const Id& session,
                       const PairingPeer& peer, const Moment& now) {
  const auto* running = find_running(pairing, session, now);
  if (running == nullptr) return no_such_session();
  if (!is_member_name(peer.name))
    return Refusal{"the other side has a name that no node has"};
  if (running->peer == peer) return std::vector<Draft>{};
  if (running->peer) return Refusal{"somebody else proved the code already"};
  schema::PairingProvedT proved;
  proved.session = stored(session);
  proved.node = std::make_unique<schema::NodeId>(peer.node.stored());
  proved.name = peer.name;
  proved.key = std::make_unique<schema::PublicKey>(peer.key.stored());
  proved.mesh = stored(peer.mesh);
  return only(std::move(proved));
}

Decision decide_admitted(const Pairing& pairing, const Id& session,
                         const Hash& preshared,
                         const std::set<NodeId>& superseded) {
  auto found = pairing.open.find(session);
  if (found == pairing.open.end() || !found->second.peer)
    return no_such_session();
  schema::NodeAdmittedT admitted;
  admitted.session = stored(session);
  admitted.node =
      std::make_unique<schema::NodeId>(found->second.peer->node.stored());
  admitted.preshared = std::make_unique<schema::Hash>(preshared.stored());
  std::vector<Draft> drafts;
  for (const auto& node : superseded) {
    auto lapse = decide_lapsed(pairing, node);
    if (auto* lapsed = std::get_if<std::vector<Draft>>(&lapse))
      std::move(lapsed->begin(), lapsed->end(), std::back_inserter(drafts));
  }
  drafts.push_back(draft_of(std::move(admitted)));
  add_end(drafts, session, found->second, PairingOutcome::admitted, {});
  return drafts;
}

Decision decide_end(const Pairing& pairing, const Id& session,
                    PairingOutcome outcome, const std::string& detail) {
  auto found = pairing.open.find(session);
  if (found == pairing.open.end()) return no_such_session();
  if (outcome == PairingOutcome::unknown || outcome == PairingOutcome::admitted)
    return Refusal{"no session ends like that"};
  std::vector<Draft> drafts;
  add_end(drafts, session, found->second, outcome, detail);
  return drafts;
}

Decision decide_overdue(const Pairing& pairing, const Moment& now) {
  std::vector<Draft> drafts;
  for (const auto& [id, session] : pairing.open)
    if (is_over(session, now))
      add_end(drafts, id, session, PairingOutcome::expired, {});
  return drafts;
}

Decision decide_abandoned(const Pairing& pairing) {
  std::vector<Draft> drafts;
  for (const auto& [id, session] : pairing.open)
    add_end(drafts, id, session, PairingOutcome::restarted, {});
  return drafts;
}

Decision decide_active(const Pairing& pairing, const NodeId& node) {
  auto found = pairing.admissions.find(node);
  if (found == pairing.admissions.end() || found->second.is_active)
    return Refusal{"nobody waits for that node"};
  schema::NodeActiveT active;
  active.node = std::make_unique<schema::NodeId>(node.stored());
  return only(std::move(active));
}

namespace {

/// For how long it has been waited for, by the clock of this boot.
std::uint64_t waited_for(const Admission& admission, std::uint64_t began_ns,
                         const Moment& now) {
  bool is_of_now = admission.boot == now.boot;
  auto since_ns = is_of_now ? admission.since_boot_ns : began_ns;
  return now.since_boot_ns - std::min(since_ns, now.since_boot_ns);
}

}  // namespace

std::vector<NodeId> lapsed(const Pairing& pairing, std::uint64_t began_ns,
                           const Moment& now) {
  std::vector<NodeId> nodes;
  for (const auto& [node, admission] : pairing.admissions)
    if (is_awaited(admission) &&
        waited_for(admission, began_ns, now) >= admission_window_ns)
      nodes.push_back(node);
  return nodes;
}

std::set<NodeId> tried_without(const Pairing& pairing, std::uint64_t began_ns,
                               const Moment& now) {
  constexpr auto patience_ns = admission_window_ns / 2;
  std::set<NodeId> nodes;
  for (const auto& [node, admission] : pairing.admissions) {
    auto waited_ns = waited_for(admission, began_ns, now);
    if (admission.is_active || waited_ns < patience_ns) continue;
    bool is_newcomer = admission.side == PairingSide::newcomer;
    auto turn_ns = is_newcomer ? 2 * try_without_ns : try_without_ns;
    if ((waited_ns - patience_ns) / turn_ns % 2 == 0) nodes.insert(node);
  }
  return nodes;
}

PresharedKeys SharedKeys::in_use() const {
  auto in_use = keys;
  for (const auto& node : tried_without) in_use.erase(node);
  return in_use;
}

Decision decide_lapsed(const Pairing& pairing, const NodeId& node) {
  auto found = pairing.admissions.find(node);
  if (found == pairing.admissions.end())
    return Refusal{"that node was not admitted by a ceremony"};
  schema::NodeLapsedT event;
  event.node = std::make_unique<schema::NodeId>(node.stored());
  return only(std::move(event));
}

PresharedKeys preshared_keys(const Pairing& pairing, const Mesh& mesh) {
  PresharedKeys keys;
  for (const auto& [node, admission] : pairing.admissions)
    if (mesh.find(node) != nullptr) keys.emplace(node, admission.preshared);
  return keys;
}

std::set<NodeId> awaited(const Pairing& pairing) {
  std::set<NodeId> nodes;
  for (const auto& [node, admission] : pairing.admissions)
    if (is_awaited(admission)) nodes.insert(node);
  return nodes;
}

std::string in_words(PairingOutcome outcome) {
  switch (outcome) {
    case PairingOutcome::unknown:
      break;
    case PairingOutcome::admitted:
      return "the node was admitted";
    case PairingOutcome::expired:
      return "nobody came in time";
    case PairingOutcome::burned:
      return "too many guesses at the code were answered";
    case PairingOutcome::wrong_code:
      return "another code was typed than is shown";
    case PairingOutcome::refused:
      return "the operator of the authority refused";
    case PairingOutcome::cancelled:
      return "the operator ended it";
    case PairingOutcome::restarted:
      return "the node was started again";
    case PairingOutcome::unreachable:
      return "the other side could not be reached";
    case PairingOutcome::name_taken:
      return "a member has that name already";
    case PairingOutcome::range_full:
      return "no address of the mesh is free";
    case PairingOutcome::already_member:
      return "the node is a member already";
    case PairingOutcome::broken:
      return "the other side broke the rules of the ceremony";
  }
  return "for a reason that is not known here";
}

// -- what happened ------------------------------------------------------------

Contradiction apply(Pairing& pairing, const schema::PairingOpened& event) {
  if (!is_side(event.side())) return "a session opens for neither side";
  PairingSession session{event.side(), event.number(), Id{*event.grant()},
                         event.boot(), event.until_since_boot_ns()};
  if (!pairing.open.emplace(Id{*event.session()}, session).second)
    return "a session opens that is open already";
  return {};
}

Contradiction apply(Pairing& pairing,
                    const schema::PairingGuessAnswered& event) {
  auto session = pairing.open.find(Id{*event.session()});
  if (session == pairing.open.end())
    return "a guess is answered in a session that is not open";
  if (session->second.side != PairingSide::newcomer)
    return "a guess is answered by who shows no code";
  if (session->second.answered == pairing_guesses_max)
    return "more guesses are answered than a code is good for";
  session->second.answered += 1;
  return {};
}

Contradiction apply(Pairing& pairing, const schema::PairingProved& event) {
  auto session = pairing.open.find(Id{*event.session()});
  if (session == pairing.open.end())
    return "a code is proved in a session that is not open";
  if (session->second.peer) return "a code is proved twice";
  if (!is_member_name(event.name()->string_view()))
    return "a code is proved by a node with a name that none has";
  session->second.peer = PairingPeer{NodeId{*event.node()}, event.name()->str(),
                                     PublicKey{*event.key()},
                                     Id{*event.mesh()}};
  return {};
}

Contradiction apply(Pairing& pairing, const schema::PairingEnded& event) {
  if (pairing.open.erase(Id{*event.session()}) == 0)
    return "a session ends that is not open";
  return {};
}

Contradiction apply(Pairing& pairing, const schema::Entry& entry,
                    const schema::NodeAdmitted& event) {
  Id id{*event.session()};
  NodeId node{*event.node()};
  auto session = pairing.open.find(id);
  if (session == pairing.open.end())
    return "a node is admitted in a session that is not open";
  if (!session->second.peer || session->second.peer->node != node)
    return "a node is admitted that did not prove the code";
  // Whoever left, or never came, is admitted anew.
  pairing.admissions[node] =
      Admission{session->second.side, id, Hash{*event.preshared()},
                session->second.boot, entry.clock()->since_boot_ns()};
  return {};
}

Contradiction apply(Pairing& pairing, const schema::NodeActive& event) {
  auto admission = pairing.admissions.find(NodeId{*event.node()});
  if (admission == pairing.admissions.end())
    return "a node is active that was not admitted";
  if (admission->second.is_active) return "a node is active twice";
  admission->second.is_active = true;
  return {};
}

Contradiction apply(Pairing& pairing, const schema::NodeLapsed& event) {
  if (pairing.admissions.erase(NodeId{*event.node()}) == 0)
    return "an admission lapses that there was not";
  return {};
}

}  // namespace ppn::events
