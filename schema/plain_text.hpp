// What text of unknown origin may do to whoever reads it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ppn::schema {

/// How many bytes at the start of text in UTF-8 are one character that commands
/// a terminal, hides, or changes the order in which others are shown; 0 if it
/// begins with none.
std::size_t hidden_bytes(std::string_view text);

/// The text with a question mark for each such character, but for those that
/// stand in `kept`.
std::string printable(std::string_view text, std::string_view kept = {});

}  // namespace ppn::schema
