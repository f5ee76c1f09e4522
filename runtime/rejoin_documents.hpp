// What ppnd says of a rejoin, as JSON: to ppnctl, and a child process to its
// parent.
#pragma once

#include "runtime/rejoin.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

schema::Json to_json(const OldIdentity& old);

/// damaged if it is none: who wrote it read what may be hostile.
store::Result<OldIdentity> read_old_identity(const schema::Json& json);

/// What would be done: `node` is the one that is given up.
schema::Json rejoin_plan_document(const store::StateDirectory& directory,
                                  const RejoinPlan& plan);

/// What was done: `node` is the new one, and this its position.
schema::Json rejoin_document(const store::StateDirectory& directory,
                             const store::Founding& founding,
                             const store::LedgerPosition& position);

/// Why it was not.
schema::Json rejoin_refusal_document(const store::Error& error);

}  // namespace ppn::runtime
