// ppnctl image remove: an image is not kept any more.
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/image_find.hpp"
#include "tools/ppnctl/vm_commands.hpp"

namespace ppn::ctl {

int image_remove(const Global& global, const ImageRemoveOptions& options) {
  auto images = get_images(global);
  if (!images) return fail(images.error());
  auto image = find_image(images->images, options.image);
  if (!image) return fail(image.error());
  return propose(global, options.consent,
                 {{"kind", "image-remove"}, {"digest", image->digest}});
}

}  // namespace ppn::ctl
