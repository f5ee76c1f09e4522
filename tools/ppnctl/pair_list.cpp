// ppnctl pair list: who joins by a ceremony, and who waits for one.
#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/pair_documents.hpp"
#include "tools/ppnctl/pair_text.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

int pair_list(const Global& global) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/pairing");
    if (!document) return document.error();
    auto pairing = read_pairing(*document);
    if (!pairing) return pairing.error();
    return Frame{global.json ? json_line(*document) + '\n'
                             : pairing_text(*pairing)};
  });
}

}  // namespace ppn::ctl
