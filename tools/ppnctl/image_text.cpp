#include "tools/ppnctl/image_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/image_find.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::uint64_t percent_of(const ImageAdding& adding) {
  if (adding.total == 0) return 0;
  auto part =
      static_cast<double>(adding.done) / static_cast<double>(adding.total);
  return static_cast<std::uint64_t>(100 * std::min(part, 1.0));
}

std::string state_of(const ImageAdding& adding) {
  if (adding.failure) return *adding.failure;
  if (adding.was_there) return "was there already";
  if (adding.digest) return "added";
  return fmt::format("{}% of {}", percent_of(adding), size_words(adding.total));
}

std::string kept_text(const std::vector<Image>& images) {
  if (images.empty()) return "no images: to add one, ppnctl image add FILE\n";
  Rows rows{{"image", "digest", "format", "size", "used by"}};
  for (const auto& image : images)
    rows.push_back({image.name, short_digest(image.digest), image.format,
                    size_words(image.size),
                    image.used_by.empty()
                        ? "-"
                        : fmt::format("{}", fmt::join(image.used_by, ","))});
  return columns(rows);
}

}  // namespace

std::string images_text(const Images& images) {
  auto text = kept_text(images.images);
  if (images.adding.empty()) return text;
  Rows rows{{"file", "state"}};
  for (const auto& adding : images.adding)
    rows.push_back({adding.name, state_of(adding)});
  return text + '\n' + columns(rows);
}

std::string progress_text(const ImageAdding& adding,
                          std::uint64_t bytes_per_second) {
  constexpr std::uint64_t width = 20;
  auto percent = percent_of(adding);
  auto filled = percent * width / 100;
  return fmt::format("[{:#<{}}{:.<{}}] {:3}%  {} of {}  {}/s", "", filled, "",
                     width - filled, percent, size_words(adding.done),
                     size_words(adding.total), size_words(bytes_per_second));
}

}  // namespace ppn::ctl
