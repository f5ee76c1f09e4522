// ppnctl fleet drain, undrain and reserve: what a host is used for.
#include "tools/ppnctl/fleet_change.hpp"

#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/fleet_commands.hpp"

namespace ppn::ctl {

using schema::Json;

Json drain_change(const std::string& node, bool is_drained) {
  return {{"kind", "fleet-use"}, {"node", node}, {"drained", is_drained}};
}

Json reserve_change(const std::string& node, bool is_reserved) {
  return {{"kind", "fleet-use"}, {"node", node}, {"reserved", is_reserved}};
}

int fleet_drain(const Global& global, const FleetUseOptions& options) {
  return propose(global, options.consent, drain_change(options.node, true));
}

int fleet_undrain(const Global& global, const FleetUseOptions& options) {
  return propose(global, options.consent, drain_change(options.node, false));
}

int fleet_reserve(const Global& global, const FleetUseOptions& options) {
  return propose(global, options.consent,
                 reserve_change(options.node, !options.off));
}

}  // namespace ppn::ctl
