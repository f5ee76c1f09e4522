#include "actors/witness.hpp"

#include <algorithm>

#include "actors/ask_clock.hpp"
#include "actors/frame.hpp"
#include "actors/rare_path.hpp"
#include "store/cosignature.hpp"

namespace ppn::actors {

namespace {

using events::Clashes;
using schema::Clash;
using Now = store::ClockReading;
using Self = WitnessActor::stateful_pointer<WitnessState>;

constexpr auto tick_interval = std::chrono::seconds{10};
/// What others know of ledgers is asked in a slow rhythm: a page in so many
/// ticks, so that it does not grow with the mesh.
constexpr std::uint64_t ticks_to_pull = 30;
constexpr std::uint64_t first_pull = 2;
/// Whoever does not say that it knows of a fork is told again in so many.
constexpr std::uint64_t ticks_to_tell = 6;
constexpr std::uint64_t answer_again_ns = 300'000'000'000;
constexpr std::uint64_t cosigned_interval_ns = 5'000'000'000;
/// Who speaks for so long after a question and does not answer it withholds.
constexpr std::int64_t withheld_ns = 60'000'000'000;

struct Context {
  Self self;
  WitnessParts parts;
  NodeId node;
  std::uint64_t boot;
};

const events::Mesh* mesh_of(const Context& context) {
  const auto& roster = context.self->state.roster;
  if (!roster || roster->mesh.find(context.node) == nullptr) return nullptr;
  return &roster->mesh;
}

std::uint64_t seconds_of(const Now& now) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(now.utc_ns / second_ns, 1));
}

// -- out ----------------------------------------------------------------------

void post(const Context& context, const NodeId& to, WitnessLetter letter) {
  auto post =
      std::make_shared<const WitnessPost>(WitnessPost{to, std::move(letter)});
  context.self->state.member.with(
      context.self, context.parts.node, [=](const MemberActor& member) {
        context.self->send(member, letter_atom::value, WitnessPostPtr{post});
      });
}

/// Nothing if the evidence is damaged, which it was not when it was recorded.
std::optional<ForkTold> told_of(const WitnessState& state, const NodeId& node) {
  auto found = state.evidence.find(node);
  const auto* member = state.roster->mesh.find(node);
  if (found == state.evidence.end() || member == nullptr) return std::nullopt;
  const auto& evidence = found->second;
  // What does not fit is told by who has evidence that does.
  if (evidence.frame.size() > told_frame_max ||
      evidence.proof.size() > growth_hashes_max)
    return std::nullopt;
  auto first = store::read_signed_head(evidence.first, node, member->key);
  auto second = store::read_signed_head(evidence.second, node, member->key);
  if (!first || !second) return std::nullopt;
  return ForkTold{node, *first, *second, evidence.frame};
}

void tell_of_fork(const Context& context, const NodeId& node) {
  auto& state = context.self->state;
  auto told = told_of(state, node);
  if (!told) return;
  const auto& knowing = state.knowing[node];
  for (const auto& [other, member] : state.roster->mesh.members)
    if (other != context.node && other != node && !knowing.contains(other))
      post(context, other, *told);
}

ForkStanding standing_of(const WitnessState& state, const NodeId& node) {
  auto standing = ForkStanding::none;
  for (auto kind : {Clash::fork, Clash::rollback}) {
    auto seen = state.clashes.find({node, kind});
    if (seen == state.clashes.end()) continue;
    if (!seen->second.is_acknowledged) return ForkStanding::stands;
    standing = ForkStanding::acknowledged;
  }
  return standing;
}

void tell_of_forks(const Context& context) {
  auto& state = context.self->state;
  for (const auto& [node, evidence] : state.evidence)
    if (standing_of(state, node) == ForkStanding::stands)
      tell_of_fork(context, node);
}

// -- what is recorded ---------------------------------------------------------

