// The state directory: this user's alone.
#pragma once

#include <filesystem>
#include <optional>

#include "store/result.hpp"

namespace ppn::runtime {

/// Makes it, with mode 0700, if it is missing. permission if it belongs to
/// another user or others may enter it, bad_input if it is no directory, io.
store::Status prepare_state_directory(const std::filesystem::path& directory);

/// Bytes that this user may still write on its file system; nothing if nobody
/// can tell.
std::optional<std::uint64_t> free_space(const std::filesystem::path& directory);

/// Whether two directories that are there are on one file system.
bool is_on_same_disk(const std::filesystem::path& one,
                     const std::filesystem::path& other);

}  // namespace ppn::runtime
