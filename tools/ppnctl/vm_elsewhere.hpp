// Guests of other hosts: what is asked of them goes over the controller of the
// mesh.
#pragma once

#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"
#include "tools/ppnctl/fleet_find.hpp"
#include "tools/ppnctl/fleet_follow.hpp"
#include "tools/ppnctl/vm_change.hpp"
#include "tools/ppnctl/vm_commands.hpp"

namespace ppn::ctl {

/// Of a guest that the controller finds a host for.
Result<schema::Json> place_change(const VmCreateOptions& options,
                                  const VmParts& parts);
/// Only what can be changed from elsewhere.
Result<schema::Json> set_change_elsewhere(const FleetGuest& guest,
                                          const VmSetOptions& options);
schema::Json delete_change_elsewhere(const FleetGuest& guest,
                                     const VmDeleteOptions& options);

int create_in_fleet(const Global& global, const VmCreateOptions& options);

/// `place` has a node, here and below.
int set_elsewhere(const Global& global, const GuestPlace& place,
                  const VmSetOptions& options);
int delete_elsewhere(const Global& global, const GuestPlace& place,
                     const VmDeleteOptions& options);
int show_elsewhere(const Global& global, const GuestPlace& place);

/// Tells the guest. What is to be waited for then.
Result<FleetAwaited> order_elsewhere(const Global& global,
                                     const GuestPlace& place, VmVerb verb,
                                     const VmCommandOptions& options);

}  // namespace ppn::ctl
