#include "tools/ppn-ledger/fork_json.hpp"

#include <fmt/format.h>

#include "store/base64.hpp"

namespace ppn::tools {

namespace {

using Kind = ProofVerdict::Kind;

ProofVerdict refuted(const std::string& why) {
  return {Kind::refuted, schema::summary(why)};
}

/// Of a checkpoint that was read before.
std::uint64_t size_of(const std::string& note) {
  auto checkpoint = store::parse_checkpoint(note);
  return checkpoint ? checkpoint->head.size : 0;
}

std::string in_words(const store::ForkEvidence& evidence) {
  auto node = evidence.node.hex();
  auto first = size_of(evidence.first);
  auto second = size_of(evidence.second);
  if (second < first)
    return fmt::format(
        "node {} lost entries that it had signed: of {} it has {}", node, first,
        second);
  if (second == first)
    return fmt::format(
        "node {} signed two histories of its ledger, both of {} entries", node,
        first);
  return fmt::format(
      "node {} signed two histories of its ledger: the one of {} entries did "
      "not grow from the one of {}",
      node, second, first);
}

}  // namespace

schema::Json to_json(const store::ForkEvidence& evidence) {
  auto proof = schema::Json::array();
  for (const auto& hash : evidence.proof) proof.push_back(hash.hex());
  schema::Json root;
  if (evidence.root != Hash{}) root = evidence.root.hex();
  schema::Json mesh;
  schema::Json frame;
  if (!evidence.frame.empty()) {
    mesh = evidence.mesh.hex();
    frame = store::to_base64(evidence.frame);
  }
  return {{"schema", fork_schema},   {"node", evidence.node.hex()},
          {"first", evidence.first}, {"second", evidence.second},
          {"root", std::move(root)}, {"proof", std::move(proof)},
          {"mesh", std::move(mesh)}, {"frame", std::move(frame)}};
}

store::ForkEvidence read_fork(FieldReader& fields) {
  store::ForkEvidence evidence;
  evidence.node = fields.hex<NodeId>("node");
  evidence.first = fields.text("first");
  evidence.second = fields.text("second");
  if (fields.has("root")) evidence.root = fields.hex<Hash>("root");
  if (fields.has("proof")) evidence.proof = fields.hex_hashes("proof");
  if (fields.has("mesh")) evidence.mesh = fields.hex<Id>("mesh");
  if (fields.has("frame")) evidence.frame = fields.bytes("frame");
  return evidence;
}

ProofVerdict check_fork(const store::ForkEvidence& evidence,
                        const store::VerifierKey& key) {
  auto origin = store::checkpoint_origin(evidence.node);
  if (key.name() != origin)
    return refuted("it is about " + origin + ", and the key of " + key.name());
  if (key.algorithm() != store::NoteAlgorithm::ed25519)
    return refuted("the key is one for cosignatures");
  if (auto proved = store::verify_fork_evidence(evidence, key.key()); !proved)
    return refuted(proved.error().message);
  return {Kind::proved, in_words(evidence)};
}

}  // namespace ppn::tools
