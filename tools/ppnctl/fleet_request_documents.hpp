// The documents of what was asked of the fleet, every field checked before
// anything uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct FleetRequest {
  std::string id;
  /// placement or order.
  std::string kind;
  std::string node;
  /// Nothing if the host is no member any more.
  std::optional<std::string> node_name;
  std::string vm;
  std::optional<std::string> vm_name;
  /// open, fetching, lapsed, done, refused or dropped.
  std::string state;
  std::optional<std::string> reason;
  /// Bytes of images, of so many.
  std::uint64_t fetched = 0;
  std::uint64_t to_fetch = 0;
  std::optional<std::string> trouble;
  schema::Json document;

  /// Its host took it, or nobody will any more.
  [[nodiscard]] bool is_over() const {
    return state == "done" || state == "refused" || state == "dropped";
  }
  /// The host, by its name as long as it has one.
  [[nodiscard]] std::string host() const { return node_name.value_or(node); }
  [[nodiscard]] std::string guest() const { return vm_name.value_or(vm); }
};

/// The newest first.
Result<std::vector<FleetRequest>> read_fleet_requests(
    const schema::Json& document);

/// Why a host got a guest, or did not.
struct FleetVerdictTold {
  std::string node;
  std::optional<std::string> name;
  std::string reason;
  std::string words;
  std::uint64_t needs = 0;
  std::uint64_t has = 0;
  /// In bytes.
  std::uint64_t to_fetch = 0;
};

/// How the controller came to a place.
struct FleetPlacementTold {
  std::optional<std::string> owner;
  std::vector<std::string> labels;
  std::uint64_t memory_mb = 0;
  std::uint64_t vcpus = 0;
  /// Names of images.
  std::vector<std::string> images;
  std::uint64_t margin_mb = 0;
  /// The best first.
  std::vector<FleetVerdictTold> verdicts;
  std::uint64_t more_hosts = 0;
};

/// What a guest is told.
struct FleetOrderTold {
  std::string verb;
  bool is_forced = false;
  /// Of a change; nothing: as it is.
  std::optional<std::uint64_t> vcpus;
  std::optional<std::uint64_t> memory_mb;
  std::optional<std::uint64_t> floor_mb;
  std::optional<std::uint64_t> cpu_weight;
};

struct FleetRequestTold {
  FleetRequest request;
  /// Of the guest, as it was asked for.
  std::string name;
  /// One of the two.
  std::optional<FleetPlacementTold> placement;
  std::optional<FleetOrderTold> order;
};
Result<FleetRequestTold> read_fleet_request(const schema::Json& document);

/// The id of a request that began with an order.
Result<std::string> read_fleet_order(const schema::Json& document);

/// That of a proposal, which is the same once it is committed.
Result<std::string> read_proposed_request(const schema::Json& document);

}  // namespace ppn::ctl
