// Entries of the roster as they go from the authority to every member.
#pragma once

#include <cstdint>
#include <vector>

#include "events/mesh.hpp"

namespace ppn::events {

/// An entry of the authority, as it stands in this node's stream of its epoch.
struct RosterEntry {
  /// The authority's own entry; good as long as the one that it was found in,
  /// and as this.
  const schema::Entry* entry = nullptr;
  std::vector<std::uint64_t> held;
};

/// `entry` is one of such a stream and structurally valid: the entry that
/// it holds, or it itself if it holds none. Without an entry if that one is not
/// valid.
RosterEntry roster_entry(const schema::Entry& entry);

/// Whose signature an entry must have to be the next one of the roster. That of
/// a founding entry, and of a recovery, is the one that it names itself.
std::optional<PublicKey> expected_signer(const Mesh& mesh,
                                         const schema::Entry& entry);

/// Why an entry is not the next one: it is of an epoch that is over, or that
/// this mesh has not begun, or of another version.
Contradiction check_place(const Mesh& mesh, const schema::Entry& entry);

/// What an entry of the authority makes of the mesh. Its signatures are checked
/// already; all else is checked here: refused is what is not the next version,
/// what its author may not decide, and what would not be a mesh.
Contradiction apply_roster(Mesh& mesh, const schema::Entry& entry);

/// The same for an entry of this node's stream of that epoch.
Contradiction apply(Mesh& mesh, const schema::Entry& entry);

}  // namespace ppn::events
