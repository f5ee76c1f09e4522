// What is said when a mesh is founded.
#pragma once

#include <string>
#include <vector>

#include "tools/ppnctl/commands.hpp"

namespace ppn::ctl {

/// The recovery key, and what it is for.
std::string recovery_text(const std::vector<std::string>& words);

/// How this program is called for the same node.
std::string command_here(const Global& global);

/// What to type next, here and on another host.
std::string joining_text(const Global& global);

}  // namespace ppn::ctl
