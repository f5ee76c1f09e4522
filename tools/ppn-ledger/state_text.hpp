// The state of a node for people: a line for each thing that has a name.
#pragma once

#include <map>
#include <string>

#include "events/state.hpp"
#include "tools/ppn-ledger/reflection_json.hpp"

namespace ppn::tools {

Json state_json(const events::State& state);

/// Path of names to what stands there, one line each; grants are one line.
std::map<std::string, std::string> flatten(const Json& state);

}  // namespace ppn::tools
