// The start of a guest: what it is made of is made as far as it is missing, and
// then its process. All of it may block.
#pragma once

#include <optional>
#include <string>

#include "actors/interfaces.hpp"
#include "runtime/guest_host.hpp"
#include "runtime/vm_monitor.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

VmPlaces places_of(const GuestFiles& files, const Id& vm);

/// `known` if that is of this QEMU and this kernel and one worked; else all are
/// tried. not_found, permission, io.
store::Result<actors::AccelerationPtr> prove_acceleration(
    const GuestHost& host, const actors::AccelerationPtr& known);

/// `mesh_address`: this host's, where forwards may be; nothing if it is in no
/// mesh. bad_input, not_found, damaged, permission, disk_full, io.
store::Status launch_vm(const GuestHost& host, GuestHost::Ready& ready,
                        const actors::VmProcess& wish,
                        const std::string& accelerator,
                        const std::optional<events::IpAddress>& mesh_address);

}  // namespace ppn::runtime
