#include "runtime/tunnel_keys.hpp"

#include <sodium.h>

#include "store/hash.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;

namespace {

static_assert(store::SecretFiles::secret_size == crypto_scalarmult_SCALARBYTES);
static_assert(events::TunnelKey::size == crypto_scalarmult_BYTES);

/// The bits that every private key has as they are (RFC 7748 section 5).
void clamp(std::uint8_t* secret) {
  secret[0] &= 0xf8U;
  secret[31] &= 0x7fU;
  secret[31] |= 0x40U;
}

}  // namespace

store::Result<std::unique_ptr<TunnelKeys>> TunnelKeys::open(
    const std::filesystem::path& directory) {
  auto files =
      store::SecretFiles::open(directory, {"ppn-x25519-v1 ", ".tunnel"});
  if (!files) return files.error();
  auto preshared =
      store::SecretFiles::open(directory, {"ppn-preshared-v1 ", ".preshared"});
  if (!preshared) return preshared.error();
  return std::unique_ptr<TunnelKeys>{
      new TunnelKeys{std::move(*files), std::move(*preshared)}};
}

store::Result<events::TunnelKey> TunnelKeys::create() {
  auto memory = store::allocate_secret(Secret::extent);
  randombytes_buf(memory.get(), Secret::extent);
  clamp(memory.get());
  Secret secret{memory.get(), Secret::extent};
  auto key = public_half(secret);
  if (auto stored = files_.write(key.hex(), secret); !stored)
    return stored.error();
  return key;
}

store::Status TunnelKeys::with_secret(
    const events::TunnelKey& key,
    const std::function<store::Status(Secret)>& use) {
  auto memory = files_.read(key.hex());
  if (!memory && memory.error().code == ErrorCode::not_found)
    return Error{ErrorCode::key,
                 "the private key of this node's tunnels is "
                 "not in " +
                     files_.directory().string()};
  if (!memory) return memory.error();
  Secret secret{memory->get(), Secret::extent};
  if (public_half(secret) != key)
    return Error{ErrorCode::key, files_.file_of(key.hex()).string() +
                                     " holds another key than its name says"};
  return use(secret);
}

store::Status TunnelKeys::retire_all_but(
    const std::vector<events::TunnelKey>& kept) {
  std::vector<std::string> names;
  names.reserve(kept.size());
  for (const auto& key : kept) names.push_back(key.hex());
  return files_.retire_all_but(names);
}

store::Status TunnelKeys::keep_preshared(const Hash& hash, Secret secret) {
  if (store::preshared_hash(secret) != hash)
    return Error{ErrorCode::bad_input, "the preshared key has another hash"};
  return preshared_.write(hash.hex(), secret);
}

store::Result<store::SecretBytes> TunnelKeys::read_preshared(
    const Hash& hash) const {
  auto file = preshared_.file_of(hash.hex()).string();
  auto memory = preshared_.read(hash.hex());
  if (!memory && memory.error().code == ErrorCode::not_found)
    return Error{
        ErrorCode::key,
        "the key that this node shares with a member is missing: " + file};
  if (memory &&
      store::preshared_hash(Secret{memory->get(), Secret::extent}) != hash)
    return Error{ErrorCode::key, file + " holds another key than it says"};
  return memory;
}

PossibleChanges TunnelKeys::possible(
    const std::vector<events::PeerChange>& wanted) const {
  PossibleChanges possible;
  for (const auto& change : wanted) {
    auto hash = change.preshared.value_or(Hash{});
    if (hash != Hash{} && !possible.preshared.contains(hash)) {
      auto secret = read_preshared(hash);
      if (!secret) {
        possible.complete = secret.error();
        // Whoever can not be added again is not removed for it.
        std::erase_if(possible.peers, [&](const events::PeerChange& before) {
          return before.key == change.key;
        });
        continue;
      }
      possible.preshared.emplace(hash, std::move(*secret));
    }
    possible.peers.push_back(change);
  }
  return possible;
}

store::Status TunnelKeys::retire_preshared_but(const std::vector<Hash>& kept) {
  std::vector<std::string> names;
  names.reserve(kept.size());
  for (const auto& hash : kept) names.push_back(hash.hex());
  return names.empty() ? preshared_.retire_all()
                       : preshared_.retire_all_but(names);
}

store::Status TunnelKeys::retire_all() {
  if (auto retired = preshared_.retire_all(); !retired) return retired;
  return files_.retire_all();
}

Hash preshared_in(TunnelKeys::Secret told) {
  bool is_none = sodium_is_zero(told.data(), told.size()) == 1;
  return is_none ? Hash{} : store::preshared_hash(told);
}

events::TunnelKey public_half(TunnelKeys::Secret secret) {
  events::TunnelKey key;
  // It fails for no secret: the base point is of a large order.
  crypto_scalarmult_base(key.bytes.data(), secret.data());
  return key;
}

}  // namespace ppn::runtime