void record(const Context& context, const events::ClashNote& note) {
  auto& state = context.self->state;
  Notice notice{
      "mesh.clash",
      {{"node", note.node.hex()}, {"what", events::in_words(note.clash)}}};
  if (note.number != 0)
    notice.fields.emplace("number", std::to_string(note.number));
  state.aggregate.command(
      {{schema::PrincipalKind::actor, WitnessState::name}, {}, {}},
      [&state, note](const events::Moment&) {
        return events::decide_clash(state.clashes, note);
      },
      [context, notice, note](const auto& result) {
        // Nothing is recorded of what was seen before.
        if (!result || *result == 0) return;
        if (note.clash == Clash::two_recoveries)
          mark(RarePath::recovered_twice);
        context.self->send(context.parts.journal, notice_atom::value, notice);
        if (note.clash == Clash::fork || note.clash == Clash::rollback)
          tell_of_fork(context, note.node);
      });
}

/// What does not prove itself is not recorded.
void accuse(const Context& context, const store::ForkEvidence& evidence) {
  const auto* member = context.self->state.roster->mesh.find(evidence.node);
  if (member == nullptr || !store::verify_fork_evidence(evidence, member->key))
    return;
  bool is_rollback = !evidence.frame.empty();
  mark(RarePath::fork_proved);
  record(context, {is_rollback ? Clash::rollback : Clash::fork, evidence.node,
                   0, encode(evidence)});
}

/// The size up to which evidence speaks of a node.
std::uint64_t size_of(const store::ForkEvidence& evidence) {
  std::uint64_t size = 0;
  for (const auto& note : {evidence.first, evidence.second})
    if (auto checkpoint = store::parse_checkpoint(note))
      size = std::max(size, checkpoint->head.size);
  return size;
}

void note_accepted(WitnessState& state, const NodeId& node,
                   const schema::Entry& entry) {
  auto& accepted = state.accepted[node];
  if (auto found = state.evidence.find(node); found != state.evidence.end())
    accepted.size = std::max(accepted.size, size_of(found->second));
  accepted.seconds = seconds_of({entry.clock()->utc_ns(), 0, false});
}

events::Contradiction apply(WitnessState& state, const schema::Entry& entry) {
  if (const auto* known = entry.payload_as_ClashAcknowledged()) {
    NodeId node{*known->node()};
    if (standing_of(state, node) == ForkStanding::stands)
      note_accepted(state, node, entry);
    return events::apply(state.clashes, *known);
  }
  const auto* seen = entry.payload_as_ClashSeen();
  if (seen == nullptr) return "it is no clash";
  if (auto wrong = events::apply(state.clashes, *seen)) return wrong;
  bool is_of_ledger = seen->clash() == Clash::fork ||
                      seen->clash() == Clash::rollback;
  if (!is_of_ledger) return {};
  NodeId node{*seen->node()};
  state.knowing.erase(node);
  auto evidence = store::decode_fork_evidence(
      {seen->evidence()->data(), seen->evidence()->size()});
  if (evidence) state.evidence.insert_or_assign(node, std::move(*evidence));
  return {};
}

// -- ledgers of others --------------------------------------------------------

void recall(const Context& context);

void vouch(const Context& context, const Vouch& wanted, const Now& now) {
  auto& state = context.self->state;
  const auto* member = state.roster->mesh.find(wanted.node);
  if (member == nullptr) return;
  auto wish = std::make_shared<const CosignWish>(CosignWish{
      wanted.node, member->key, wanted.head, wanted.after, seconds_of(now)});
  on_answer<Cosignature>(
      context.self->request(context.parts.ledger, caf::infinite,
                            cosign_atom::value, CosignWishPtr{wish}),
      [=, &state](const Cosignature& cosignature) {
        state.book.note_vouched(wish->node, wish->head, cosignature.seconds);
        post(context, wish->node, cosignature);
      },
      [=, &state](const caf::error&) {
        // What is remembered may not be what the book says.
        state.book.note_not_vouched(wish->node);
        recall(context);
      });
}

void act(const Context& context, const WitnessStep& step, const Now& now) {
  if (const auto* ask = std::get_if<AskGrowth>(&step))
    post(context, ask->whom, ask->what);
  else if (const auto* wanted = std::get_if<Vouch>(&step))
    vouch(context, *wanted, now);
  else if (const auto* accused = std::get_if<Accuse>(&step))
    accuse(context, accused->evidence);
}

