// The state of a node for people: a line for each thing that has a name.
#pragma once

#include <map>
#include <string>

#include "events/state.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::tools {

schema::Json state_json(const events::State& state);

/// Path of names to what stands there, one line each; grants are one line.
std::map<std::string, std::string> flatten(const schema::Json& state);

}  // namespace ppn::tools
