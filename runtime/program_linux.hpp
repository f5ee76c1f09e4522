// Programs of this host that put themselves in the background.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/result.hpp"

namespace ppn::runtime {

/// Where $PATH has a program; nothing if it has none of that name.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// Runs a program until it exits with 0, which is when it has put itself in the
/// background. What it leaves running is in a session of its own and has
/// nothing of this process: no files, no variables but those given. io; at the
/// end of `patience` it is killed.
store::Status run_to_background(const std::filesystem::path& program,
                                const std::vector<std::string>& arguments,
                                const std::vector<std::string>& environment,
                                std::chrono::milliseconds patience);

}  // namespace ppn::runtime
