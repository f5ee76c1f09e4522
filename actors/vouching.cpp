#include "actors/vouching.hpp"

#include <algorithm>

#include "store/cosignature.hpp"
#include "store/ledger_view.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using store::Result;
using store::Status;

Error no_memory() {
  return {ErrorCode::io, "this node has no memory for the ledgers of others"};
}

}  // namespace

Result<Growth> Vouching::grow(const store::SignedHead& asked,
                              std::uint64_t to) const {
  const auto& position = ledger_.position();
  const auto& head = position.head;
  auto from = asked.head.size;
  if (from == 0 ||
      !store::is_signed(asked, position.node, ledger_.public_key()))
    return Error{ErrorCode::bad_input, "this node did not sign that"};
  Growth growth{position.node, from, std::min(to, head.size), head.root};
  if (from > head.size) {
    growth.to = head.size;
    growth.signature = ledger_.sign_head(head).signature;
    return growth;
  }
  growth.to = std::max(growth.to, from);
  auto transaction = backend_.read();
  if (!transaction) return transaction.error();
  store::LedgerView view{**transaction};
  auto root = store::tree_root(from, view.nodes());
  if (!root) return root.error();
  growth.root = *root;
  auto proof = store::prove_consistency(from, growth.to, view.nodes());
  if (!proof) return proof.error();
  growth.proof = std::move(*proof);
  return growth;
}

/// What can not be read is not remembered.
Status Vouching::read_heads() {
  if (!memory_) return no_memory();
  if (heads_) return {};
  auto notes = memory_->heads();
  if (!notes) return notes.error();
  heads_.emplace();
  for (const auto& [node, note] : *notes)
    if (auto checkpoint = store::parse_checkpoint(note))
      heads_->emplace(node, checkpoint->head);
  return {};
}

Result<Cosignature> Vouching::cosign(const CosignWish& wish) {
  if (auto read = read_heads(); !read) return read.error();
  auto known = heads_->find(wish.node);
  auto remembered = known == heads_->end() ? std::nullopt
                                           : std::optional{known->second};
  if (remembered != wish.after)
    return Error{ErrorCode::version_conflict,
                 "something else is remembered of the ledger of node " +
                     wish.node.hex()};
  auto note = store::note_of(wish.head, wish.node, wish.key);
  const auto& line =
      note.signatures.emplace_back(ledger_.cosign(note.text, wish.seconds));
  Cosignature cosignature{
      wish.head.head, wish.seconds, ledger_.witness_key().key(),
      Signature{ByteView{line.bytes}.last<Signature::size>()}};
  if (auto kept = memory_->keep_head(wish.node, store::format_note(note));
      !kept) {
    // It may have reached the disk.
    heads_.reset();
    return kept.error();
  }
  heads_->insert_or_assign(wish.node, wish.head.head);
  return cosignature;
}

Status Vouching::take(const NodeId& witness, const Cosignature& cosignature) {
  if (!memory_) return no_memory();
  const auto& position = ledger_.position();
  const auto& head = cosignature.head;
  auto wrong =
      Error{ErrorCode::damaged,
            "node " + witness.hex() + " vouches for what is not this ledger"};
  if (head.size == 0 || head.size > position.head.size) return wrong;
  auto transaction = backend_.read();
  if (!transaction) return transaction.error();
  store::LedgerView view{**transaction};
  auto root = store::tree_root(head.size, view.nodes());
  if (!root) return root.error();
  if (*root != head.root) return wrong;
  auto note = store::note_of(ledger_.sign_head(head), position.node,
                             ledger_.public_key());
  note.signatures.push_back(store::cosignature_line(
      witness, cosignature.key, cosignature.seconds, cosignature.signature));
  auto verified = store::verify_cosignature(
      note, store::witness_verifier(witness, cosignature.key));
  if (!verified) return verified.error();
  return memory_->keep_cosigned(witness, store::format_note(note));
}

void Vouching::forget(const NodeId& node) {
  if (!memory_) return;
  // Should it fail, whoever is not a member is told of no more all the same.
  if (!memory_->forget_head(node) || !memory_->forget_cosigned(node))
    heads_.reset();
  else if (heads_)
    heads_->erase(node);
}

Result<WitnessNotes> Vouching::notes() const {
  if (!memory_) return no_memory();
  auto heads = memory_->heads();
  if (!heads) return heads.error();
  auto cosigned = memory_->cosigned();
  if (!cosigned) return cosigned.error();
  return WitnessNotes{std::move(*heads), std::move(*cosigned),
                      ledger_.witness_key().key()};
}

}  // namespace ppn::actors
