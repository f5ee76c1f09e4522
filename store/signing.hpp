// Ed25519 (RFC 8032) by libsodium. Its verification is the one rule for what a
// valid signature is, in the node and for the auditor alike.
#pragma once

#include <memory>

#include "schema/fixed_bytes.hpp"
#include "store/domains.hpp"
#include "store/result.hpp"

namespace ppn::store {

/// Makes libsodium ready; safe to repeat. False if the system has no entropy.
[[nodiscard]] bool initialise_crypto();

/// A private key in guarded memory: locked, kept out of core files, wiped when
/// the last owner lets go of it.
class SigningKey {
 public:
  static constexpr std::size_t seed_size = 32;

  /// A new key from the system's entropy.
  static SigningKey generate();

  /// The key that grows from a seed (RFC 8032 section 5.1.5). The caller wipes
  /// its copy of the seed.
  static SigningKey from_seed(std::span<const std::uint8_t, seed_size> seed);

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

  /// Signs `message` as it is: for formats that bring their own separation.
  [[nodiscard]] Signature sign(ByteView message) const;

  /// Signs the prefix of `domain` and `body`.
  [[nodiscard]] Signature sign(const SignatureDomain& domain,
                               ByteView body) const;

  /// Calls `use` with the seed, which leaves guarded memory only there.
  template <class Use>
  auto with_seed(Use&& use) const {
    return use(
        std::span<const std::uint8_t, seed_size>{secret_.get(), seed_size});
  }

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const;
  };

  SigningKey();

  std::unique_ptr<std::uint8_t[], Free> secret_;
  PublicKey public_key_;
};

/// Whether `signature` over `message` is by `key`.
[[nodiscard]] bool verify(const PublicKey& key, ByteView message,
                          const Signature& signature);

/// Whether `signature` over the prefix of `domain` and `body` is by `key`.
[[nodiscard]] bool verify(const PublicKey& key, const SignatureDomain& domain,
                          ByteView body, const Signature& signature);

}  // namespace ppn::store
