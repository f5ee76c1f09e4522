// The document of images, every field checked before anything uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct Image {
  std::string digest;
  std::string name;
  std::uint64_t size = 0;
  std::string format;
  /// Names of guests.
  std::vector<std::string> used_by;
};

/// A file that becomes one, or did lately, or could not.
struct ImageAdding {
  std::string id;
  std::string name;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  /// Once it is over: one of the two.
  std::optional<std::string> failure;
  std::optional<std::string> digest;
  /// As an image, before.
  bool was_there = false;
  schema::Json document;

  [[nodiscard]] bool is_over() const { return failure || digest; }
};

struct Images {
  std::vector<Image> images;
  std::vector<ImageAdding> adding;
};
Result<Images> read_images(const schema::Json& document);

/// The id of what is being added from now on.
Result<std::string> read_image_begun(const schema::Json& document);

}  // namespace ppn::ctl
