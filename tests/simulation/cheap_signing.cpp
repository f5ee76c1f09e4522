// Signing for simulations alone: right about what is right and wrong, fast, and
// worth nothing against a forger. Linked in the place of store/signing.cpp.
#include <sodium.h>

#include <cstdlib>
#include <cstring>

#include "store/byte_order.hpp"
#include "store/signing.hpp"

namespace ppn::store {

namespace {

std::uint64_t stir(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

std::uint64_t absorb(std::uint64_t sum, ByteView bytes) {
  for (; bytes.size() >= sizeof sum; bytes = bytes.subspan(sizeof sum)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    sum = stir(sum ^ word) + 0x9e3779b97f4a7c15U;
  }
  for (auto byte : bytes) sum = stir(sum ^ byte) + 1;
  return stir(sum + bytes.size());
}

Signature signature_by(const PublicKey& key, ByteView prefix, ByteView body) {
  auto sum = absorb(absorb(absorb(0, key.view()), prefix), body);
  Signature signature;
  for (std::size_t i = 0; i < Signature::size; i += sizeof sum) {
    sum = stir(sum + i);
    std::memcpy(&signature.bytes[i], &sum, sizeof sum);
  }
  return signature;
}

}  // namespace

/// What is no signature is real here, too.
bool initialise_crypto() { return sodium_init() >= 0; }

void SigningKey::Free::operator()(std::uint8_t* memory) const {
  delete[] memory;
}

SigningKey::SigningKey() : secret_(new std::uint8_t[seed_size]) {}

/// A simulation knows where its keys come from.
SigningKey SigningKey::generate() { std::abort(); }

SigningKey SigningKey::from_seed(
    std::span<const std::uint8_t, seed_size> seed) {
  SigningKey key;
  std::copy(seed.begin(), seed.end(), key.secret_.get());
  auto twice = signature_by({}, {}, seed);
  std::copy_n(twice.bytes.begin(), PublicKey::size,
              key.public_key_.bytes.begin());
  return key;
}

Signature SigningKey::sign(ByteView message) const {
  return signature_by(public_key_, {}, message);
}

Signature SigningKey::sign(const SignatureDomain& domain, ByteView body) const {
  Bytes message{domain.prefix.begin(), domain.prefix.end()};
  message.insert(message.end(), body.begin(), body.end());
  return sign(message);
}

bool verify(const PublicKey& key, ByteView message,
            const Signature& signature) {
  return signature_by(key, {}, message) == signature;
}

bool verify(const PublicKey& key, const SignatureDomain& domain, ByteView body,
            const Signature& signature) {
  Bytes message{domain.prefix.begin(), domain.prefix.end()};
  message.insert(message.end(), body.begin(), body.end());
  return verify(key, message, signature);
}

}  // namespace ppn::store
