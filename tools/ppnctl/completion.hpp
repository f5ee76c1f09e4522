// Scripts that complete the command line in a shell, made from the tree of
// commands itself.
#pragma once

#include <CLI/App.hpp>

#include <string>

namespace ppn::ctl {

std::string bash_completion(const CLI::App& program);
std::string zsh_completion(const CLI::App& program);
std::string fish_completion(const CLI::App& program);

}  // namespace ppn::ctl
