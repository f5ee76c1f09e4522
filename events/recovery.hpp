// Another authority in the place of one that is lost: a member says again, in
// another epoch, who belongs to the mesh.
#pragma once

#include "events/mesh.hpp"

namespace ppn::events {

/// What the member records: all of its roster.
Decision decide_recovery(const Mesh& mesh, const RecoverMesh& command);

std::vector<std::string> recovery_in_words(const Mesh& mesh,
                                           const RecoverMesh& command);

/// A member's name, or the id of who is none.
std::string name_of(const Mesh& mesh, const NodeId& node);
std::string authority_name(const Mesh& mesh);

/// How much is still to come.
std::uint64_t entries_left(const Restating& restating);

/// An epoch so far above its own is taken for a boast of who told of it.
inline constexpr std::uint64_t epoch_leap_max = 16;

/// The epoch to recover a mesh in: above its own, and above those that others
/// told of.
std::uint64_t next_epoch(const Mesh& mesh,
                         const std::vector<std::uint64_t>& told);

}  // namespace ppn::events
