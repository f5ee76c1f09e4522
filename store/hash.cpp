// The context functions are marked as deprecated in OpenSSL 3, yet the newer
// interface costs more for each hash than the hash of a tree node itself.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "store/hash.hpp"

#include "store/byte_order.hpp"

namespace ppn::store {

Sha256::Sha256() { SHA256_Init(&context_); }

Sha256& Sha256::update(ByteView bytes) {
  SHA256_Update(&context_, bytes.data(), bytes.size());
  return *this;
}

Hash Sha256::finish() const {
  SHA256_CTX context = context_;
  Hash hash;
  SHA256_Final(hash.bytes.data(), &context);
  return hash;
}

Hash sha256(ByteView bytes) { return Sha256{}.update(bytes).finish(); }

Hash preshared_hash(ByteView key) {
  constexpr std::string_view prefix = "ppn-preshared-v1\n";
  return Sha256{}.update(as_bytes(prefix)).update(key).finish();
}

Sha256 begin_leaf() {
  constexpr std::uint8_t leaf_prefix[] = {0x00};
  Sha256 hash;
  hash.update(leaf_prefix);
  return hash;
}

Hash leaf_hash(ByteView bytes) { return begin_leaf().update(bytes).finish(); }

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 1 + 2 * Hash::size> message{};
  message[0] = 0x01;
  std::copy(left.bytes.begin(), left.bytes.end(), message.begin() + 1);
  std::copy(right.bytes.begin(), right.bytes.end(),
            message.begin() + 1 + Hash::size);
  return sha256(message);
}

}  // namespace ppn::store
