// Programs of this host that are started apart from this process: in a session
// of their own, with none of its files, and no variables but those given.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/result.hpp"

namespace ppn::runtime {

/// Where $PATH has a program; nothing if it has none of that name.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// Starts a program as the leader of its session, which the caller waits for.
/// `standard` becomes its three standard files, /dev/null without one. io.
store::Result<pid_t> start_apart(const std::filesystem::path& program,
                                 const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& environment,
                                 std::optional<int> standard = std::nullopt);

/// Runs a program until it exits with 0, as one that put itself in the
/// background does: what it leaves running goes on. io; at the end of
/// `patience` it is killed.
store::Status run_apart(const std::filesystem::path& program,
                        const std::vector<std::string>& arguments,
                        const std::vector<std::string>& environment,
                        std::chrono::milliseconds patience);

}  // namespace ppn::runtime
