// What an answer of the daemon means: a document, or a failure with the right
// exit code.
#pragma once

#include <string>
#include <string_view>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"
#include "tools/ppnctl/http.hpp"

namespace ppn::ctl {

/// What was answered breaks the rules of the API.
Failure not_understood(std::string_view why);

/// JSON of bounded depth; not_understood if it is none.
Result<schema::Json> parse_json(std::string_view text);

/// The document, or what the problem object says.
Result<schema::Json> read_answer(const Answer& answer);

/// The same for plain text.
Result<std::string> read_text_answer(const Answer& answer);

/// The failure of an answer that is no success.
Failure read_problem(const Answer& answer);

}  // namespace ppn::ctl
