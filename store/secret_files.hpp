// Files that hold a secret of 32 bytes each, mode 0600, in a directory of mode
// 0700. Several kinds may share the directory: each has its own extension, and
// knows nothing of the others.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"
#include "store/secret_bytes.hpp"

namespace ppn::store {

/// What a file of the kind looks like: the header, 64 lower-case hexadecimal
/// digits, a line feed.
struct SecretFileKind {
  std::string_view header;
  std::string_view extension;
};

class SecretFiles {
 public:
  static constexpr std::size_t secret_size = 32;
  using Secret = std::span<const std::uint8_t, secret_size>;

  /// Creates the directory if it is missing. key if others may enter it.
  static Result<SecretFiles> open(const std::filesystem::path& directory,
                                  const SecretFileKind& kind);

  /// Durable before it returns. io.
  Status write(const std::string& name, Secret secret) const;

  /// A secret of 32 bytes. not_found; key if it is damaged or exposed.
  [[nodiscard]] Result<SecretBytes> read(const std::string& name) const;

  /// Wipes and removes every secret of this kind but those. key if the first of
  /// them, the one in use, is not there itself, io.
  [[nodiscard]] Status retire_all_but(
      const std::vector<std::string>& names) const;

  /// Wipes and removes every secret of this kind. io.
  [[nodiscard]] Status retire_all() const;

  [[nodiscard]] std::filesystem::path file_of(const std::string& name) const;
  [[nodiscard]] const std::filesystem::path& directory() const {
    return directory_;
  }

 private:
  SecretFiles(std::filesystem::path directory, const SecretFileKind& kind)
      : directory_(std::move(directory)), kind_(kind) {}

  [[nodiscard]] std::size_t file_size() const;
  [[nodiscard]] bool is_of_kind(const std::filesystem::path& file) const;
  [[nodiscard]] Status wipe_all_but(
      const std::set<std::filesystem::path>& kept) const;
  [[nodiscard]] Status wipe_and_remove(const std::filesystem::path& file) const;

  std::filesystem::path directory_;
  SecretFileKind kind_;
};

}  // namespace ppn::store
