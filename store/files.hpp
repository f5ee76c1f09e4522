// Files that are there whole and for good, or not at all.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::store {

/// An open file, closed with its owner.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle();

  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

/// An error that names what was tried, on what, and what errno says: not_found,
/// permission, disk_full or io.
Error system_error(const std::string& tried, const std::filesystem::path& on);

/// The same, of what std::filesystem says.
Error system_error(const std::string& tried, const std::filesystem::path& on,
                   const std::error_code& error);

/// The whole of a regular file; bad_input if it is none, or larger than `limit`
/// bytes, not_found, permission, io.
Result<std::string> read_file(const std::filesystem::path& path,
                              std::size_t limit);

/// Writes all of `bytes`. io.
Status write_all(int descriptor, ByteView bytes,
                 const std::filesystem::path& path);

/// Makes `path` hold `bytes`, durably: temporary file, sync, rename, sync of
/// the directory. Readers see the old content or the new, never a part. io.
Status replace_file(const std::filesystem::path& path, ByteView bytes,
                    mode_t mode);

/// Makes the names in a directory durable. io.
Status sync_directory(const std::filesystem::path& path);

/// Creates a directory, and what is missing above it, durably and with `mode`;
/// one that is there already is left as it is. io.
Status make_directory(const std::filesystem::path& path, mode_t mode);

}  // namespace ppn::store
