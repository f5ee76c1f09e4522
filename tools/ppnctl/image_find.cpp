#include "tools/ppnctl/image_find.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/client.hpp"

namespace ppn::ctl {

namespace {

constexpr std::size_t digits_min = 4;
constexpr std::size_t digits_shown = 16;

std::string digests_of(const std::vector<Image>& images) {
  std::string digests;
  for (const auto& image : images)
    digests += (digests.empty() ? "" : ", ") + short_digest(image.digest);
  return digests;
}

}  // namespace

Result<Images> get_images(const Global& global) {
  auto document = Client{global.socket}.get("/v1/images");
  if (!document) return document.error();
  return read_images(*document);
}

Result<Image> find_image(const std::vector<Image>& images,
                         std::string_view written) {
  bool may_be_digest = written.size() >= digits_min;
  std::vector<Image> found;
  std::copy_if(images.begin(), images.end(), std::back_inserter(found),
               [&](const Image& image) {
                 return image.name == written ||
                        (may_be_digest && image.digest.starts_with(written));
               });
  if (found.empty())
    return Failure{exit_failed, fmt::format("there is no image {}", written),
                   "those that there are: ppnctl image list; to add one: "
                   "ppnctl image add FILE"};
  if (found.size() > 1)
    return Failure{
        exit_usage,
        fmt::format("{} may be any of {} images", written, found.size()),
        "name the one by its digest: " + digests_of(found)};
  return found.front();
}

std::string short_digest(std::string_view digest) {
  return std::string{digest.substr(0, digits_shown)};
}

}  // namespace ppn::ctl
