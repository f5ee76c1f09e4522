// Proofs as JSON files that need no ledger to be checked.
#pragma once

#include <string>
#include <string_view>

#include "schema/reflection_json.hpp"
#include "store/checkpoint.hpp"
#include "store/note.hpp"

namespace ppn::tools {

/// That a record is entry `index` of the ledger that the checkpoint is of.
struct InclusionProof {
  std::uint64_t index = 0;
  Bytes record;
  store::Proof proof;
  std::string checkpoint;
};

/// That the tree `before` is a prefix of `after`, and `after` of the
/// checkpoint's.
struct ConsistencyProof {
  store::TreeHead before;
  store::TreeHead after;
  store::Proof proof;
  store::Proof head_proof;
  std::string checkpoint;
};

schema::Json to_json(const InclusionProof& proof);
schema::Json to_json(const ConsistencyProof& proof);

/// What a check of a proof file comes to.
struct ProofVerdict {
  enum class Kind : std::uint8_t { proved, refuted, vacuous };
  Kind kind = Kind::refuted;
  std::string message;
};

/// Checks the text of a proof file with the key that signed its checkpoint, or
/// that signed what can not all be true (fork_json.hpp).
/// bad_input if it is not a proof at all.
store::Result<ProofVerdict> check_proof(std::string_view text,
                                        const store::VerifierKey& key);

}  // namespace ppn::tools
