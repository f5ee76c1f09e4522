// The commands of ppnctl that are about the fleet: what each can be told. Each
// returns what the program exits with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/ppnctl/commands.hpp"

namespace ppn::ctl {

int fleet_nodes(const Global& global);
int fleet_guests(const Global& global);

/// A guest that might be, as it is written.
struct FleetGuestOptions {
  std::string memory;
  std::optional<std::uint64_t> vcpus;
  std::optional<std::string> disk;
  bool prefers_accelerator = false;
  /// There or nowhere.
  std::optional<std::string> node;
  /// Labels of others: only where there is one with all of these, and none with
  /// any of those.
  std::vector<std::string> near;
  std::vector<std::string> apart;
};

struct FleetPlaceOptions {
  FleetGuestOptions guest;
  bool dry_run = false;
};
int fleet_place(const Global& global, const FleetPlaceOptions& options);
int fleet_fit(const Global& global, const FleetGuestOptions& options);

struct FleetUseOptions {
  std::string node;
  /// Of a reservation: it ends.
  bool off = false;
  Consent consent;
};
int fleet_drain(const Global& global, const FleetUseOptions& options);
int fleet_undrain(const Global& global, const FleetUseOptions& options);
int fleet_reserve(const Global& global, const FleetUseOptions& options);

int fleet_requests(const Global& global);

struct FleetExplainOptions {
  /// Its id, or how that begins.
  std::string request;
};
int fleet_explain(const Global& global, const FleetExplainOptions& options);

struct FleetQuotaOptions {
  /// Everybody, unless it is changed.
  std::optional<std::string> owner;
  std::optional<std::uint64_t> guests;
  std::optional<std::string> memory;
  std::optional<std::uint64_t> vcpus;
  /// There is to be none.
  bool none = false;
  Consent consent;
};
int fleet_quota(const Global& global, const FleetQuotaOptions& options);

}  // namespace ppn::ctl
