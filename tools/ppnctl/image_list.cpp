// ppnctl image list: what guests can be made of.
#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/image_documents.hpp"
#include "tools/ppnctl/image_text.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_commands.hpp"

namespace ppn::ctl {

int image_list(const Global& global) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/images");
    if (!document) return document.error();
    auto images = read_images(*document);
    if (!images) return images.error();
    return Frame{global.json ? json_line(*document) + '\n'
                             : images_text(*images)};
  });
}

}  // namespace ppn::ctl
