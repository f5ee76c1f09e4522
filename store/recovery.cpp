#include "store/recovery.hpp"

namespace ppn::store {

bool is_wanted(const PublicKey& recovery_key,
               const schema::RecoveryStatement& statement,
               const Signature& signature) {
  return verify(recovery_key, recovery_domain, bytes_of(statement), signature);
}

Status check_recovery(const PublicKey& recovery_key,
                      const schema::AuthorityRecovered& event) {
  const auto& authority = *event.authority();
  schema::RecoveryStatement statement{Id{*event.mesh()}, event.epoch(),
                                      NodeId{*authority.node()},
                                      PublicKey{*authority.key()}};
  if (is_wanted(recovery_key, statement, Signature{*event.signature()}))
    return {};
  return Error{ErrorCode::bad_input,
               "the recovery key of the mesh did not sign this recovery"};
}

}  // namespace ppn::store
