#include "tools/ppn-ledger/proof_json.hpp"

#include <fmt/format.h>

#include "store/base64.hpp"
#include "store/hash.hpp"
#include "tools/ppn-ledger/field_reader.hpp"
#include "tools/ppn-ledger/fork_json.hpp"

namespace ppn::tools {

namespace {

using Kind = ProofVerdict::Kind;

constexpr const char* inclusion_schema = "ppn-ledger.inclusion-proof.v1";
constexpr const char* consistency_schema = "ppn-ledger.consistency-proof.v1";

schema::Json hashes_to_json(const store::Proof& proof) {
  auto list = schema::Json::array();
  for (const auto& hash : proof) list.push_back(store::to_base64(hash.view()));
  return list;
}

schema::Json head_to_json(const store::TreeHead& head) {
  return {{"size", head.size}, {"root", store::to_base64(head.root.view())}};
}

store::TreeHead head_in(FieldReader& fields, const char* name) {
  store::TreeHead head;
  fields.object(name, "an object of size and root", [&](FieldReader& inner) {
    head = {inner.number("size"), inner.hash("root")};
  });
  return head;
}

store::Error not_a_proof(const std::string& why) {
  return {store::ErrorCode::bad_input, "this is not a proof: " + why};
}

ProofVerdict refuted(std::string why) {
  return {Kind::refuted, std::move(why)};
}

/// The tree head that the key vouches for, or why it does not.
struct Vouched {
  store::TreeHead head;
  std::string origin;
  std::string problem;
};

Vouched vouched_head(const std::string& note, const store::VerifierKey& key) {
  auto checkpoint = store::parse_checkpoint(note);
  if (!checkpoint) return {{}, {}, checkpoint.error().message};
  if (checkpoint->origin != key.name())
    return {{},
            {},
            "the checkpoint is of " + schema::summary(checkpoint->origin) +
                ", and the key of " + key.name()};
  if (auto verified = store::verify_note(checkpoint->note, key); !verified)
    return {{}, {}, verified.error().message};
  return {checkpoint->head, checkpoint->origin, {}};
}

ProofVerdict check(const InclusionProof& proof, const Vouched& vouched) {
  auto leaf = store::leaf_hash(proof.record);
  if (!store::verify_inclusion(leaf, proof.index, vouched.head, proof.proof))
    return refuted("the record is not entry " + std::to_string(proof.index) +
                   " of the checkpoint's tree");
  return {Kind::proved,
          fmt::format("the record is entry {} of {} in {}", proof.index,
                      vouched.head.size, vouched.origin)};
}

ProofVerdict check(const ConsistencyProof& proof, const Vouched& vouched) {
  if (proof.after.size > 0 &&
      store::verify_consistency(proof.after, vouched.head, proof.head_proof) !=
          store::Consistency::consistent)
    return refuted(fmt::format(
        "the tree of {} entries is not a prefix of the checkpoint's",
        proof.after.size));
  switch (store::verify_consistency(proof.before, proof.after, proof.proof)) {
    case store::Consistency::vacuous:
      return {Kind::vacuous,
              "the older tree is empty: that is consistent with every ledger "
              "and proves nothing"};
    case store::Consistency::inconsistent:
      return refuted(
          fmt::format("the first {} entries are not those of the tree of {}",
                      proof.before.size, proof.after.size));
    case store::Consistency::consistent:
      break;
  }
  return {Kind::proved,
          fmt::format("{} only grew from {} to {} entries", vouched.origin,
                      proof.before.size, proof.after.size)};
}

}  // namespace

schema::Json to_json(const InclusionProof& proof) {
  return {{"schema", inclusion_schema},
          {"index", proof.index},
          {"record", store::to_base64(proof.record)},
          {"proof", hashes_to_json(proof.proof)},
          {"checkpoint", proof.checkpoint}};
}

schema::Json to_json(const ConsistencyProof& proof) {
  return {{"schema", consistency_schema},
          {"before", head_to_json(proof.before)},
          {"after", head_to_json(proof.after)},
          {"proof", hashes_to_json(proof.proof)},
          {"head_proof", hashes_to_json(proof.head_proof)},
          {"checkpoint", proof.checkpoint}};
}

store::Result<ProofVerdict> check_proof(std::string_view text,
                                        const store::VerifierKey& key) {
  auto json = schema::Json::parse(text, nullptr, false);
  if (!json.is_object()) return not_a_proof("it is no JSON object");
  FieldReader fields{json};
  auto kind = fields.text("schema");
  if (kind == fork_schema) {
    auto evidence = read_fork(fields);
    if (!fields.problem().empty()) return not_a_proof(fields.problem());
    return check_fork(evidence, key);
  }
  auto note = fields.text("checkpoint");
  if (kind == inclusion_schema) {
    InclusionProof proof{fields.number("index"), fields.bytes("record"),
                         fields.hashes("proof"), note};
    if (!fields.problem().empty()) return not_a_proof(fields.problem());
    auto vouched = vouched_head(note, key);
    if (!vouched.problem.empty()) return refuted(vouched.problem);
    return check(proof, vouched);
  }
  if (kind == consistency_schema) {
    ConsistencyProof proof{head_in(fields, "before"), head_in(fields, "after"),
                           fields.hashes("proof"), fields.hashes("head_proof"),
                           note};
    if (!fields.problem().empty()) return not_a_proof(fields.problem());
    auto vouched = vouched_head(note, key);
    if (!vouched.problem.empty()) return refuted(vouched.problem);
    return check(proof, vouched);
  }
  return not_a_proof("its schema is '" + schema::summary(kind) + "'");
}

}  // namespace ppn::tools
