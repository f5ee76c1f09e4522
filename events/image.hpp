// Images: what guests are made of, each kept under the digest of its content.
#pragma once

#include <map>
#include <string>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/vm_spec.hpp"

namespace ppn::events {

/// Of what the guests of this host are made of and run by.
inline constexpr const char* pool_stream = "pool";

inline constexpr std::size_t image_name_max = 120;

struct Image {
  /// For people; more than one may have it.
  std::string name;
  /// In bytes.
  std::uint64_t size = 0;
  schema::DiskFormat format = schema::DiskFormat::raw;

  bool operator==(const Image&) const = default;
};

using Images = std::map<Hash, Image>;

/// Of printable letters, and at least one.
bool is_image_name(std::string_view name);

/// It was checked, and is kept. Nothing if it is recorded already.
Decision decide_image(const Images& images, const Hash& digest,
                      const Image& image);
/// Refused while a guest is made of it: `used_by` is the name of one.
Decision decide_image_gone(const Images& images, const Hash& digest,
                           const std::optional<std::string>& used_by);

/// The one that is meant by its digest, or the beginning of that, or by its
/// name; refused if it is none, or several.
std::variant<Refusal, Hash> find_image(const Images& images,
                                       std::string_view meant);

Contradiction apply(Images& images, const schema::ImageAdded& event);
Contradiction apply(Images& images, const schema::ImageRemoved& event);

}  // namespace ppn::events
