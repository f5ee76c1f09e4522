#include "events/stored_fleet.hpp"

namespace ppn::events {

namespace {

template <class Struct>
std::unique_ptr<Struct> stored_bytes(const FixedBytes<Struct>& bytes) {
  return std::make_unique<Struct>(bytes.stored());
}

/// Nothing if they are too many, or not sorted.
std::optional<std::vector<Hash>> read_images(
    const flatbuffers::Vector<const schema::Hash*>* stored) {
  std::vector<Hash> images;
  if (stored == nullptr) return images;
  if (stored->size() > guest_images_max) return std::nullopt;
  for (const auto* digest : *stored) {
    if (!images.empty() && images.back() >= Hash{*digest}) return std::nullopt;
    images.emplace_back(*digest);
  }
  return images;
}

bool read(const schema::HostUseSet& stored, FleetLegacy& legacy) {
  FleetHost host;
  host.is_drained = stored.drained();
  host.is_reserved = stored.reserved();
  return legacy.hosts.emplace(NodeId{*stored.node()}, host).second;
}

bool read(const schema::FleetGuestState& stored, FleetLegacy& legacy) {
  auto guest = read_fleet_guest(stored);
  return guest &&
         legacy.guests.emplace(Id{*stored.vm()}, std::move(*guest)).second;
}

bool read(const schema::QuotaSet& stored, FleetLegacy& legacy) {
  auto owner = stored.owner()->str();
  Quota quota{stored.guests(), stored.memory_mb(), stored.vcpus()};
  return !stored.none() && is_label(owner) &&
         legacy.quotas.emplace(std::move(owner), quota).second;
}

template <class List>
bool read_all(const List* stored, FleetLegacy& legacy) {
  if (stored == nullptr) return true;
  for (const auto* one : *stored)
    if (!read(*one, legacy)) return false;
  return true;
}

}  // namespace

std::unique_ptr<schema::HostUseSetT> stored(const NodeId& node,
                                            const FleetHost& host) {
  auto all = std::make_unique<schema::HostUseSetT>();
  all->node = stored_bytes(node);
  all->drained = host.is_drained;
  all->reserved = host.is_reserved;
  return all;
}

std::unique_ptr<schema::FleetGuestStateT> stored(const Id& vm,
                                                 const FleetGuest& guest) {
  auto all = std::make_unique<schema::FleetGuestStateT>();
  all->vm = stored_bytes(vm);
  all->node = stored_bytes(guest.node);
  all->name = guest.name;
  all->owner = guest.owner;
  all->labels = guest.labels;
  all->memory_mb = guest.needs.memory_mb;
  all->vcpus = guest.needs.vcpus;
  all->disk_mb = guest.needs.disk_mb;
  for (const auto& digest : guest.images)
    all->images.push_back(digest.stored());
  return all;
}

std::unique_ptr<schema::QuotaSetT> stored(const std::string& owner,
                                          const Quota& quota) {
  auto all = std::make_unique<schema::QuotaSetT>();
  all->owner = owner;
  all->guests = quota.guests;
  all->memory_mb = quota.memory_mb;
  all->vcpus = quota.vcpus;
  return all;
}

std::size_t size_of_texts(const FleetGuest& guest) {
  // Where it is, how long, its end, and what aligns it.
  constexpr std::size_t around = 16;
  auto size = guest.name.size() + guest.owner.size() + 2 * around;
  for (const auto& label : guest.labels) size += label.size() + around;
  return size + guest.images.size() * Hash::size + 2 * around;
}

std::optional<FleetGuest> read_fleet_guest(
    const schema::FleetGuestState& stored) {
  FleetGuest guest;
  guest.node = NodeId{*stored.node()};
  guest.name = stored.name()->str();
  bool is_owned = stored.owner() != nullptr;
  if (is_owned) guest.owner = stored.owner()->str();
  guest.needs = {stored.memory_mb(), stored.vcpus(), stored.disk_mb()};
  auto labels = read_labels(stored.labels());
  auto images = read_images(stored.images());
  if (!is_member_name(guest.name) || (is_owned && !is_label(guest.owner)) ||
      !can_be(guest.needs) || !labels || !images)
    return std::nullopt;
  guest.labels = std::move(*labels);
  guest.images = std::move(*images);
  return guest;
}

std::optional<FleetLegacy> read_legacy(const StoredUses* hosts,
                                       const StoredFleetGuests* guests,
                                       const StoredQuotas* quotas) {
  FleetLegacy legacy;
  if (!read_all(hosts, legacy) || !read_all(guests, legacy) ||
      !read_all(quotas, legacy))
    return std::nullopt;
  return legacy;
}

}  // namespace ppn::events
