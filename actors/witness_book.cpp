#include "actors/witness_book.hpp"

#include <algorithm>

#include "actors/frame.hpp"
#include "store/cosignature.hpp"

namespace ppn::actors {

namespace {

using Now = store::ClockReading;
using Known = WitnessBook::Known;
using store::SignedHead;
using store::TreeHead;

bool leads_to(const TreeHead& older, const TreeHead& newer,
              const store::Proof& proof) {
  if (older.size == newer.size) return older.root == newer.root;
  return older.size != 0 && store::verify_consistency(older, newer, proof) ==
                                store::Consistency::consistent;
}

bool is_of_size(const std::optional<SignedHead>& head, std::uint64_t size) {
  return head && head->head.size == size;
}

store::ForkEvidence evidence_of(const NodeId& node, const Known& known,
                                const SignedHead& first,
                                const SignedHead& second) {
  store::ForkEvidence evidence;
  evidence.node = node;
  evidence.first = store::format_note(store::note_of(first, node, known.key));
  evidence.second = store::format_note(store::note_of(second, node, known.key));
  return evidence;
}

/// Of what is to be proved, as long as anything is.
void note_open(Known& known, const Now& now) {
  if (!known.is_open())
    known.open_since_utc_ns = 0;
  else if (known.open_since_utc_ns == 0)
    known.open_since_utc_ns = now.utc_ns;
}

}  // namespace

// -- who ----------------------------------------------------------------------

std::vector<NodeId> WitnessBook::set_members(const events::Mesh& mesh,
                                             const NodeId& self) {
  mesh_ = mesh.id;
  std::vector<NodeId> gone;
  std::erase_if(all_, [&](const auto& one) {
    bool is_gone = mesh.find(one.first) == nullptr;
    if (is_gone) gone.push_back(one.first);
    return is_gone;
  });
  for (const auto& [node, member] : mesh.members)
    if (node != self) all_[node].key = member.key;
  return gone;
}

WitnessBook::Known* WitnessBook::find(const NodeId& node) {
  auto found = all_.find(node);
  return found == all_.end() ? nullptr : &found->second;
}

void WitnessBook::set_standing(const NodeId& node, ForkStanding standing) {
  if (auto* known = find(node)) known->standing = standing;
}

void WitnessBook::note_accepted(const NodeId& node, std::uint64_t size) {
  if (auto* known = find(node))
    known->accepted_size = std::max(known->accepted_size, size);
}

void WitnessBook::accept(const NodeId& node, std::uint64_t size) {
  auto* known = find(node);
  if (known == nullptr) return;
  for (const auto& head : {known->kept, known->claim, known->foreign})
    if (head) size = std::max(size, head->head.size);
  Known anew;
  anew.key = known->key;
  anew.standing = ForkStanding::acknowledged;
  anew.accepted_size = std::max(known->accepted_size, size);
  anew.heard_utc_ns = known->heard_utc_ns;
  *known = std::move(anew);
}

// -- what is remembered -------------------------------------------------------

bool WitnessBook::recall(const NodeId& node, const std::string& note) {
  auto* known = find(node);
  if (known == nullptr) return false;
  auto head = store::read_signed_head(note, node, known->key);
  if (!head) return false;
  known->kept = *head;
  known->kept_seconds = store::cosigned_at(note).value_or(0);
  return true;
}

void WitnessBook::note_vouched(const NodeId& node, const SignedHead& head,
                               std::uint64_t seconds) {
  auto* known = find(node);
  if (known == nullptr) return;
  known->is_vouching = false;
  known->kept = head;
  known->kept_seconds = seconds;
  if (known->claim && known->claim->head.size <= head.head.size)
    known->claim.reset();
  if (known->foreign == head) known->foreign.reset();
  if (!known->is_open()) known->open_since_utc_ns = 0;
}

void WitnessBook::lose(const NodeId& node) {
  if (auto* known = find(node)) known->kept.reset();
}

void WitnessBook::note_not_vouched(const NodeId& node) {
  if (auto* known = find(node)) known->is_vouching = false;
}

WitnessStep WitnessBook::vouch(const NodeId& node, Known& known,
                               const SignedHead& head) {
  if (known.is_vouching) return {};
  known.is_vouching = true;
  return Vouch{node, head,
               known.kept ? std::optional{known.kept->head} : std::nullopt};
}

// -- questions ----------------------------------------------------------------

WitnessStep WitnessBook::ask(const NodeId& node, Question& question,
                             const SignedHead& from, std::uint64_t to,
                             const Now& now) {
  auto interval = growth_asked_again_ns
                  << std::min(question.times, growth_doublings_max);
  if (question.times != 0 && now.since_boot_ns - question.asked_ns < interval)
    return {};
  question.asked_ns = now.since_boot_ns;
  question.times += 1;
  question.is_awaited = true;
  return AskGrowth{node, {node, from, to}};
}

WitnessStep WitnessBook::ask_own(const NodeId& node, Known& known,
                                 const Now& now) {
  const auto& kept = *known.kept;
  auto to = known.claim ? known.claim->head.size : kept.head.size;
  return ask(node, known.own, kept, to, now);
}

WitnessStep WitnessBook::ask_foreign(const NodeId& node, Known& known,
                                     const Now& now) {
  const auto& kept = *known.kept;
  const auto& foreign = *known.foreign;
  if (foreign.head.size < kept.head.size)
    return ask(node, known.of_foreign, foreign, kept.head.size, now);
  return ask(node, known.of_foreign, kept, foreign.head.size, now);
}

std::vector<AskGrowth> WitnessBook::ask_again(const Now& now) {
  std::vector<AskGrowth> asks;
  auto add = [&](const WitnessStep& step) {
    if (const auto* again = std::get_if<AskGrowth>(&step))
      asks.push_back(*again);
  };
  for (auto& [node, known] : all_) {
    if (!known.is_open() || known.standing == ForkStanding::stands) continue;
    if (known.claim || known.is_doubted) add(ask_own(node, known, now));
    if (known.foreign) add(ask_foreign(node, known, now));
  }
  return asks;
}

// -- what is told -------------------------------------------------------------

WitnessStep WitnessBook::hear(const NodeId& node, const SignedHead& head,
                              bool is_from_itself, const Now& now) {
  auto* known = find(node);
  if (known == nullptr || head.head.size == 0) return {};
  const auto heads = {known->kept, known->claim, known->foreign};
  // Most is what was told, and checked, before.
  bool is_signed = std::find(heads.begin(), heads.end(), head) != heads.end() ||
                   store::is_signed(head, node, known->key);
  if (!is_signed) return {};
  if (is_from_itself) {
    known->heard_utc_ns = now.utc_ns;
    known->own.times = std::min(known->own.times, 1U);
    known->of_foreign.times = std::min(known->of_foreign.times, 1U);
  }
  if (known->standing == ForkStanding::stands) return {};
  bool is_of_old = !is_from_itself && head.head.size <= known->accepted_size;
  if (is_of_old) return {};
  for (const auto& other : heads)
    if (other && other->head.size == head.head.size &&
        other->head.root != head.head.root)
      return Accuse{evidence_of(node, *known, *other, head)};
  if (!known->kept) {
    // What it has now is for itself to say, once its history was accepted.
    bool may_begin = is_from_itself || known->standing == ForkStanding::none;
    return may_begin ? vouch(node, *known, head) : WitnessStep{};
  }
  auto step = is_from_itself ? hear_own(node, *known, head, now)
                             : hear_foreign(node, *known, head, now);
  note_open(*known, now);
  return step;
}

WitnessStep WitnessBook::hear_own(const NodeId& node, Known& known,
                                  const SignedHead& head, const Now& now) {
  const auto& kept = known.kept->head;
  if (head.head.size == kept.size) {
    auto now_seconds = static_cast<std::uint64_t>(
        std::max<std::int64_t>(now.utc_ns, 0) / 1'000'000'000);
    bool is_due = now_seconds > known.kept_seconds + vouched_again_seconds;
    return is_due ? vouch(node, known, head) : WitnessStep{};
  }
  // A delayed one tells nothing; whoever has no more says so if it is asked.
  if (head.head.size < kept.size)
    known.is_doubted = true;
  else if (!known.claim || known.claim->head.size < head.head.size)
    known.claim = head;
  return ask_own(node, known, now);
}

/// One after the other: who tells many must not make this node ask for all.
WitnessStep WitnessBook::hear_foreign(const NodeId& node, Known& known,
                                      const SignedHead& head, const Now& now) {
  if (known.foreign || head.head.size == known.kept->head.size) return {};
  known.foreign = head;
  known.of_foreign = {};
  return ask_foreign(node, known, now);
}

// -- proofs -------------------------------------------------------------------

WitnessStep WitnessBook::take(const NodeId& from, const Growth& growth,
                              const Bytes& frame, const Now& now) {
  auto* known = find(growth.node);
  if (known == nullptr || known->standing == ForkStanding::stands) return {};
  if (from == growth.node) {
    auto step = take_own(growth.node, *known, growth, frame);
    note_open(*known, now);
    return step;
  }
  auto teller = known->tellers.find(from);
  if (teller == known->tellers.end()) return {};
  auto told = teller->second.told;
  known->tellers.erase(teller);
  bool is_proof =
      growth.from == told.first.head.size &&
      growth.to == told.second.head.size &&
      growth.root != told.first.head.root &&
      leads_to({growth.from, growth.root}, told.second.head, growth.proof);
  if (!is_proof) return {};
  auto evidence = evidence_of(growth.node, *known, told.first, told.second);
  evidence.root = growth.root;
  evidence.proof = growth.proof;
  return Accuse{std::move(evidence)};
}

/// That a ledger grew from one head to another, or from another root than the
/// older one.
WitnessStep WitnessBook::take_link(const NodeId& node, Known& known,
                                   const Growth& growth, Question& question,
                                   const SignedHead& older,
                                   const SignedHead& newer) {
  if (!leads_to({growth.from, growth.root}, newer.head, growth.proof))
    return {};
  question.is_awaited = false;
  if (growth.root != older.head.root) {
    auto evidence = evidence_of(node, known, older, newer);
    evidence.root = growth.root;
    evidence.proof = growth.proof;
    return Accuse{std::move(evidence)};
  }
  if (known.foreign == older) known.foreign.reset();
  return newer == *known.kept ? WitnessStep{} : vouch(node, known, newer);
}

/// It has less than it signed: which of that, it says itself.
WitnessStep WitnessBook::take_short(const NodeId& node, const Known& known,
                                    const Growth& growth,
                                    const Bytes& frame) const {
  SignedHead all{{growth.to, growth.root},
                 growth.signature.value_or(Signature{})};
  bool can_be_told = growth.proof.empty() && frame.size() <= told_frame_max &&
                     store::is_signed(all, node, known.key);
  if (!can_be_told) return {};
  for (const auto& head : {known.kept, known.claim, known.foreign})
    if (is_of_size(head, growth.from)) {
      auto evidence = evidence_of(node, known, *head, all);
      evidence.mesh = mesh_;
      evidence.frame = frame;
      return Accuse{std::move(evidence)};
    }
  return {};
}

WitnessStep WitnessBook::take_own(const NodeId& node, Known& known,
                                  const Growth& growth, const Bytes& frame) {
  if (!known.kept || (!known.own.is_awaited && !known.of_foreign.is_awaited))
    return {};
  if (growth.to < growth.from) return take_short(node, known, growth, frame);
  auto kept = *known.kept;
  auto foreign = known.foreign;
  if (is_of_size(foreign, growth.from) && growth.to == kept.head.size) {
    return take_link(node, known, growth, known.of_foreign, *foreign, kept);
  }
  if (growth.from != kept.head.size) return {};
  if (growth.to == growth.from && growth.root == kept.head.root)
    known.is_doubted = false;
  for (const auto& newer : {known.claim, foreign}) {
    if (is_of_size(newer, growth.to))
      return take_link(node, known, growth, known.own, kept, *newer);
    // It signed more than it has: it is asked for that alone.
    if (newer && newer->head.size > growth.to) {
      known.own.is_awaited = true;
      return AskGrowth{node, {node, *newer, newer->head.size}};
    }
  }
  return {};
}

WitnessStep WitnessBook::take(const NodeId& from, const ForkTold& told,
                              const Now& now) {
  auto* known = find(told.node);
  if (known == nullptr || known->standing == ForkStanding::stands ||
      from == told.node)
    return {};
  // What was acknowledged others tell for a while.
  if (known->standing == ForkStanding::acknowledged)
    return hear(told.node, told.second, false, now);
  if (told.second.head.size > told.first.head.size) {
    if (!store::is_signed(told.first, told.node, known->key) ||
        !store::is_signed(told.second, told.node, known->key))
      return {};
    auto teller = known->tellers.find(from);
    bool is_new = teller == known->tellers.end();
    if (is_new && known->tellers.size() >= tellers_max) return {};
    if (!is_new &&
        now.since_boot_ns - teller->second.asked_ns < growth_asked_again_ns)
      return {};
    known->tellers[from] = {told, now.since_boot_ns};
    return AskGrowth{from, {told.node, told.first, told.second.head.size}};
  }
  auto evidence = evidence_of(told.node, *known, told.first, told.second);
  if (told.second.head.size < told.first.head.size) {
    evidence.mesh = mesh_;
    evidence.frame = told.frame;
  }
  if (!store::verify_fork_evidence(evidence, known->key)) return {};
  return Accuse{std::move(evidence)};
}

Heads WitnessBook::heads_after(const NodeId& after, const NodeId& whom) const {
  Heads heads{{}, true};
  for (auto one = all_.upper_bound(after); one != all_.end(); ++one) {
    const auto& [node, known] = *one;
    const auto& newest = known.claim ? known.claim : known.kept;
    if (!newest || node == whom || known.standing == ForkStanding::stands)
      continue;
    if (heads.heads.size() == heads_max) {
      heads.is_last = false;
      break;
    }
    heads.heads.push_back({node, *newest});
  }
  return heads;
}

}  // namespace ppn::actors
