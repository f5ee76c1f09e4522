// SHA-256 and the two prefixed hashes of RFC 9162 section 2.1.1, which also
// serve as the links of the chain.
#pragma once

#include <openssl/sha.h>

#include "schema/fixed_bytes.hpp"

namespace ppn::store {

/// SHA-256 in steps. finish() may be called at any point and leaves the state
/// as it was, so that a hash over a longer text can go on from there.
class Sha256 {
 public:
  Sha256();
  Sha256& update(ByteView bytes);
  [[nodiscard]] Hash finish() const;

 private:
  SHA256_CTX context_{};
};

/// SHA-256 of bytes.
Hash sha256(ByteView bytes);

/// What a preshared key of a tunnel is called by: SHA-256("ppn-preshared-v1\n"
/// || key).
Hash preshared_hash(ByteView key);

/// A hash begun as that of a leaf: 0x00 has gone in.
Sha256 begin_leaf();

/// SHA-256(0x00 || bytes).
Hash leaf_hash(ByteView bytes);

/// SHA-256(0x01 || left || right).
Hash node_hash(const Hash& left, const Hash& right);

}  // namespace ppn::store
