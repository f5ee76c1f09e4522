#include "store/key_rotation.hpp"

namespace ppn::store {

Result<PublicKey> first_key(const schema::Entry& entry) {
  const auto* identity = identity_of(entry);
  if (identity == nullptr)
    return Error{ErrorCode::damaged, "entry 0 does not found a node"};
  PublicKey key{*identity->key()};
  if (node_id_of(key) != NodeId{*entry.node()})
    return Error{ErrorCode::damaged, "the node is not named after its key"};
  return key;
}

Result<PublicKey> rotated_key(const schema::Entry& entry) {
  const auto* rotated = entry.payload_as_NodeKeyRotated();
  PublicKey key{*rotated->new_key()};
  auto statement = key_rotation_statement(
      NodeId{*entry.node()}, entry.sequence(), Hash{*entry.prev()}, key);
  if (!verify(key, key_rotation_domain, statement,
              Signature{*rotated->new_key_signature()}))
    return Error{ErrorCode::damaged, "the new key did not sign its rotation"};
  return key;
}

}  // namespace ppn::store
