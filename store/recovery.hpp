// Whether the recovery key of a mesh wanted a recovery: one rule, for the nodes
// and the auditor alike.
#pragma once

#include "schema/mesh_generated.h"
#include "schema/recovery_statement.hpp"
#include "store/signing.hpp"

namespace ppn::store {

/// Whether the recovery key signed that.
bool is_wanted(const PublicKey& recovery_key,
               const schema::RecoveryStatement& statement,
               const Signature& signature);

/// The same of an event. bad_input.
Status check_recovery(const PublicKey& recovery_key,
                      const schema::AuthorityRecovered& event);

}  // namespace ppn::store
