// A member as events and snapshots hold it, and back.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "events/mesh.hpp"
#include "events/stored_address.hpp"

namespace ppn::events {

using StoredEndpoints =
    flatbuffers::Vector<flatbuffers::Offset<schema::Endpoint>>;

std::vector<std::unique_ptr<schema::EndpointT>> stored(
    const std::vector<Endpoint>& endpoints);
std::vector<schema::TunnelKey> stored(const std::vector<TunnelKey>& keys);
std::unique_ptr<schema::MemberT> stored(const NodeId& node,
                                        const Member& member);

schema::FormerRestatedT restated(const NodeId& node, const FormerMember& gone);

/// Nothing if there is more of it than a member may have, or an address that is
/// none. `stored` may be null.
std::optional<std::vector<Endpoint>> read_endpoints(
    const StoredEndpoints* stored);
std::optional<Member> read_member(const schema::Member& stored);

/// `Stored` is what an event or a snapshot holds of a former member.
template <class Stored>
std::optional<FormerMember> read_former(const Stored& stored) {
  auto address = IpAddress::of(view(stored.address()));
  if (!address || address->is_v6 || stored.name()->size() > name_max)
    return std::nullopt;
  std::vector<TunnelKey> others;
  if (const auto* keys = stored.other_tunnel_keys()) {
    if (keys->size() > other_tunnel_keys_max) return std::nullopt;
    for (const auto* key : *keys) others.emplace_back(*key);
  }
  return FormerMember{stored.name()->str(),
                      PublicKey{*stored.key()},
                      TunnelKey{*stored.tunnel_key()},
                      *address,
                      stored.removed_ns(),
                      stored.replaced(),
                      std::move(others)};
}

}  // namespace ppn::events
