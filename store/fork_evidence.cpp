#include "store/fork_evidence.hpp"

#include "schema/fork_generated.h"
#include "schema/frame_generated.h"
#include "store/record.hpp"

namespace ppn::store {

namespace {

constexpr flatbuffers::uoffset_t depth_max = 8;
constexpr flatbuffers::uoffset_t tables_max = 64;

Error wrong(const std::string& why) {
  return {ErrorCode::damaged, "this proves no fork: " + why};
}

template <class T>
Bytes in_one(const Id& mesh, const T& bytes) {
  Bytes joined{mesh.bytes.begin(), mesh.bytes.end()};
  joined.insert(joined.end(), bytes.begin(), bytes.end());
  return joined;
}

Result<TreeHead> head_of(const std::string& note, const NodeId& node,
                         const PublicKey& key) {
  auto checkpoint = parse_checkpoint(note);
  if (!checkpoint) return wrong(checkpoint.error().message);
  if (auto signed_by_it = verify_checkpoint(*checkpoint, node, key);
      !signed_by_it)
    return wrong(signed_by_it.error().message);
  return checkpoint->head;
}

/// Whether by a frame of its own the node has no more than the second one,
/// asked for what begins at the first.
Status verify_rollback(const ForkEvidence& evidence, const PublicKey& key,
                       const TreeHead& first, const TreeHead& second) {
  if (evidence.frame.size() <= Signature::size)
    return wrong("the second checkpoint is older, which is no wonder");
  auto bytes = ByteView{evidence.frame};
  auto signature = Signature{bytes.last<Signature::size>()};
  bytes = bytes.first(bytes.size() - Signature::size);
  if (!verify(key, frame_domain, in_one(evidence.mesh, bytes), signature))
    return wrong("the frame is not signed by the node");
  AlignedBytes aligned;
  auto copy = aligned.assign(bytes);
  flatbuffers::Verifier verifier{copy.data(), copy.size(), depth_max,
                                 tables_max};
  if (!schema::VerifyFrameBuffer(verifier)) return wrong("the frame is none");
  const auto& frame = *schema::GetFrame(copy.data());
  const auto* growth = frame.body_as_Growth();
  bool says_so = growth != nullptr &&
                 NodeId{frame.head()->sender()} == evidence.node &&
                 NodeId{*growth->node()} == evidence.node &&
                 growth->from() == first.size && growth->to() == second.size;
  if (!says_so) return wrong("the frame does not say that its ledger is short");
  return {};
}

}  // namespace

Bytes encode(const ForkEvidence& evidence) {
  flatbuffers::FlatBufferBuilder builder;
  auto first = builder.CreateString(evidence.first);
  auto second = builder.CreateString(evidence.second);
  std::vector<schema::Hash> hashes;
  for (const auto& hash : evidence.proof) hashes.push_back(hash.stored());
  flatbuffers::Offset<flatbuffers::Vector<const schema::Hash*>> proof;
  if (!hashes.empty()) proof = builder.CreateVectorOfStructs(hashes);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> frame;
  if (!evidence.frame.empty()) frame = builder.CreateVector(evidence.frame);
  auto node = evidence.node.stored();
  auto root = evidence.root.stored();
  auto mesh = evidence.mesh.stored();
  schema::FinishForkEvidenceBuffer(
      builder, schema::CreateForkEvidence(
                   builder, &node, first, second,
                   evidence.root == Hash{} ? nullptr : &root, proof,
                   evidence.frame.empty() ? nullptr : &mesh, frame));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

Result<ForkEvidence> decode_fork_evidence(ByteView bytes) {
  AlignedBytes aligned;
  auto copy = aligned.assign(bytes);
  flatbuffers::Verifier verifier{copy.data(), copy.size(), depth_max,
                                 tables_max};
  if (!schema::VerifyForkEvidenceBuffer(verifier))
    return Error{ErrorCode::damaged, "this is no evidence of a fork"};
  const auto& stored = *schema::GetForkEvidence(copy.data());
  ForkEvidence evidence;
  evidence.node = NodeId{*stored.node()};
  evidence.first = stored.first()->str();
  evidence.second = stored.second()->str();
  if (stored.root() != nullptr) evidence.root = Hash{*stored.root()};
  if (stored.proof() != nullptr)
    for (const auto* hash : *stored.proof()) evidence.proof.emplace_back(*hash);
  if (stored.mesh() != nullptr) evidence.mesh = Id{*stored.mesh()};
  if (stored.frame() != nullptr)
    evidence.frame.assign(stored.frame()->begin(), stored.frame()->end());
  return evidence;
}

Status verify_fork_evidence(const ForkEvidence& evidence,
                            const PublicKey& key) {
  auto first = head_of(evidence.first, evidence.node, key);
  if (!first) return first.error();
  auto second = head_of(evidence.second, evidence.node, key);
  if (!second) return second.error();
  if (second->size < first->size)
    return verify_rollback(evidence, key, *first, *second);
  if (second->size == first->size)
    return second->root != first->root
               ? Status{}
               : wrong("both checkpoints are of the same tree");
  if (evidence.root == first->root)
    return wrong("the second checkpoint grew from the first");
  TreeHead before{first->size, evidence.root};
  if (verify_consistency(before, *second, evidence.proof) !=
      Consistency::consistent)
    return wrong("the proof does not lead to the second checkpoint");
  return {};
}

}  // namespace ppn::store
