// How things look on a terminal: nothing that the daemon says may steer it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/plain_text.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::ctl {

using schema::printable;

/// A document as one line of JSON, such characters being escaped.
std::string json_line(const schema::Json& document);

/// Rows of cells in aligned columns, two blanks between them. The cells are
/// made printable.
std::string columns(const std::vector<std::vector<std::string>>& rows);

/// The two largest units: "2 days, 3 hours", "1 minute", "0 seconds".
std::string duration_words(std::uint64_t seconds);

/// How long ago that was: "1 minute, 3 seconds ago", "now".
std::string ago_words(std::int64_t then_ns, std::int64_t now_ns);

/// "1 entry", "2 entries".
std::string counted(std::uint64_t count, std::string_view one,
                    std::string_view many);

/// In red, where it is written to a terminal that may have colours.
std::string alarm_text(std::string_view text);

/// "1.5 GiB".
std::string size_words(std::uint64_t bytes);

/// The parts of a text between separators, empty ones too.
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace ppn::ctl
