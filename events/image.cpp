#include "events/image.hpp"

#include <algorithm>

namespace ppn::events {

namespace {

template <class Event>
std::vector<Draft> draft_of(const Hash& digest, Event event) {
  event.digest = std::make_unique<schema::Hash>(digest.stored());
  std::vector<Draft> drafts(1);
  drafts[0].stream = pool_stream;
  drafts[0].payload.Set(std::move(event));
  return drafts;
}

/// Shorter ones are too likely to be mistyped.
constexpr std::size_t digest_letters_min = 4;

}  // namespace

bool is_image_name(std::string_view name) {
  return !name.empty() && name.size() <= image_name_max &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c > ' ' && c < '\x7f'; });
}

Decision decide_image(const Images& images, const Hash& digest,
                      const Image& image) {
  if (!is_image_name(image.name))
    return Refusal{"the name of an image is 1 to " +
                   std::to_string(image_name_max) +
                   " printable letters without blanks"};
  if (images.contains(digest)) return std::vector<Draft>{};
  schema::ImageAddedT added;
  added.name = image.name;
  added.size = image.size;
  added.format = image.format;
  return draft_of(digest, std::move(added));
}

Decision decide_image_gone(const Images& images, const Hash& digest,
                           const std::optional<std::string>& used_by) {
  if (!images.contains(digest))
    return Refusal{"there is no image " + digest.hex()};
  if (used_by)
    return Refusal{"the guest " + *used_by +
                   " is made of it; delete that one first"};
  return draft_of(digest, schema::ImageRemovedT{});
}

std::variant<Refusal, Hash> find_image(const Images& images,
                                       std::string_view meant) {
  // A name may look like the digest of another one.
  if (auto whole = Hash::parse_hex(meant); whole && images.contains(*whole))
    return *whole;
  std::vector<Hash> found;
  for (const auto& [digest, image] : images)
    if (image.name == meant ||
        (meant.size() >= digest_letters_min && digest.hex().starts_with(meant)))
      found.push_back(digest);
  auto text = std::string{meant};
  if (found.empty())
    return Refusal{"there is no image " + text +
                   "; ppnctl image list shows those that are"};
  if (found.size() > 1)
    return Refusal{"several images are called " + text +
                   "; say more of the digest of the one that is meant"};
  return found.front();
}

Contradiction apply(Images& images, const schema::ImageAdded& event) {
  Image image{event.name()->str(), event.size(), event.format()};
  if (!is_image_name(image.name)) return "the name of the image is none";
  if (!images.emplace(Hash{*event.digest()}, std::move(image)).second)
    return "the image is there already";
  return {};
}

Contradiction apply(Images& images, const schema::ImageRemoved& event) {
  if (images.erase(Hash{*event.digest()}) == 0) return "there is no such image";
  return {};
}

}  // namespace ppn::events
