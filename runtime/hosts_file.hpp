// The names of members in a file of hosts: a marked block in the midst of what
// is somebody else's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/mesh.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// `text` with the block for this mesh; without one if nobody is in it. What
/// stands around the block is left as it is.
std::string with_hosts_block(std::string_view text, const events::Mesh& mesh);

/// Makes the file so. One that can not be replaced, say a bind mount, is
/// written over. not_found, permission, io.
store::Status write_hosts_file(const std::string& path,
                               const events::Mesh& mesh);

}  // namespace ppn::runtime
