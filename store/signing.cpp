#include "store/signing.hpp"

#include <sodium.h>

#include <new>

#include "store/byte_order.hpp"

namespace ppn::store {

namespace {

Bytes with_prefix(const SignatureDomain& domain, ByteView body) {
  Bytes message;
  message.reserve(domain.prefix.size() + body.size());
  auto prefix = as_bytes(domain.prefix);
  message.insert(message.end(), prefix.begin(), prefix.end());
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

}  // namespace

bool initialise_crypto() { return sodium_init() >= 0; }

void SigningKey::Free::operator()(std::uint8_t* memory) const {
  sodium_free(memory);
}

SigningKey::SigningKey()
    : secret_(static_cast<std::uint8_t*>(
          sodium_malloc(crypto_sign_SECRETKEYBYTES))) {
  if (!secret_) throw std::bad_alloc{};
}

SigningKey SigningKey::generate() {
  SigningKey key;
  crypto_sign_keypair(key.public_key_.bytes.data(), key.secret_.get());
  sodium_mprotect_readonly(key.secret_.get());
  return key;
}

SigningKey SigningKey::from_seed(
    std::span<const std::uint8_t, seed_size> seed) {
  SigningKey key;
  crypto_sign_seed_keypair(key.public_key_.bytes.data(), key.secret_.get(),
                           seed.data());
  sodium_mprotect_readonly(key.secret_.get());
  return key;
}

Signature SigningKey::sign(ByteView message) const {
  Signature signature;
  crypto_sign_detached(signature.bytes.data(), nullptr, message.data(),
                       message.size(), secret_.get());
  return signature;
}

Signature SigningKey::sign(const SignatureDomain& domain, ByteView body) const {
  return sign(with_prefix(domain, body));
}

bool verify(const PublicKey& key, ByteView message,
            const Signature& signature) {
  return crypto_sign_verify_detached(signature.bytes.data(), message.data(),
                                     message.size(), key.bytes.data()) == 0;
}

bool verify(const PublicKey& key, const SignatureDomain& domain, ByteView body,
            const Signature& signature) {
  return verify(key, with_prefix(domain, body), signature);
}

}  // namespace ppn::store
