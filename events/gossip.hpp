// Whom a member tells what is new: those with roles tell all, anybody else a
// few, so that its traffic does not grow with the mesh.
#pragma once

#include <set>

#include "events/mesh.hpp"

namespace ppn::events {

/// The member so many places behind `self`, in the order of their ids and
/// around; `self` is one.
NodeId member_behind(const Mesh& mesh, const NodeId& self,
                     std::uint64_t places);

/// Whom `self`, which is a member, tells that the roster has news: all others
/// if it has a role, or else those with roles, and those 1, 2, 4, 8... places
/// behind it, as the fingers of Chord are (Stoica and others, SIGCOMM 2001,
/// section 4.3). So news that one member has reach all in about as many steps
/// as their number has bits, whoever has a role and keeps silent.
std::set<NodeId> told_of_news(const Mesh& mesh, const NodeId& self);

}  // namespace ppn::events
