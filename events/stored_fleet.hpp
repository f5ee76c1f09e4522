// What a controller keeps of its fleet, as it is stored and as it goes on to
// the next one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "events/fleet.hpp"

namespace ppn::events {

std::unique_ptr<schema::HostUseSetT> stored(const NodeId& node,
                                            const FleetHost& host);
std::unique_ptr<schema::FleetGuestStateT> stored(const Id& vm,
                                                 const FleetGuest& guest);
std::unique_ptr<schema::QuotaSetT> stored(const std::string& owner,
                                          const Quota& quota);

/// Bytes that the texts and images of a guest take at most, once stored.
std::size_t size_of_texts(const FleetGuest& guest);

/// Nothing if no guest can be so.
std::optional<FleetGuest> read_fleet_guest(
    const schema::FleetGuestState& stored);

using StoredUses = flatbuffers::Vector<flatbuffers::Offset<schema::HostUseSet>>;
using StoredFleetGuests =
    flatbuffers::Vector<flatbuffers::Offset<schema::FleetGuestState>>;
using StoredQuotas = flatbuffers::Vector<flatbuffers::Offset<schema::QuotaSet>>;

/// What a controller left, but not who that was; each list may be null. Nothing
/// if some of it can not be, or stands there twice.
std::optional<FleetLegacy> read_legacy(const StoredUses* hosts,
                                       const StoredFleetGuests* guests,
                                       const StoredQuotas* quotas);

}  // namespace ppn::events
