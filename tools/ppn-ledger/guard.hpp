// A database from outside can make LMDB crash its reader, so what reads it runs
// in a child process that may die.
#pragma once

#include <functional>

namespace ppn::tools {

/// Runs `work` in a child process and returns its exit code. If a signal ends
/// the child, says that the database is damaged. Ctrl-C is left to the child,
/// which cleans up.
int guarded(const std::function<int()>& work);

}  // namespace ppn::tools
