// ppnctl witness: what this node remembers of the ledgers of others, and what
// the operator makes of it.
#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/clock.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/witness_text.hpp"

namespace ppn::ctl {

int witness_show(const Global& global, const WitnessShowOptions& options) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/witness");
    if (!document) return document.error();
    auto witness = read_witness(*document);
    if (!witness) return witness.error();
    return Frame{global.json
                     ? json_line(*document) + '\n'
                     : witness_text(*witness, options.keys, clock_now_ns()),
                 witness->is_degraded() ? exit_degraded : exit_ok};
  });
}

int witness_acknowledge(const Global& global,
                        const WitnessAcknowledgeOptions& options) {
  return propose(global, options.consent,
                 {{"kind", "witness-acknowledge"}, {"node", options.node}});
}

}  // namespace ppn::ctl
