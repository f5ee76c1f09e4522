// ppnctl vm list: the guests of this host.
#include <algorithm>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/clock.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_commands.hpp"
#include "tools/ppnctl/vm_text.hpp"

namespace ppn::ctl {

namespace {

bool is_degraded(const Vms& vms) {
  return std::any_of(vms.vms.begin(), vms.vms.end(), [&](const Vm& vm) {
    return vms.problem || ailment_of(vm);
  });
}

}  // namespace

int vm_list(const Global& global) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/vms");
    if (!document) return document.error();
    auto vms = read_vms(*document);
    if (!vms) return vms.error();
    return Frame{global.json ? json_line(*document) + '\n'
                             : vms_text(*vms, clock_now_ns()),
                 is_degraded(*vms) ? exit_degraded : exit_ok};
  });
}

}  // namespace ppn::ctl
