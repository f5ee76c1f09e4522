// A file system of a few megabytes, seen by this process alone.
#pragma once

#include <filesystem>
#include <string>

namespace ppn::tests {

/// Mounts a tmpfs at `path` in a mount namespace of this process, which takes
/// it along when it ends: call it in a child. False, with errno, if that is not
/// allowed.
bool mount_small_disk(const std::filesystem::path& path,
                      const std::string& size);

/// Makes the file system of `path` read-only.
bool make_read_only(const std::filesystem::path& path);

/// A file that takes what room there is, but for `left` bytes.
void fill_disk(const std::filesystem::path& file, std::uint64_t left = 0);

}  // namespace ppn::tests
