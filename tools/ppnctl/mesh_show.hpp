// The mesh as a person reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/ppnctl/mesh_documents.hpp"

namespace ppn::ctl {

/// The mesh and its members, with `all` the former ones too; what to do if
/// there is none.
std::string mesh_text(const std::optional<Mesh>& mesh, bool all,
                      std::int64_t now_ns);

}  // namespace ppn::ctl
