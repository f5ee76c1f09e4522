// This node's own side of the tunnels: their key, and what was found changed on
// the device.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "events/device.hpp"
#include "events/moment.hpp"
#include "schema/entry_generated.h"

namespace ppn::events {

inline constexpr const char* device_stream = "wireguard";

/// More repairs than that within an hour are made, and not recorded.
inline constexpr std::uint32_t repairs_an_hour = 20;

/// So many keys are kept in mind, and their private halves.
inline constexpr std::size_t former_keys_max = 8;

struct OwnDevice {
  std::optional<TunnelKey> key;
  /// Requested, and not in use yet; see events/tunnel_key.hpp.
  std::optional<TunnelKey> next_key;
  /// What was requested last waits for nobody.
  bool is_forced = false;
  /// Those before, the newest last; see key_of_device.
  std::vector<TunnelKey> former_keys;
  std::uint64_t repairs = 0;
  std::int64_t repaired_ns = 0;
  std::uint32_t repairs_in_hour = 0;

  bool operator==(const OwnDevice&) const = default;
};

/// What somebody else did to the device.
struct RepairNote {
  schema::Repair repair{};
  std::optional<TunnelKey> peer;
  std::string detail;

  bool operator==(const RepairNote&) const = default;
};

/// What a change of the device repairs, if nothing of what it should be has
/// changed since it was last right.
std::vector<RepairNote> repairs_in(const DeviceChange& change,
                                   const PeerName& name_of);

/// Peers of the device that no roster of this mesh named; `holders` has each
/// key that a member has, had last or is to have. They are somebody else's
/// doing, unless two changes of a key were taken at once.
std::vector<RepairNote> unknown_peers(
    const DeviceChange& change, const std::map<TunnelKey, NodeId>& holders);

/// The first key, or the one that was requested.
Decision decide_key(const OwnDevice& device, const TunnelKey& key);

/// All that the hour has room for.
Decision decide_repairs(const OwnDevice& device,
                        const std::vector<RepairNote>& notes,
                        const Moment& now);

Contradiction apply(OwnDevice& device, const schema::TunnelKeyMade& event);
Contradiction apply(OwnDevice& device, const schema::TunnelKeyRequested& event);
Contradiction apply(OwnDevice& device, const schema::Entry& entry,
                    const schema::DeviceRepaired& event);

}  // namespace ppn::events
