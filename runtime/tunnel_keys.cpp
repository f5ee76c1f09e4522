#include "runtime/tunnel_keys.hpp"

#include <sodium.h>

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
  return std::unique_ptr<TunnelKeys>{new TunnelKeys{std::move(*files)}};
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

store::Status TunnelKeys::retire_all() { return files_.retire_all(); }

events::TunnelKey public_half(TunnelKeys::Secret secret) {
  events::TunnelKey key;
  // It fails for no secret: the base point is of a large order.
  crypto_scalarmult_base(key.bytes.data(), secret.data());
  return key;
}

}  // namespace ppn::runtime
