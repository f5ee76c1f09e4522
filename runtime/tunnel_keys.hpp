// The private keys of this node's tunnels (Curve25519, RFC 7748), in the same
// directory and kept the same way as those that sign.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "events/device.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

class TunnelKeys {
 public:
  static constexpr std::size_t secret_size = 32;
  using Secret = std::span<const std::uint8_t, secret_size>;

  /// Creates the directory if it is missing. key if others may enter it.
  static store::Result<std::unique_ptr<TunnelKeys>> open(
      const std::filesystem::path& directory);

  /// A new key, durable before it is returned. io, key.
  store::Result<events::TunnelKey> create();

  /// Calls `use` with the private half, which is wiped after. key if it is
  /// missing, damaged or exposed.
  store::Status with_secret(const events::TunnelKey& key,
                            const std::function<store::Status(Secret)>& use);

  /// Wipes every key but `current`.
  store::Status retire_all_but(const events::TunnelKey& current);

 private:
  explicit TunnelKeys(std::filesystem::path directory)
      : directory_(std::move(directory)) {}

  std::filesystem::path directory_;
};

}  // namespace ppn::runtime
