#include "actors/pairing_channel.hpp"

#include <sodium.h>

#include <array>
#include <string_view>

#include "events/short_code.hpp"
#include "store/byte_order.hpp"

namespace ppn::actors {

static_assert(pairing_seal_size == crypto_aead_chacha20poly1305_ietf_ABYTES);

namespace {

using store::as_bytes;

constexpr std::string_view to_responder = "ppn-pairing-v1 to responder";
constexpr std::string_view to_initiator = "ppn-pairing-v1 to initiator";
constexpr std::string_view of_the_tunnel = "ppn-pairing-v1 preshared key";
constexpr std::string_view to_be_seen = "ppn-pairing-v1 symbols";
constexpr std::string_view of_initiator = "ppn-pairing-v1 binds initiator";
constexpr std::string_view of_responder = "ppn-pairing-v1 binds responder";

constexpr std::size_t derived_size = 32;
constexpr std::size_t symbols_seen = 4;

/// HKDF-Expand of the session key for a purpose.
store::SecretBytes derive(const CpaceKeys& keys, std::string_view purpose) {
  constexpr std::uint8_t first_block = 1;
  store::WipedBytes<crypto_auth_hmacsha512_BYTES> block;
  crypto_auth_hmacsha512_state state;
  keys.with_isk([&](auto isk) {
    crypto_auth_hmacsha512_init(&state, isk.data(), isk.size());
  });
  auto info = as_bytes(purpose);
  crypto_auth_hmacsha512_update(&state, info.data(), info.size());
  crypto_auth_hmacsha512_update(&state, &first_block, sizeof first_block);
  crypto_auth_hmacsha512_final(&state, block.data());
  store::wipe(&state, sizeof state);
  auto derived = store::allocate_secret(derived_size);
  std::copy_n(block.begin(), derived_size, derived.get());
  return derived;
}

/// It is told to nobody, but it may be: whoever has it has no key.
Hash derive_public(const CpaceKeys& keys, std::string_view purpose) {
  auto derived = derive(keys, purpose);
  static_assert(Hash::size == derived_size);
  return Hash{
      std::span<const std::uint8_t, Hash::size>{derived.get(), derived_size}};
}

using Nonce =
    std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

Nonce nonce_of(std::uint64_t number) {
  Nonce nonce{};
  for (std::size_t i = 0; i < sizeof number; ++i)
    nonce.at(nonce.size() - 1 - i) = static_cast<std::uint8_t>(number >> 8 * i);
  return nonce;
}

}  // namespace

PairingChannel::PairingChannel(CpaceRole role, const CpaceKeys& keys)
    : preshared_(derive(keys, of_the_tunnel)),
      initiator_(derive_public(keys, of_initiator)),
      responder_(derive_public(keys, of_responder)) {
  bool initiates = role == CpaceRole::initiator;
  out_.key = derive(keys, initiates ? to_responder : to_initiator);
  in_.key = derive(keys, initiates ? to_initiator : to_responder);
  auto seen = derive(keys, to_be_seen);
  for (std::size_t i = 0; i < symbols_seen; ++i)
    symbols_ += events::code_symbol(seen[i]);
}

Bytes PairingChannel::seal(ByteView message) {
  Bytes sealed(message.size() + pairing_seal_size);
  auto nonce = nonce_of(out_.number++);
  crypto_aead_chacha20poly1305_ietf_encrypt(
      sealed.data(), nullptr, message.data(), message.size(), nullptr, 0,
      nullptr, nonce.data(), out_.key.get());
  return sealed;
}

store::Result<Bytes> PairingChannel::open(ByteView sealed) {
  store::Error refusal{store::ErrorCode::bad_input,
                       "what came was changed on its way, or is not what was "
                       "to come next"};
  if (sealed.size() < pairing_seal_size) return refusal;
  Bytes message(sealed.size() - pairing_seal_size);
  auto nonce = nonce_of(in_.number);
  if (crypto_aead_chacha20poly1305_ietf_decrypt(
          message.data(), nullptr, nullptr, sealed.data(), sealed.size(),
          nullptr, 0, nonce.data(), in_.key.get()) != 0)
    return refusal;
  ++in_.number;
  return message;
}

}  // namespace ppn::actors
