// ppnd as a program that answers and ends, for what is done while it does not
// run.
#pragma once

#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// Where ppnd is: beside this program, or where a package puts it, or wherever
/// $PATH says.
std::string find_ppnd();

/// The document that a program prints when it is called so, or why it does not.
/// What it writes to standard error passes.
Result<schema::Json> ask_program(const std::string& program,
                                 const std::vector<std::string>& arguments);

}  // namespace ppn::ctl
