// The guests of an identity that this host had before: its ledger is put away,
// their disks and maybe their processes are here still.
#pragma once

#include <filesystem>
#include <vector>

#include "events/pool.hpp"
#include "events/state.hpp"
#include "store/state_directory.hpp"

namespace ppn::runtime {

struct FormerGuests {
  /// The identity.
  NodeId node;
  events::Vms vms;
  events::Images images;
};

/// Of each identity that is kept in the state directory, as far as its ledger
/// can be read. Before there are threads.
std::vector<FormerGuests> read_former_guests(
    const store::StateDirectory& directory);

/// Whether a process of that guest lives in the directory that it runs in.
bool lives_in(const std::filesystem::path& run_dir);

/// One of them, as it is to be this host's own. The ledger does not tell the
/// last of it, but the directory that it runs in may.
events::AdoptVm adoption_of(const FormerGuests& former, const Id& vm,
                            const NodeId& self,
                            const std::filesystem::path& run_dir);

}  // namespace ppn::runtime
