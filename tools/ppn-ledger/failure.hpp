// How errors of the store reach a person: one line, and the right exit code.
#pragma once

#include "store/result.hpp"
#include "tools/ppn-ledger/commands.hpp"

namespace ppn::tools {

/// Prints the error and returns what to exit with.
int fail(const store::Error& error);

/// The same for a mistake in what was asked for.
int fail_usage(const std::string& message);

}  // namespace ppn::tools
