// The private keys of this node's tunnels (Curve25519, RFC 7748), and those
// that it shares with one other node each, in the same directory and kept the
// same way as those that sign.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "events/device.hpp"
#include "store/result.hpp"
#include "store/secret_files.hpp"

namespace ppn::runtime {

/// By their hashes.
using PresharedSecrets = std::map<Hash, store::SecretBytes>;

/// What can be done to peers, since the keys for it are there.
struct PossibleChanges {
  std::vector<events::PeerChange> peers;
  PresharedSecrets preshared;
  /// key, if a peer is left out: the file of its key is missing, damaged or
  /// exposed.
  store::Status complete;
};

/// A file for each key, mode 0600, in a directory of mode 0700:
///
///   ppn-x25519-v1 <64 hexadecimal digits>\n
///   ppn-preshared-v1 <64 hexadecimal digits>\n
class TunnelKeys {
 public:
  using Secret = store::SecretFiles::Secret;

  /// Creates the directory if it is missing. key if others may enter it.
  static store::Result<std::unique_ptr<TunnelKeys>> open(
      const std::filesystem::path& directory);

  /// A new key, durable before it is returned. io.
  store::Result<events::TunnelKey> create();

  /// Calls `use` with the private half, which is wiped after. key if it is
  /// missing, damaged or exposed.
  store::Status with_secret(const events::TunnelKey& key,
                            const std::function<store::Status(Secret)>& use);

  /// Wipes and removes every key but `kept`. key if the first of them, the one
  /// in use, is not there itself, io.
  store::Status retire_all_but(const std::vector<events::TunnelKey>& kept);

  /// Durable before it returns. bad_input if it has another hash, io.
  store::Status keep_preshared(const Hash& hash, Secret secret);

  [[nodiscard]] PossibleChanges possible(
      const std::vector<events::PeerChange>& wanted) const;

  /// Wipes and removes every preshared key but `kept`. io.
  store::Status retire_preshared_but(const std::vector<Hash>& kept);

  /// Wipes and removes every key. io.
  store::Status retire_all();

 private:
  TunnelKeys(store::SecretFiles files, store::SecretFiles preshared)
      : files_(std::move(files)), preshared_(std::move(preshared)) {}

  [[nodiscard]] store::Result<store::SecretBytes> read_preshared(
      const Hash& hash) const;

  store::SecretFiles files_;
  store::SecretFiles preshared_;
};

/// The hash of what a device says that a peer shares; zeros if that is none.
Hash preshared_in(TunnelKeys::Secret told);

/// The public half of a private key.
events::TunnelKey public_half(TunnelKeys::Secret secret);

}  // namespace ppn::runtime
