// A ceremony as a person reads it.
#pragma once

#include <string>

#include "tools/ppnctl/pair_documents.hpp"

namespace ppn::ctl {

/// "9:58".
std::string clock_words(std::uint64_t seconds);

/// The code, to be found at once, and what to type on the authority. `via` is
/// whom it is passed on by, empty for nobody.
std::string code_text(const PairOffer& offer, const std::string& via,
                      bool is_terminal);

/// Who was met, and the symbols that both operators compare.
std::string newcomer_text(const PairSession& session);
std::string authority_text(const PairSession& session);

/// What the session waits for, in one line.
std::string progress_text(const PairSession& session);

/// Sessions, newcomers that wait, and the door.
std::string pairing_text(const Pairing& pairing);

}  // namespace ppn::ctl
