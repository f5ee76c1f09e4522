// The rotation of the key of this node's tunnels, as a person follows it.
#pragma once

#include <string>

#include "tools/ppnctl/mesh_documents.hpp"

namespace ppn::ctl {

/// How far it is, in one line.
std::string rotation_words(const Rotation& rotation);

}  // namespace ppn::ctl
