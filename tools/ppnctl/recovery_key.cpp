#include "tools/ppnctl/recovery_key.hpp"

#include <sodium.h>

#include <array>
#include <span>

#include "tools/ppnctl/recovery_words.hpp"

namespace ppn::ctl {

static_assert(recovery_seed_size == crypto_sign_SEEDBYTES);
static_assert(PublicKey::size == crypto_sign_PUBLICKEYBYTES);

namespace {

/// Both halves as libsodium wants them, the private one wiped in the end.
struct KeyPair {
  explicit KeyPair(const std::uint8_t* seed) {
    crypto_sign_seed_keypair(public_half.bytes.data(), secret.data(), seed);
  }
  ~KeyPair() { sodium_memzero(secret.data(), secret.size()); }
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;

  PublicKey public_half;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
};

}  // namespace

Result<RecoveryKey> RecoveryKey::blank() {
  if (sodium_init() < 0)
    return Failure{exit_failed, "libsodium can not be used on this host"};
  Secret seed{static_cast<std::uint8_t*>(sodium_malloc(recovery_seed_size))};
  if (!seed) return Failure{exit_failed, "there is no memory for a key"};
  return RecoveryKey{std::move(seed)};
}

Result<RecoveryKey> RecoveryKey::make() {
  auto key = blank();
  if (key) randombytes_buf(key->seed_.get(), recovery_seed_size);
  return key;
}

Result<RecoveryKey> RecoveryKey::of_words(std::string_view text) {
  auto key = blank();
  if (!key) return key;
  if (auto fault = decode_recovery_words(
          text, std::span<std::uint8_t, recovery_seed_size>{
                    key->seed_.get(), recovery_seed_size}))
    return *fault;
  return key;
}

PublicKey RecoveryKey::public_half() const {
  return KeyPair{seed_.get()}.public_half;
}

Signature RecoveryKey::sign(const schema::RecoveryStatement& statement) const {
  Bytes message{schema::recovery_prefix.begin(), schema::recovery_prefix.end()};
  auto body = bytes_of(statement);
  message.insert(message.end(), body.begin(), body.end());
  KeyPair pair{seed_.get()};
  Signature signature;
  crypto_sign_detached(signature.bytes.data(), nullptr, message.data(),
                       message.size(), pair.secret.data());
  return signature;
}

std::vector<std::string> RecoveryKey::words() const {
  return encode_recovery_words(
      std::span<const std::uint8_t, recovery_seed_size>{seed_.get(),
                                                        recovery_seed_size});
}

void RecoveryKey::Wipe::operator()(std::uint8_t* memory) const {
  sodium_free(memory);
}

}  // namespace ppn::ctl
