// Guests as a person reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/ppnctl/vm_documents.hpp"

namespace ppn::ctl {

/// In the place of a table.
inline constexpr const char* no_guests =
    "no guests: to make one, ppnctl vm create NAME --help\n";

/// "2 GB", "1536 MB".
std::string megabytes_words(std::uint64_t megabytes);

/// What ails it, after its name: that it crashed, gave up, is held, does not
/// answer, or that something of it can not be done.
std::optional<std::string> ailment_of(const Vm& vm);

/// Why it is as it is: cause and detail; empty if nothing is known.
std::string cause_words(const Vm& vm);

/// A table, what ails any of them, and what is left for others.
std::string vms_text(const Vms& vms, std::int64_t now_ns);

/// All of one, in aligned lines.
std::string vm_text(const Vm& vm, std::int64_t now_ns);

}  // namespace ppn::ctl
