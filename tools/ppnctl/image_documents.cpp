#include "tools/ppnctl/image_documents.hpp"

#include <algorithm>

#include "tools/ppnctl/fields.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

Image read_image(const Json& json, Fields& fields) {
  return {.digest = fields.text(json, "digest"),
          .name = fields.text(json, "name"),
          .size = fields.number(json, "size"),
          .format = fields.text(json, "format"),
          .used_by = fields.texts(json, "used_by")};
}

ImageAdding read_adding(const Json& json, Fields& fields) {
  return {.id = fields.text(json, "id"),
          .name = fields.text(json, "name"),
          .done = fields.number(json, "done"),
          .total = fields.number(json, "total"),
          .failure = fields.text_or_null(json, "failure"),
          .digest = fields.text_or_null(json, "digest"),
          .was_there = fields.flag(json, "was_there"),
          .document = json};
}

}  // namespace

Result<Images> read_images(const Json& document) {
  Fields fields{document, "ppn.images.v1"};
  Images all;
  for (const auto& image : fields.array("images"))
    all.images.push_back(read_image(image, fields));
  for (const auto& adding : fields.array("adding"))
    all.adding.push_back(read_adding(adding, fields));
  std::sort(all.images.begin(), all.images.end(),
            [](const Image& a, const Image& b) {
              return std::pair{a.name, a.digest} < std::pair{b.name, b.digest};
            });
  return fields.unless_faulty(std::move(all));
}

Result<std::string> read_image_begun(const Json& document) {
  Fields fields{document, "ppn.image-add.v1"};
  return fields.unless_faulty(fields.text("id"));
}

}  // namespace ppn::ctl
