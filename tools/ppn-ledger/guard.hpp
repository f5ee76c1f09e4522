// A database from outside can make LMDB crash its reader, so what reads it runs
// in a child process that may die.
#pragma once

#include <functional>
#include <string>

namespace ppn::tools {

/// Runs `work` in a child process and returns its exit code. If a signal ends
/// the child, says that the database is damaged. Ctrl-C is left to the child,
/// which cleans up.
int guarded(const std::function<int()>& work);

/// Whether a signal tells of a reader that ran into something damaged, and not
/// of someone who ended it.
bool is_crash(int signal);

/// What a signal that ended a reader tells about the file it read.
std::string describe_crash(int signal);

}  // namespace ppn::tools
