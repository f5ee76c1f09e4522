// Files of this project that a program is held against.
#pragma once

#include <string>

namespace ppn::tests {

/// The text of a file, by its path from the root.
std::string project_file(const std::string& path);

}  // namespace ppn::tests
