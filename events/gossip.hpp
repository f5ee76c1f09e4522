// Whom a member tells what news: each of a few, so that nobody's traffic grows
// with the mesh, and all of them together of everybody.
#pragma once

#include <set>

#include "events/mesh.hpp"

namespace ppn::events {

/// The member so many places behind `self`, in the order of their ids and
/// around; `self` is one.
NodeId member_behind(const Mesh& mesh, const NodeId& self,
                     std::uint64_t places);

/// Whom `self`, which is a member, tells that the roster has news: all others
/// if it has a role, or else those 1, 2, 4, 8... places behind it, as the
/// fingers of Chord are (Stoica and others, SIGCOMM 2001, section 4.3). So news
/// that one member has reach the others in so many steps as the number of
/// members has bits.
std::set<NodeId> told_of_news(const Mesh& mesh, const NodeId& self);

}  // namespace ppn::events
