// An entry as documents and lines show it.
#pragma once

#include "schema/reflection_json.hpp"

namespace ppn::schema {

/// The entry's time in words, and its fields; it is verified already. `first`
/// is what the document begins with. An entry that holds another one, as the
/// authority signed it, shows that one's under "holds".
Json entry_document(Json first, ByteView entry);

/// One line for people, of an entry's document.
std::string entry_line(const Json& document);

}  // namespace ppn::schema
