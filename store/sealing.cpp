#include "store/sealing.hpp"

#include <sodium.h>

#include <algorithm>

namespace ppn::store {

namespace {

static_assert(seal_size == crypto_box_SEALBYTES);
static_assert(crypto_box_SEEDBYTES == 32);
static_assert(SigningKey::seed_size == crypto_sign_SEEDBYTES);

/// As crypto_box_seal has it: of both public keys.
std::array<std::uint8_t, crypto_box_NONCEBYTES> nonce_of(
    const std::uint8_t* sender, const std::uint8_t* recipient) {
  std::array<std::uint8_t, crypto_box_NONCEBYTES> nonce{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, nonce.size());
  crypto_generichash_update(&state, sender, crypto_box_PUBLICKEYBYTES);
  crypto_generichash_update(&state, recipient, crypto_box_PUBLICKEYBYTES);
  crypto_generichash_final(&state, nonce.data(), nonce.size());
  return nonce;
}

}  // namespace

SecretBuffer secret_copy(ByteView secret) {
  SecretBuffer copy{allocate_secret(std::max<std::size_t>(secret.size(), 1)),
                    secret.size()};
  std::copy(secret.begin(), secret.end(), copy.bytes.get());
  return copy;
}

Result<Bytes> seal(ByteView secret, const PublicKey& recipient,
                   std::span<const std::uint8_t, 32> entropy) {
  std::array<std::uint8_t, crypto_box_PUBLICKEYBYTES> to{};
  if (crypto_sign_ed25519_pk_to_curve25519(to.data(), recipient.bytes.data()) !=
      0)
    return Error{ErrorCode::key, "nothing can be sealed for that key"};
  std::array<std::uint8_t, crypto_box_PUBLICKEYBYTES> from{};
  WipedBytes<crypto_box_SECRETKEYBYTES> from_secret;
  crypto_box_seed_keypair(from.data(), from_secret.data(), entropy.data());
  Bytes sealed(secret.size() + seal_size);
  std::copy(from.begin(), from.end(), sealed.begin());
  auto nonce = nonce_of(from.data(), to.data());
  if (crypto_box_easy(sealed.data() + from.size(), secret.data(), secret.size(),
                      nonce.data(), to.data(), from_secret.data()) != 0)
    return Error{ErrorCode::key, "nothing can be sealed for that key"};
  return sealed;
}

Result<SecretBuffer> unseal(ByteView sealed, const SigningKey& key) {
  if (sealed.size() < seal_size)
    return Error{ErrorCode::damaged, "it is too short to be sealed"};
  WipedBytes<crypto_sign_SECRETKEYBYTES> signing;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> signs{};
  key.with_seed([&](auto seed) {
    crypto_sign_seed_keypair(signs.data(), signing.data(), seed.data());
  });
  WipedBytes<crypto_box_SECRETKEYBYTES> opens;
  std::array<std::uint8_t, crypto_box_PUBLICKEYBYTES> own{};
  crypto_sign_ed25519_sk_to_curve25519(opens.data(), signing.data());
  if (crypto_sign_ed25519_pk_to_curve25519(own.data(), signs.data()) != 0)
    return Error{ErrorCode::key, "nothing can be sealed for this key"};
  SecretBuffer secret{
      allocate_secret(std::max<std::size_t>(sealed.size() - seal_size, 1)),
      sealed.size() - seal_size};
  if (crypto_box_seal_open(secret.bytes.get(), sealed.data(), sealed.size(),
                           own.data(), opens.data()) != 0)
    return Error{ErrorCode::damaged, "it was not sealed for this node"};
  return secret;
}

}  // namespace ppn::store