void forget(const Context& context, const NodeId& node) {
  context.self->send(context.parts.ledger, forget_atom::value, node);
}

/// The operator lets a node go on with the history that it has now, whichever
/// that is: what it tells next is remembered.
void accept(const Context& context, const NodeId& node) {
  auto& state = context.self->state;
  auto accepted = state.accepted.find(node);
  if (accepted == state.accepted.end()) return;
  state.book.accept(node, accepted->second.size);
  forget(context, node);
  state.pull = WitnessState::Pull{node, {}, true};
  post(context, node, HeadsRequest{});
}

/// What was remembered before the operator accepted another history is not
/// gone on from, should this node have died in between.
bool is_outdated(const WitnessState& state, const NodeId& node,
                 const std::string& note) {
  auto accepted = state.accepted.find(node);
  return accepted != state.accepted.end() &&
         store::cosigned_at(note).value_or(0) < accepted->second.seconds;
}

void take_heads(const Context& context, const events::Mesh& mesh,
                const std::map<NodeId, std::string>& heads) {
  auto& state = context.self->state;
  for (const auto& [node, note] : heads) {
    bool is_good = mesh.find(node) != nullptr &&
                   !is_outdated(state, node, note) &&
                   state.book.recall(node, note);
    if (!is_good && node != context.node) forget(context, node);
  }
  for (const auto& [node, known] : state.book.all())
    if (known.kept && !heads.contains(node)) state.book.lose(node);
}

void take_cosigned(const Context& context, const events::Mesh& mesh,
                   const std::map<NodeId, std::string>& cosigned) {
  auto& state = context.self->state;
  for (const auto& [node, note] : cosigned) {
    auto checkpoint = store::parse_checkpoint(note);
    // What was vouched for before this node took up a new identity is not.
    bool is_own = checkpoint && mesh.find(node) != nullptr &&
                  checkpoint->origin == store::checkpoint_origin(context.node);
    if (!is_own) continue;
    auto& known = state.cosigned[node];
    known.size = checkpoint->head.size;
    known.seconds = store::cosigned_at(note).value_or(0);
  }
}

void take_notes(const Context& context, const WitnessNotes& notes) {
  auto& state = context.self->state;
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  state.own_key = notes.key;
  take_heads(context, *mesh, notes.heads);
  take_cosigned(context, *mesh, notes.cosigned);
  for (const auto& [node, note] : notes.cosigned)
    if (mesh->find(node) == nullptr) forget(context, node);
  state.is_recalled = true;
}

void recall(const Context& context) {
  on_answer<WitnessNotesPtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            heads_atom::value),
      [=](const WitnessNotesPtr& notes) { take_notes(context, *notes); },
      [=](const caf::error& error) {
        if (std::exchange(context.self->state.is_complained_of, true)) return;
        context.self->send(
            context.parts.journal, notice_atom::value,
            Notice{"witness.memory", {{"why", from_message(error).message}}});
      });
}

/// Nothing is believed before it is known what was.
void with_memory(const Context& context,
                 const std::function<void(const Now&)>& next) {
  if (mesh_of(context) == nullptr || !context.self->state.is_recalled ||
      !context.self->state.aggregate.ready())
    return;
  with_clock(context.self, context.parts.clock, [=](const Now& now) {
    if (mesh_of(context) != nullptr) next(now);
  });
}

void take_checkpoint(const Context& context, const NodeId& node,
                     const std::string& note) {
  const auto* mesh = mesh_of(context);
  const auto* member = mesh == nullptr ? nullptr : mesh->find(node);
  if (member == nullptr) return;
  auto head = store::read_signed_head(note, node, member->key);
  if (!head) return;
  with_memory(context, [=, head = *head](const Now& now) {
    act(context, context.self->state.book.hear(node, head, true, now), now);
  });
}

// -- letters ------------------------------------------------------------------

