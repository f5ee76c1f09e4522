// Sealed bytes: only the node with that key can open them, and nobody can tell
// who sealed them. The sealed box of libsodium (X25519, XSalsa20-Poly1305), for
// the X25519 key that belongs to an Ed25519 key (RFC 7748, RFC 8032).
#pragma once

#include <span>

#include "store/secret_bytes.hpp"
#include "store/signing.hpp"

namespace ppn::store {

/// A secret of some length.
struct SecretBuffer {
  SecretBytes bytes;
  std::size_t size = 0;

  [[nodiscard]] ByteView view() const { return {bytes.get(), size}; }
};

SecretBuffer secret_copy(ByteView secret);

/// So much longer is what is sealed.
inline constexpr std::size_t seal_size = 48;

/// `entropy` is used for nothing else. key if no secret can be sealed for that
/// key.
Result<Bytes> seal(ByteView secret, const PublicKey& recipient,
                   std::span<const std::uint8_t, 32> entropy);

/// damaged if it was not sealed for that key, or is not as it was sealed.
Result<SecretBuffer> unseal(ByteView sealed, const SigningKey& key);

}  // namespace ppn::store
