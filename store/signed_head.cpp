#include "store/signed_head.hpp"

#include "store/base64.hpp"
#include "store/byte_order.hpp"

namespace ppn::store {

namespace {

VerifierKey verifier_of(const NodeId& node, const PublicKey& key) {
  return *VerifierKey::make(checkpoint_origin(node), NoteAlgorithm::ed25519,
                            key);
}

}  // namespace

std::string checkpoint_text(const NodeId& node, const TreeHead& head) {
  return checkpoint_origin(node) + "\n" + std::to_string(head.size) + "\n" +
         to_base64(head.root.view()) + "\n";
}

Result<SignedHead> read_signed_head(std::string_view note, const NodeId& node,
                                    const PublicKey& key) {
  auto checkpoint = parse_checkpoint(note);
  if (!checkpoint) return checkpoint.error();
  if (auto verified = verify_checkpoint(*checkpoint, node, key); !verified)
    return verified.error();
  // What it says beyond its head could not be told again.
  if (checkpoint->note.text != checkpoint_text(node, checkpoint->head))
    return Error{ErrorCode::damaged, "the checkpoint has lines of its own"};
  auto verifier = verifier_of(node, key);
  for (const auto& line : checkpoint->note.signatures)
    if (line.name == verifier.name() && line.key_id == verifier.id())
      return SignedHead{
          checkpoint->head,
          Signature{ByteView{line.bytes}.first<Signature::size>()}};
  return Error{ErrorCode::not_found, "the checkpoint is not signed"};
}

bool is_signed(const SignedHead& head, const NodeId& node,
               const PublicKey& key) {
  return verify(key, as_bytes(checkpoint_text(node, head.head)),
                head.signature);
}

Note note_of(const SignedHead& head, const NodeId& node, const PublicKey& key) {
  auto verifier = verifier_of(node, key);
  const auto& bytes = head.signature.bytes;
  return {checkpoint_text(node, head.head),
          {{verifier.name(), verifier.id(), {bytes.begin(), bytes.end()}}}};
}

}  // namespace ppn::store