/// What this node tells of its own ledger comes first.
void take(const Context& context, const HeardWitness& heard,
          const HeadsRequest& request) {
  on_answer<LedgerStatus>(
      context.self->request(context.parts.ledger, caf::infinite,
                            status_atom::value),
      [=](const LedgerStatus& ledger) {
        const auto* mesh = mesh_of(context);
        if (mesh == nullptr) return;
        auto heads =
            context.self->state.book.heads_after(request.after, heard.from);
        auto own = store::read_signed_head(ledger.checkpoint, context.node,
                                           mesh->find(context.node)->key);
        if (own && request.after == NodeId{}) {
          if (heads.heads.size() == heads_max) {
            heads.heads.pop_back();
            heads.is_last = false;
          }
          heads.heads.insert(heads.heads.begin(), {context.node, *own});
        }
        post(context, heard.from, std::move(heads));
      },
      [](const caf::error&) {});
}

void take(const Context& context, const HeardWitness& heard,
          const Heads& told) {
  auto& state = context.self->state;
  if (!state.pull || state.pull->whom != heard.from || !state.pull->is_awaited)
    return;
  state.pull->is_awaited = false;
  if (told.is_last || told.heads.empty())
    state.pull.reset();
  else
    state.pull->after = told.heads.back().node;
  with_memory(context, [=, &state](const Now& now) {
    for (const auto& one : told.heads)
      act(context,
          state.book.hear(one.node, one.head, one.node == heard.from, now),
          now);
  });
}

/// Of this ledger, or what speaks against another one.
void take(const Context& context, const HeardWitness& heard,
          const GrowthRequest& request) {
  auto& state = context.self->state;
  if (request.node != context.node) {
    auto found = state.evidence.find(request.node);
    if (found == state.evidence.end()) return;
    const auto& evidence = found->second;
    if (evidence.proof.size() > growth_hashes_max) return;
    post(context, heard.from,
         Growth{request.node, request.from.head.size, request.to, evidence.root,
                evidence.proof});
    return;
  }
  on_answer<GrowthPtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            grow_atom::value, request.from, request.to),
      [context, to = heard.from](const GrowthPtr& growth) {
        if (growth->proof.size() <= growth_hashes_max)
          post(context, to, *growth);
      },
      [](const caf::error&) {});
}

void take(const Context& context, const HeardWitness& heard,
          const Growth& growth) {
  with_memory(context, [=](const Now& now) {
    act(context,
        context.self->state.book.take(heard.from, growth, heard.frame, now),
        now);
  });
}

/// Whoever tells of it knows it, and is told no more. It is answered now and
/// then, so that it knows that this node does.
void answer_told(const Context& context, const HeardWitness& heard,
                 const ForkTold& told, const Now& now) {
  auto& state = context.self->state;
  const auto* member = mesh_of(context)->find(told.node);
  bool is_known = state.evidence.contains(told.node) && member != nullptr &&
                  store::is_signed(told.first, told.node, member->key) &&
                  store::is_signed(told.second, told.node, member->key);
  if (!is_known) return;
  auto& answered_ns = state.knowing[told.node][heard.from];
  if (answered_ns != 0 && now.since_boot_ns - answered_ns < answer_again_ns)
    return;
  answered_ns = std::max<std::uint64_t>(now.since_boot_ns, 1);
  if (auto own = told_of(state, told.node)) post(context, heard.from, *own);
}

void take(const Context& context, const HeardWitness& heard,
          const ForkTold& told) {
  with_memory(context, [=](const Now& now) {
    answer_told(context, heard, told, now);
    act(context, context.self->state.book.take(heard.from, told, now), now);
  });
}

/// Each is a durable write of the ledger's actor: no witness has it write
/// often.
bool is_news(const WitnessState& state, const NodeId& from,
             const Cosignature& cosignature, const Now& now) {
  auto taken = state.cosigned_ns.find(from);
  if (taken != state.cosigned_ns.end() &&
      now.since_boot_ns - taken->second < cosigned_interval_ns)
    return false;
  auto known = state.cosigned.find(from);
  return known == state.cosigned.end() ||
         known->second.size < cosignature.head.size ||
         (known->second.size == cosignature.head.size &&
          known->second.seconds + vouched_again_seconds <= cosignature.seconds);
}

