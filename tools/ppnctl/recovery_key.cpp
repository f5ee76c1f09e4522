#include "tools/ppnctl/recovery_key.hpp"

#include <sodium.h>

#include <array>
#include <span>

#include "tools/ppnctl/recovery_words.hpp"

namespace ppn::ctl {

static_assert(recovery_seed_size == crypto_sign_SEEDBYTES);
static_assert(PublicKey::size == crypto_sign_PUBLICKEYBYTES);

Result<RecoveryKey> RecoveryKey::make() {
  if (sodium_init() < 0)
    return Failure{exit_failed, "libsodium can not be used on this host"};
  Secret seed{static_cast<std::uint8_t*>(sodium_malloc(recovery_seed_size))};
  if (!seed) return Failure{exit_failed, "there is no memory for a key"};
  randombytes_buf(seed.get(), recovery_seed_size);
  return RecoveryKey{std::move(seed)};
}

PublicKey RecoveryKey::public_half() const {
  PublicKey key;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_seed_keypair(key.bytes.data(), secret.data(), seed_.get());
  sodium_memzero(secret.data(), secret.size());
  return key;
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
