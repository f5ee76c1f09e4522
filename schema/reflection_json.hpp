// FlatBuffers as JSON, by the schema alone: a new kind of event needs no line
// of code here.
#pragma once

#include <nlohmann/json.hpp>

#include "schema/fixed_bytes.hpp"

namespace ppn::schema {

using Json = nlohmann::ordered_json;

/// A verified FlatBuffer in the words of a binary schema. Byte strings are
/// hexadecimal, enums names, sets of flags arrays of names; tables with a key
/// are an object under their keys.
Json to_json(ByteView buffer, const std::uint8_t* binary_schema);

/// The same for an Entry, and for a State.
Json entry_to_json(ByteView entry);
Json state_to_json(ByteView state);

/// Names of all kinds of event, in the order of the schema.
std::vector<std::string> event_names();

/// One line of JSON; text that is not UTF-8 is marked, never fatal.
std::string compact(const Json& json);

/// `key=value` pairs in one line, for people.
std::string summary(const Json& json);

}  // namespace ppn::schema
