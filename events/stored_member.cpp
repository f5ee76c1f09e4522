#include "events/stored_member.hpp"

namespace ppn::events {

namespace {

std::unique_ptr<schema::TunnelKey> stored(const std::optional<TunnelKey>& key) {
  return key ? std::make_unique<schema::TunnelKey>(key->stored()) : nullptr;
}

std::optional<TunnelKey> read_key(const schema::TunnelKey* stored) {
  return stored == nullptr ? std::nullopt : std::optional{TunnelKey{*stored}};
}

}  // namespace

std::vector<std::unique_ptr<schema::EndpointT>> stored(
    const std::vector<Endpoint>& endpoints) {
  std::vector<std::unique_ptr<schema::EndpointT>> all;
  all.reserve(endpoints.size());
  for (const auto& endpoint : endpoints) all.push_back(stored(endpoint));
  return all;
}

std::vector<schema::TunnelKey> stored(const std::vector<TunnelKey>& keys) {
  std::vector<schema::TunnelKey> all;
  all.reserve(keys.size());
  for (const auto& key : keys) all.push_back(key.stored());
  return all;
}

std::unique_ptr<schema::MemberT> stored(const NodeId& node,
                                        const Member& member) {
  auto all = std::make_unique<schema::MemberT>();
  all->node = std::make_unique<schema::NodeId>(node.stored());
  all->name = member.name;
  all->key = std::make_unique<schema::PublicKey>(member.key.stored());
  all->tunnel_key =
      std::make_unique<schema::TunnelKey>(member.tunnel_key.stored());
  all->address = stored(member.address);
  if (member.address6) all->address6 = stored(*member.address6);
  all->endpoints = stored(member.endpoints);
  all->next_tunnel_key = stored(member.next_tunnel_key);
  all->last_tunnel_key = stored(member.last_tunnel_key);
  all->key_announced_ns = member.key_announced_ns;
  return all;
}

schema::FormerRestatedT restated(const NodeId& node, const FormerMember& gone) {
  schema::FormerRestatedT all;
  all.node = std::make_unique<schema::NodeId>(node.stored());
  all.name = gone.name;
  all.key = std::make_unique<schema::PublicKey>(gone.key.stored());
  all.tunnel_key =
      std::make_unique<schema::TunnelKey>(gone.tunnel_key.stored());
  all.address = stored(gone.address);
  all.removed_ns = gone.removed_ns;
  all.replaced = gone.replaced;
  all.other_tunnel_keys = stored(gone.other_tunnel_keys);
  return all;
}

std::optional<std::vector<Endpoint>> read_endpoints(
    const StoredEndpoints* stored) {
  std::vector<Endpoint> endpoints;
  if (stored == nullptr) return endpoints;
  if (stored->size() > endpoints_max) return std::nullopt;
  for (const auto* one : *stored) {
    auto endpoint = read_endpoint(*one);
    if (!endpoint) return std::nullopt;
    endpoints.push_back(*endpoint);
  }
  return endpoints;
}

std::optional<Member> read_member(const schema::Member& stored) {
  Member member;
  auto address = IpAddress::of(view(stored.address()));
  auto endpoints = read_endpoints(stored.endpoints());
  if (!address || address->is_v6 || !endpoints ||
      stored.name()->size() > name_max)
    return std::nullopt;
  if (stored.address6() != nullptr) {
    member.address6 = IpAddress::of(view(stored.address6()));
    if (!member.address6 || !member.address6->is_v6) return std::nullopt;
  }
  member.name = stored.name()->str();
  member.key = PublicKey{*stored.key()};
  member.tunnel_key = TunnelKey{*stored.tunnel_key()};
  member.address = *address;
  member.endpoints = std::move(*endpoints);
  member.next_tunnel_key = read_key(stored.next_tunnel_key());
  member.last_tunnel_key = read_key(stored.last_tunnel_key());
  member.key_announced_ns = stored.key_announced_ns();
  return member;
}

}  // namespace ppn::events
