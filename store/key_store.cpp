#include "store/key_store.hpp"

namespace ppn::store {

namespace fs = std::filesystem;

Result<std::unique_ptr<FileKeyStore>> FileKeyStore::open(
    const fs::path& directory) {
  auto files = SecretFiles::open(directory, {"ppn-ed25519-seed-v1 ", ".key"});
  if (!files) return files.error();
  return std::unique_ptr<FileKeyStore>{new FileKeyStore{std::move(*files)}};
}

Result<SigningKey> FileKeyStore::create() {
  auto key = SigningKey::generate();
  auto stored = key.with_seed(
      [&](auto seed) { return files_.write(key.public_key().hex(), seed); });
  if (!stored) return stored.error();
  return key;
}

Result<SigningKey> FileKeyStore::load(const PublicKey& key) {
  auto seed = files_.read(key.hex());
  if (!seed && seed.error().code == ErrorCode::not_found)
    return Error{
        ErrorCode::key,
        "the private key that signs this ledger is not in " +
            files_.directory().string() +
            "; a ledger whose key is lost can be read but never appended to"};
  if (!seed) return seed.error();
  auto loaded = SigningKey::from_seed(
      SecretFiles::Secret{seed->get(), SigningKey::seed_size});
  if (loaded.public_key() != key)
    return Error{ErrorCode::key, files_.file_of(key.hex()).string() +
                                     " holds another key than its name says"};
  return loaded;
}

Status FileKeyStore::retire_all_but(const PublicKey& current) {
  return files_.retire_all_but({current.hex()});
}

}  // namespace ppn::store
