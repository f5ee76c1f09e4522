#include "store/statements.hpp"

#include "store/byte_order.hpp"
#include "store/hash.hpp"

namespace ppn::store {

Bytes key_rotation_statement(const NodeId& node, std::uint64_t sequence,
                             const Hash& prev, const PublicKey& new_key) {
  Bytes statement;
  auto add = [&](ByteView part) {
    statement.insert(statement.end(), part.begin(), part.end());
  };
  add(node.view());
  add(big_endian(sequence));
  add(prev.view());
  add(new_key.view());
  return statement;
}

NodeId node_id_of(const PublicKey& first_key) {
  auto digest = Sha256{}
                    .update(as_bytes("ppn-node-id-v1\n"))
                    .update(first_key.view())
                    .finish();
  return NodeId{
      std::span<const std::uint8_t>{digest.bytes}.first<NodeId::size>()};
}

}  // namespace ppn::store
