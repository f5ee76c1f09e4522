// Where private keys live. Nothing else in the project ever holds one outside
// guarded memory.
#pragma once

#include <filesystem>

#include "store/result.hpp"
#include "store/secret_files.hpp"
#include "store/signing.hpp"

namespace ppn::store {

class KeyStore {
 public:
  KeyStore() = default;
  KeyStore(const KeyStore&) = delete;
  KeyStore& operator=(const KeyStore&) = delete;
  virtual ~KeyStore() = default;

  /// A new key, durable before it is returned. io, key.
  virtual Result<SigningKey> create() = 0;

  /// The private half of `key`; key if it is missing, damaged or exposed.
  virtual Result<SigningKey> load(const PublicKey& key) = 0;

  /// Wipes and removes every key but `current`: old ones are of no use to
  /// anyone but a thief. key if `current` is not there itself, io.
  virtual Status retire_all_but(const PublicKey& current) = 0;
};

/// A file for each key, mode 0600, in a directory of mode 0700:
///
///   ppn-ed25519-seed-v1 <64 hexadecimal digits>\n
class FileKeyStore final : public KeyStore {
 public:
  /// Creates the directory if it is missing. key if others may enter it.
  static Result<std::unique_ptr<FileKeyStore>> open(
      const std::filesystem::path& directory);

  Result<SigningKey> create() override;
  Result<SigningKey> load(const PublicKey& key) override;
  Status retire_all_but(const PublicKey& current) override;

 private:
  explicit FileKeyStore(SecretFiles files) : files_(std::move(files)) {}

  SecretFiles files_;
};

}  // namespace ppn::store
