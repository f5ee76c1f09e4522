// The one file that nodes exchange: records, each in a line of base64 behind a
// first line that names the format. It holds either the roster of a mesh or the
// entries by which a node introduces itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::actors {

inline constexpr std::string_view mesh_file_header = "ppn-mesh-v1";

std::string write_mesh_file(const std::vector<Bytes>& records);

/// The records, none of them looked at. bad_input, with the line.
store::Result<std::vector<Bytes>> read_mesh_file(std::string_view text);

/// Whether the first record begins a node's life rather than a mesh.
bool is_introduction(const std::vector<Bytes>& records);

}  // namespace ppn::actors
