// Images as a person reads them.
#pragma once

#include <cstdint>
#include <string>

#include "tools/ppnctl/image_documents.hpp"

namespace ppn::ctl {

/// A table of those that are kept, and one of what is being added.
std::string images_text(const Images& images);

/// How far it is, in one line: a bar, and what was read at which speed.
std::string progress_text(const ImageAdding& adding,
                          std::uint64_t bytes_per_second);

}  // namespace ppn::ctl
