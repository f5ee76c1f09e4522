// ppnctl pool: where the memory of this host is.
#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/pool_text.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_commands.hpp"

namespace ppn::ctl {

namespace {

/// What nobody suffers from is none.
bool is_degraded(const Pool& pool) {
  return !pool.vms.empty() && (pool.host_is_short || pool.problem);
}

}  // namespace

int pool(const Global& global) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/pool");
    if (!document) return document.error();
    auto read = read_pool(*document);
    if (!read) return read.error();
    return Frame{global.json ? json_line(*document) + '\n' : pool_text(*read),
                 is_degraded(*read) ? exit_degraded : exit_ok};
  });
}

}  // namespace ppn::ctl
