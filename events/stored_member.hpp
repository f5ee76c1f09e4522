// A member as events and snapshots hold it, and back.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "events/mesh.hpp"

namespace ppn::events {

using StoredEndpoints =
    flatbuffers::Vector<flatbuffers::Offset<schema::Endpoint>>;

std::vector<std::unique_ptr<schema::EndpointT>> stored(
    const std::vector<Endpoint>& endpoints);
std::unique_ptr<schema::MemberT> stored(const NodeId& node,
                                        const Member& member);

/// Nothing if there is more of it than a member may have, or an address that is
/// none. `stored` may be null.
std::optional<std::vector<Endpoint>> read_endpoints(
    const StoredEndpoints* stored);
std::optional<Member> read_member(const schema::Member& stored);

}  // namespace ppn::events
