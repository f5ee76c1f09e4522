// Files that carry a mesh from one host to another.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// As JSON such a file still fits the body of a request.
inline constexpr std::size_t mesh_file_bytes_max = std::size_t{700} * 1024;

/// The whole text of a file, or of standard input if it is `-`.
Result<std::string> read_mesh_file(const std::string& path);

/// Makes `path` hold the text, whole or not at all. What is there already is
/// left as it is, unless `force`.
std::optional<Failure> write_mesh_file(const std::string& path,
                                       std::string_view text, bool force);

}  // namespace ppn::ctl