void take(const Context& context, const HeardWitness& heard,
          const Cosignature& cosignature) {
  with_clock(context.self, context.parts.clock, [=](const Now& now) {
    auto& state = context.self->state;
    if (!is_news(state, heard.from, cosignature, now)) return;
    state.cosigned_ns[heard.from] = now.since_boot_ns;
    on_answer<bool>(
        context.self->request(context.parts.ledger, caf::infinite,
                              take_atom::value, heard.from, cosignature),
        [&state, from = heard.from, cosignature](bool) {
          state.cosigned[from] = {cosignature.head.size, cosignature.seconds,
                                  cosignature.key};
        },
        [](const caf::error&) {});
  });
}

void take_letter(const Context& context, const HeardWitness& heard) {
  if (mesh_of(context) == nullptr) return;
  std::visit([&](const auto& letter) { take(context, heard, letter); },
             heard.letter);
}

// -- in its turn --------------------------------------------------------------

/// Hub and controller know most; but neither can keep anything from this node.
std::optional<NodeId> whom_to_pull(const events::Mesh& mesh, const NodeId& self,
                                   std::uint64_t turn) {
  if (mesh.members.size() < 2) return std::nullopt;
  if (turn % 3 == 0 && mesh.hub != self && mesh.find(mesh.hub) != nullptr)
    return mesh.hub;
  if (turn % 3 == 1 && mesh.controller != self &&
      mesh.find(mesh.controller) != nullptr)
    return mesh.controller;
  auto others = mesh.members.size() - 1;
  auto place = std::distance(mesh.members.begin(), mesh.members.find(self));
  auto next = (static_cast<std::size_t>(place) + 1 + turn % others) %
              mesh.members.size();
  return std::next(mesh.members.begin(), static_cast<std::ptrdiff_t>(next))
      ->first;
}

/// All pages of one, unless it does not answer, and then those of another.
void pull(const Context& context, const events::Mesh& mesh) {
  auto& state = context.self->state;
  bool goes_on = state.pull && !state.pull->is_awaited &&
                 mesh.find(state.pull->whom) != nullptr;
  if (!goes_on) {
    auto whom = whom_to_pull(mesh, context.node, state.pulls++);
    if (!whom) return;
    state.pull = WitnessState::Pull{*whom, {}, false};
  }
  state.pull->is_awaited = true;
  post(context, state.pull->whom, HeadsRequest{state.pull->after});
}

void tick(const Context& context) {
  auto& state = context.self->state;
  state.mesh.ensure(context.self, context.parts.node);
  context.self->delayed_send(context.self, tick_interval, tick_atom::value);
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  if (!state.is_recalled) recall(context);
  auto turn = state.ticks++;
  if (turn % ticks_to_tell == 0 && state.aggregate.ready())
    tell_of_forks(context);
  if (turn % ticks_to_pull == first_pull) pull(context, *mesh);
  with_memory(context, [=, &state](const Now& now) {
    for (const auto& ask : state.book.ask_again(now))
      post(context, ask.whom, ask.what);
  });
}

void take_standings(WitnessState& state) {
  for (const auto& [what, seen] : state.clashes)
    state.book.set_standing(what.first, standing_of(state, what.first));
  for (const auto& [node, accepted] : state.accepted)
    state.book.note_accepted(node, accepted.size);
}

void take_roster(const Context& context, const RosterPtr& roster) {
  auto& state = context.self->state;
  state.roster = roster;
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  for (const auto& node : state.book.set_members(*mesh, context.node)) {
    state.cosigned.erase(node);
    state.cosigned_ns.erase(node);
    forget(context, node);
  }
  take_standings(state);
  if (!state.is_recalled) recall(context);
}

// -- the operator -------------------------------------------------------------

std::string name_of(const WitnessState& state, const NodeId& node) {
  const auto* member = state.roster ? state.roster->mesh.find(node) : nullptr;
  return member == nullptr ? node.hex() : member->name;
}

