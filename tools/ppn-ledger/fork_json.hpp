// Evidence of a fork or a rollback as a JSON file, which needs no ledger to be
// checked.
#pragma once

#include "store/fork_evidence.hpp"
#include "store/note.hpp"
#include "tools/ppn-ledger/field_reader.hpp"
#include "tools/ppn-ledger/proof_json.hpp"

namespace ppn::tools {

inline constexpr const char* fork_schema = "ppn-ledger.fork-proof.v1";

schema::Json to_json(const store::ForkEvidence& evidence);

/// What is wrong with the fields, `fields` says.
store::ForkEvidence read_fork(FieldReader& fields);

/// Whether the holder of the key signed what can not all be true.
ProofVerdict check_fork(const store::ForkEvidence& evidence,
                        const store::VerifierKey& key);

}  // namespace ppn::tools
