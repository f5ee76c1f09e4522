// Images as operators name them.
#pragma once

#include <string>
#include <string_view>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/image_documents.hpp"

namespace ppn::ctl {

Result<Images> get_images(const Global& global);

/// The one of that name, or whose digest is that or the only one to begin so.
Result<Image> find_image(const std::vector<Image>& images,
                         std::string_view written);

/// As much of a digest as people look at.
std::string short_digest(std::string_view digest);

}  // namespace ppn::ctl