caf::result<WordsPtr> plan(const Context& context, const Change& change) {
  auto& state = context.self->state;
  const auto& node = std::get<AcknowledgeClash>(change).node;
  auto decision = events::decide_acknowledgement(state.clashes, node);
  if (const auto* refusal = std::get_if<events::Refusal>(&decision))
    return to_message({store::ErrorCode::bad_input, refusal->reason});
  auto words = std::make_shared<std::vector<std::string>>();
  words->push_back("let " + name_of(state, node) + " go on as it is, though:");
  for (auto clash : events::standing_clashes(state.clashes, node))
    words->push_back(events::in_words(clash));
  words->emplace_back(
      "the evidence stays in the ledger of this node; others go on to warn of "
      "it until their operators do the same");
  return WordsPtr{words};
}

caf::result<std::uint64_t> commit(const Context& context, const Change& change,
                                  const Id& proposal,
                                  const store::Principal& principal) {
  auto promise = context.self->make_response_promise<std::uint64_t>();
  auto& state = context.self->state;
  auto node = std::get<AcknowledgeClash>(change).node;
  bool had_fork = standing_of(state, node) == ForkStanding::stands;
  state.aggregate.command(
      {principal,
       store::Causation{schema::CausationKind::request, {}, 0, proposal},
       {}},
      [&state, node](const events::Moment&) {
        return events::decide_acknowledgement(state.clashes, node);
      },
      [=](const store::Result<std::uint64_t>& result) {
        if (result && had_fork) accept(context, node);
        answer(promise, result);
      });
  return promise;
}

WitnessStatusPtr status_of(const Context& context) {
  const auto& state = context.self->state;
  auto status = std::make_shared<WitnessStatus>();
  for (const auto& [node, known] : state.book.all()) {
    auto& ledger = status->ledgers[node];
    if (known.kept) ledger.head = known.kept->head;
    ledger.cosigned_seconds = known.kept_seconds;
    if (known.is_open()) {
      const auto& open = known.claim     ? known.claim
                         : known.foreign ? known.foreign
                                         : known.kept;
      ledger.unproven_size = open->head.size;
      ledger.unproven_since_ns = known.open_since_utc_ns;
      ledger.is_withheld = known.heard_utc_ns >
                           known.open_since_utc_ns + withheld_ns;
    }
    ledger.heard_ns = known.heard_utc_ns;
    ledger.clash = events::standing_clash(state.clashes, node);
    ledger.is_acknowledged = known.standing == ForkStanding::acknowledged;
  }
  status->cosigned = state.cosigned;
  status->key = store::witness_verifier(context.node, state.own_key).text();
  for (const auto& [what, seen] : state.clashes)
    status->is_split |= what.second == Clash::two_recoveries && state.roster &&
                        seen.number == state.roster->mesh.epoch;
  return status;
}

}  // namespace

WitnessActor::behavior_type witness_actor(Self self, const WitnessParts& parts,
                                          const events::Node& node) {
  Context context{self, parts, node.id, node.boot};
  auto& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& death) {
    state.mesh.note_death(death.source);
    state.member.note_death(death.source);
  });
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
       [&state](const auto& entry, ByteView) { return apply(state, entry); },
       [&state] { take_standings(state); }},
      events::clash_stream);
  self->send(self, tick_atom::value);
  return {
      [=](roster_atom, const RosterPtr& roster) {
        take_roster(context, roster);
      },
      [=](take_atom, const NodeId& whose, const std::string& checkpoint) {
        take_checkpoint(context, whose, checkpoint);
      },
      [=](letter_atom, const HeardWitnessPtr& heard) {
        take_letter(context, *heard);
      },
      [=](tick_atom) { tick(context); },
      [=](clash_atom, const events::ClashNote& note) { record(context, note); },
      [=](plan_atom, const ChangePtr& change) {
        return plan(context, *change);
      },
      [=](commit_atom, const ChangePtr& change, const Id& proposal,
          const store::Principal& principal) {
        return commit(context, *change, proposal, principal);
      },
      [=](status_atom) { return status_of(context); },
  };
}

}  // namespace ppn::actors
