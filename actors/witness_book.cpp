#include "actors/witness_book.hpp"

#include "actors/frame.hpp"
#include "store/cosignature.hpp"

namespace ppn::actors {

namespace {

using Now = store::ClockReading;
using store::SignedHead;
using store::TreeHead;

bool leads_to(const TreeHead& older, const TreeHead& newer,
              const store::Proof& proof) {
  return older.size != 0 && store::verify_consistency(older, newer, proof) ==
                                store::Consistency::consistent;
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

// -- what is remembered -------------------------------------------------------

void WitnessBook::recall(const NodeId& node, const std::string& note) {
  auto* known = find(node);
  if (known == nullptr) return;
  auto head = store::read_signed_head(note, node, known->key);
  if (!head) return;
  known->kept = *head;
  known->kept_seconds = store::cosigned_at(note).value_or(0);
}

void WitnessBook::note_vouched(const NodeId& node, const SignedHead& head,
                               std::uint64_t seconds) {
  auto* known = find(node);
  if (known == nullptr) return;
  known->is_vouching = false;
  known->is_doubted = false;
  known->kept = head;
  known->kept_seconds = seconds;
  if (known->claim && known->claim->head.size <= head.head.size)
    known->claim.reset();
}

void WitnessBook::note_not_vouched(const NodeId& node) {
  if (auto* known = find(node)) known->is_vouching = false;
}

WitnessStep WitnessBook::vouch(const NodeId& node, Known& known,
                               const SignedHead& head) const {
  if (known.is_vouching) return {};
  known.is_vouching = true;
  return Vouch{node, head,
               known.kept ? std::optional{known.kept->head} : std::nullopt};
}

// -- what is told -------------------------------------------------------------

store::ForkEvidence WitnessBook::evidence_of(const NodeId& node,
                                             const Known& known,
                                             const SignedHead& first,
                                             const SignedHead& second) {
  store::ForkEvidence evidence;
  evidence.node = node;
  evidence.first = store::format_note(store::note_of(first, node, known.key));
  evidence.second = store::format_note(store::note_of(second, node, known.key));
  return evidence;
}

WitnessStep WitnessBook::ask(const NodeId& node, Known& known,
                             const SignedHead& from, const Now& now) {
  if (known.asked_ns != 0 &&
      now.since_boot_ns - known.asked_ns < growth_asked_again_ns)
    return {};
  known.asked_ns = now.since_boot_ns;
  auto to = known.claim ? known.claim->head.size : from.head.size;
  return AskGrowth{node, {node, from, to}};
}

WitnessStep WitnessBook::hear(const NodeId& node, const SignedHead& head,
                              bool is_from_itself, const Now& now) {
  auto* known = find(node);
  if (known == nullptr || !store::is_signed(head, node, known->key)) return {};
  if (is_from_itself) known->heard_utc_ns = now.utc_ns;
  if (known->standing == ForkStanding::stands || head.head.size == 0) return {};
  if (!known->kept) return vouch(node, *known, head);
  for (const auto& other : {known->kept, known->claim})
    if (other && other->head.size == head.head.size &&
        other->head.root != head.head.root)
      return Accuse{evidence_of(node, *known, *other, head)};
  auto kept = known->kept->head.size;
  if (head.head.size == kept) return {};
  if (head.head.size < kept) {
    // A delayed one tells nothing; whoever has no more says so if it is asked.
    if (!is_from_itself) return {};
    known->is_doubted = true;
    return ask(node, *known, *known->kept, now);
  }
  if (!known->claim) known->claim_utc_ns = now.utc_ns;
  if (!known->claim || known->claim->head.size < head.head.size)
    known->claim = head;
  return ask(node, *known, *known->kept, now);
}

std::vector<AskGrowth> WitnessBook::ask_again(const Now& now) {
  std::vector<AskGrowth> asks;
  for (auto& [node, known] : all_) {
    bool is_open = known.kept && (known.claim || known.is_doubted) &&
                   known.standing != ForkStanding::stands;
    if (!is_open) continue;
    auto step = ask(node, known, *known.kept, now);
    if (auto* again = std::get_if<AskGrowth>(&step)) asks.push_back(*again);
  }
  return asks;
}

// -- proofs -------------------------------------------------------------------

WitnessStep WitnessBook::take(const NodeId& from, const Growth& growth,
                              const Bytes& frame, const Now& now) {
  auto* known = find(growth.node);
  if (known == nullptr || known->standing == ForkStanding::stands) return {};
  if (from == growth.node)
    return take_own(growth.node, *known, growth, frame, now);
  if (!known->told || known->teller != from) return {};
  auto told = *std::exchange(known->told, std::nullopt);
  TreeHead before{growth.from, growth.root};
  bool is_proof = growth.from == told.first.head.size &&
                  growth.to == told.second.head.size &&
                  growth.root != told.first.head.root &&
                  leads_to(before, told.second.head, growth.proof);
  if (!is_proof) return {};
  auto evidence = evidence_of(growth.node, *known, told.first, told.second);
  evidence.root = growth.root;
  evidence.proof = growth.proof;
  return Accuse{std::move(evidence)};
}

WitnessStep WitnessBook::take_own(const NodeId& node, Known& known,
                                  const Growth& growth, const Bytes& frame,
                                  const Now& now) {
  if (!known.kept) return {};
  const auto& kept = *known.kept;
  bool is_of_claim = known.claim && growth.from == known.claim->head.size;
  if (growth.from != kept.head.size && !is_of_claim) return {};
  if (growth.to < growth.from) {
    SignedHead all{{growth.to, growth.root},
                   growth.signature.value_or(Signature{})};
    if (!store::is_signed(all, node, known.key)) return {};
    auto evidence =
        evidence_of(node, known, is_of_claim ? *known.claim : kept, all);
    evidence.mesh = mesh_;
    evidence.frame = frame;
    return Accuse{std::move(evidence)};
  }
  if (is_of_claim) return {};
  if (growth.to == growth.from && growth.root == kept.head.root)
    known.is_doubted = false;
  if (!known.claim) return {};
  const auto& claim = *known.claim;
  if (growth.to < claim.head.size) {
    // It signed more than it has.
    known.asked_ns = 0;
    return ask(node, known, claim, now);
  }
  if (growth.to != claim.head.size ||
      !leads_to({growth.from, growth.root}, claim.head, growth.proof))
    return {};
  if (growth.root == kept.head.root) return vouch(node, known, claim);
  auto evidence = evidence_of(node, known, kept, claim);
  evidence.root = growth.root;
  evidence.proof = growth.proof;
  return Accuse{std::move(evidence)};
}

WitnessStep WitnessBook::take(const NodeId& from, const ForkTold& told,
                              const Now& now) {
  auto* known = find(told.node);
  if (known == nullptr || known->standing == ForkStanding::stands ||
      from == told.node)
    return {};
  // What is acknowledged is told by others for a while.
  if (known->standing == ForkStanding::acknowledged)
    return hear(told.node, told.second, false, now);
  if (told.second.head.size > told.first.head.size) {
    if (!store::is_signed(told.first, told.node, known->key) ||
        !store::is_signed(told.second, told.node, known->key))
      return {};
    known->told = told;
    known->teller = from;
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
    if (!newest || node == whom) continue;
    if (heads.heads.size() == heads_max) {
      heads.is_last = false;
      break;
    }
    heads.heads.push_back({node, *newest});
  }
  return heads;
}

}  // namespace ppn::actors
