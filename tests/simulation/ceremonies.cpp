#include "tests/simulation/ceremonies.hpp"

#include <algorithm>

#include "actors/pairing.hpp"

namespace ppn::simulation {

namespace {

using actors::PairingPhase;
using schema::PairingOutcome;
using schema::PairingSide;

/// A code is good for no longer.
constexpr std::uint64_t patience_ns = 11 * minute;
constexpr std::uint64_t look_ns = second / 2;
constexpr std::uint64_t begins_at_rest_ns = 5 * minute;
/// More than are answered.
constexpr int guesses = 7;
/// Two may join at a time.
constexpr std::size_t held_max = 2;
/// Of two who do what they are told the ceremony succeeds in no more tries.
constexpr int tries_max = 3;

const NodeId& node_of(const Host& host) { return host.shadow.state().node.id; }

actors::PairingActor pairing_of(const Host& host) {
  if (!host.process) return {};
  return host.process->kept<actors::PairingActor>(actors::PairingState::name);
}

/// No code helps.
bool ends_it(PairingOutcome outcome) {
  return outcome == PairingOutcome::admitted ||
         outcome == PairingOutcome::already_member ||
         outcome == PairingOutcome::name_taken ||
         outcome == PairingOutcome::range_full;
}

store::Principal some_operator() {
  return {schema::PrincipalKind::operator_, "uid/0"};
}

}  // namespace

events::ShortCode some_code(Random& random) {
  return events::ShortCode::draw(events::ShortCode::symbols_usual, [&random] {
    return static_cast<std::uint8_t>(random.below(256));
  });
}

// -- who ----------------------------------------------------------------------

Host* Ceremonies::authority() {
  if (history_.version() == 0 || history_.is_split(history_.epoch()))
    return nullptr;
  auto* host = scene_.host_of(history_.authority());
  return host != nullptr && pairing_of(*host) ? host : nullptr;
}

/// It is in no mesh, or did not hear of anybody in that which it joined.
bool Ceremonies::may_join(const Host& host) const {
  const auto& state = host.shadow.state();
  auto joined = state.pairing.admissions.find(state.mesh.authority);
  bool is_awaited = joined != state.pairing.admissions.end() &&
                    joined->second.side == PairingSide::newcomer &&
                    !joined->second.is_active;
  bool is_outside = !state.mesh.founded() &&
                    !history_.members().contains(node_of(host));
  return (is_outside || is_awaited) && state.device.key &&
         !history_.gone().contains(node_of(host));
}

Host* Ceremonies::some_newcomer() {
  std::vector<Host*> outside;
  for (auto& host : scene_.hosts)
    if (pairing_of(host) && may_join(host) && !held_.contains(host.index))
      outside.push_back(&host);
  if (outside.empty()) return nullptr;
  return outside[scene_.random.below(outside.size())];
}

Host* Ceremonies::some_relay(const Host& authority) {
  std::vector<Host*> members;
  for (auto& host : scene_.hosts)
    if (&host != &authority && pairing_of(host) &&
        history_.members().contains(node_of(host)) &&
        host.shadow.state().mesh.find(node_of(host)) != nullptr)
      members.push_back(&host);
  if (members.empty()) return nullptr;
  return members[scene_.random.below(members.size())];
}

template <class Use>
void Ceremonies::with_status(Host& host, Use use) {
  auto actor = pairing_of(host);
  if (!actor) return use(actors::PairingStatusPtr{});
  scene_.weather->request(actor, caf::infinite, actors::status_atom::value)
      .then([use](const actors::PairingStatusPtr& status) { use(status); },
            [use](caf::error&) { use(actors::PairingStatusPtr{}); });
}

// -- a ceremony ---------------------------------------------------------------

void Ceremonies::hold() {
  auto held = std::make_shared<Held>();
  held->newcomer = some_newcomer();
  held->authority = authority();
  if (held_.size() >= held_max || held->newcomer == nullptr ||
      held->authority == nullptr || held->newcomer == held->authority)
    return;
  if (scene_.one_in(2)) held->relay = some_relay(*held->authority);
  constexpr std::array typings{Typing::right,   Typing::right,
                               Typing::right,   Typing::wrong_once,
                               Typing::guesses, Typing::changes_mind};
  held->typing = typings[scene_.random.below(typings.size())];
  begin(held);
}

void Ceremonies::hold_at_rest() {
  if (rests_since_ns_ == 0) rests_since_ns_ = scene_.now();
  // All have to hear of it in time, in spite of who keeps it from them.
  if (scene_.now() > rests_since_ns_ + begins_at_rest_ns) return;
  auto held = std::make_shared<Held>();
  held->newcomer = some_newcomer();
  held->authority = authority();
  held->must_succeed = true;
  bool is_possible = held->newcomer != nullptr && held->authority != nullptr &&
                     held->newcomer != held->authority &&
                     history_.is_at_newest(node_of(*held->authority)) &&
                     history_.members().size() < 5;
  if (!held_.empty() || !is_possible) return;
  begin(held);
}

void Ceremonies::begin(const HeldPtr& held) {
  held_.insert(held->newcomer->index);
  held->newcomer_id = node_of(*held->newcomer);
  held->until_ns = scene_.now() + patience_ns;
  scene_.trace.note(held->newcomer->index, "ceremony with",
                    static_cast<std::uint64_t>(held->authority->index));
  scene_.plan(patience_ns,
              [this, index = held->newcomer->index] { held_.erase(index); });
  if (held->relay == nullptr) return show(held);
  scene_.weather
      ->request(pairing_of(*held->relay), caf::infinite,
                actors::open_door_atom::value, std::uint32_t{600},
                std::optional<events::IpAddress>{})
      .then([this, held](bool) { show(held); }, [](caf::error&) {});
}

void Ceremonies::show(const HeldPtr& held) {
  auto actor = pairing_of(*held->newcomer);
  if (!actor) return;
  actors::PairingOfferWish wish;
  if (held->relay != nullptr)
    wish.via = events::Endpoint{held->relay->outside, 0};
  wish.principal = some_operator();
  scene_.weather->request(actor, caf::infinite, actors::offer_atom::value, wish)
      .then(
          [this, held](const actors::ShownCode& shown) {
            held->shown = shown.session;
            held->code = shown.code;
            held->number = shown.number;
            held->shown_ns = scene_.now();
            if (scene_.faults.on(Fault::suspend) && scene_.one_in(4))
              close_some_lid(held);
            scene_.plan(scene_.some_time(second) % minute,
                        [this, held] { type(held); });
          },
          [this, held](caf::error& error) {
            scene_.trace.note(held->newcomer->index, "shows no code",
                              error.code());
          });
}

/// In the midst of it, and the code is typed once more when it is good no
/// longer.
void Ceremonies::close_some_lid(const HeldPtr& held) {
  scene_.plan(scene_.random.below(minute), [this, held] {
    close_lid_(scene_.one_in(2) ? *held->newcomer : *held->authority,
               events::pairing_window_ns);
  });
  scene_.plan(events::pairing_window_ns + 2 * minute, [this, held] {
    held->until_ns = scene_.now() + minute;
    type(held);
  });
}

void Ceremonies::type(const HeldPtr& held) {
  auto actor = pairing_of(*held->authority);
  if (!actor || scene_.now() > held->until_ns) return;
  bool is_wrong = held->typing == Typing::guesses
                      ? held->tries < guesses
                      : held->typing == Typing::wrong_once && held->tries == 0;
  bool is_late = scene_.now() - held->shown_ns > events::pairing_window_ns;
  held->tries += 1;
  codes_typed_ += 1;
  number_typed_ = held->number;
  actors::PairingApproval approval;
  approval.code =
      is_wrong
          ? std::make_shared<const events::ShortCode>(some_code(scene_.random))
          : held->code;
  approval.number = held->number;
  if (held->relay == nullptr)
    approval.at = events::Endpoint{held->newcomer->outside, 0};
  approval.principal = some_operator();
  if (!is_wrong) typed_.insert({node_of(*held->authority), held->newcomer_id});
  scene_.weather
      ->request(actor, caf::infinite, actors::approve_atom::value, approval)
      .then(
          [this, held, is_late](const Id& session) {
            look(held, {session, is_late});
          },
          [this, held](caf::error& error) {
            scene_.trace.note(held->authority->index, "code not taken",
                              error.code());
            try_again(held);
          });
}

void Ceremonies::look(const HeldPtr& held, const Typed& typed) {
  with_status(*held->authority, [this, held, typed](
                                    const actors::PairingStatusPtr& status) {
    if (!status) return try_again(held);
    const auto& sessions = status->sessions;
    auto found =
        std::find_if(sessions.begin(), sessions.end(),
                     [&](const auto& one) { return one.id == typed.session; });
    if (found == sessions.end()) return try_again(held);
    if (typed.is_late && found->outcome == PairingOutcome::admitted)
      scene_.violate(*held->authority, "a code was good for too long");
    if (found->phase == PairingPhase::ended ||
        found->phase == PairingPhase::admitted ||
        found->phase == PairingPhase::active)
      return take_end(held, *found);
    if (found->phase == PairingPhase::met) decide(held, *found);
    scene_.plan(look_ns, [this, held, typed] { look(held, typed); });
  });
}

void Ceremonies::decide(const HeldPtr& held,
                        const actors::PairingSessionStatus& session) {
  compare(held, session);
  auto actor = pairing_of(*held->authority);
  if (!actor) return;
  bool is_wanted = held->typing != Typing::changes_mind;
  // Two operators at once.
  for (auto count = scene_.one_in(4) ? 2 : 1; count > 0; --count)
    scene_.weather
        ->request(actor, caf::infinite, actors::approve_atom::value, session.id,
                  is_wanted, some_operator())
        .then([](bool) {}, [](caf::error&) {});
}

/// Both operators see the same.
void Ceremonies::compare(const HeldPtr& held,
                         const actors::PairingSessionStatus& session) {
  if (!session.peer || session.peer->node != held->newcomer_id)
    return scene_.violate(*held->authority,
                          "its operator is shown another node than the one "
                          "whose code was typed");
  with_status(*held->newcomer, [this, held, session](
                                   const actors::PairingStatusPtr& status) {
    if (!status) return;
    for (const auto& one : status->sessions)
      if (one.id == held->shown && one.phase == PairingPhase::met &&
          (one.symbols != session.symbols ||
           one.mesh_name != session.mesh_name))
        scene_.violate(*held->newcomer,
                       "the two operators are shown different symbols");
  });
}

void Ceremonies::take_end(const HeldPtr& held,
                          const actors::PairingSessionStatus& session) {
  scene_.trace.note(held->authority->index, "ceremony ended",
                    static_cast<std::uint64_t>(session.outcome));
  check();
  if (ends_it(session.outcome)) return;
  if (session.outcome == PairingOutcome::burned) held->until_ns = 0;
  try_again(held);
}

/// With what the operators have: after a restart of the newcomer another code.
void Ceremonies::try_again(const HeldPtr& held) {
  if (held->must_succeed && held->tries >= tries_max) {
    bool is_member = history_.members().contains(held->newcomer_id);
    if (!is_member)
      scene_.violate(*held->newcomer,
                     "it is not admitted though its code was typed");
    return;
  }
  if (scene_.now() > held->until_ns || held->typing == Typing::changes_mind ||
      node_of(*held->newcomer) != held->newcomer_id)
    return;
  const auto& open = held->newcomer->shadow.state().pairing.open;
  bool is_shown = open.contains(held->shown);
  scene_.plan(second + scene_.random.below(10 * second),
              [this, held, is_shown] { is_shown ? type(held) : show(held); });
}

// -- what must hold -----------------------------------------------------------

void Ceremonies::check() {
  for (const auto& host : scene_.hosts) {
    const auto& state = host.shadow.state();
    for (const auto& [node, admission] : state.pairing.admissions)
      if (admission.side == PairingSide::authority &&
          !typed_.contains({state.node.id, node}))
        scene_.violate(host, "it admitted a node whose code nobody typed");
  }
}

}  // namespace ppn::simulation
