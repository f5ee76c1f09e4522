// The documents of the fleet, every field checked before anything uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// What every document says of a node; what it did not say yet is nothing.
struct FleetNode {
  std::string id;
  std::string name;
  /// live, suspect, silent or unheard.
  std::string standing;
  std::optional<std::uint64_t> heard_ago_s;
  bool is_drained = false;
  bool is_reserved = false;
  std::optional<std::uint64_t> memory_left_mb;
  std::optional<std::uint64_t> vcpus_left;
  std::optional<std::uint64_t> disk_left_mb;
  /// How busy it is, in thousandths.
  std::optional<std::uint64_t> load_permille;
};

struct FleetHost {
  FleetNode node;
  std::optional<std::uint64_t> memory_mb;
  std::optional<std::uint64_t> guests;
  std::optional<std::string> accelerator;
  /// To guests that it does not show yet.
  std::uint64_t promised_mb = 0;
};

/// As its host said when it was heard last.
struct FleetGuest {
  std::string id;
  std::string name;
  std::string node_name;
  /// defined, starting, running, paused, stopped or crashed; or promised: its
  /// host does not show it yet.
  std::string outcome;
  bool responds = false;
  std::optional<std::uint64_t> heard_ago_s;
  std::uint64_t memory_mb = 0;
  std::uint64_t vcpus = 0;
  std::optional<std::string> owner;
  std::vector<std::string> labels;
  /// By which the controller gave it its place.
  std::optional<std::string> request;
  /// Of its host; empty if that is in no list.
  std::string standing;
  schema::Json document;
};

/// What the guests of an owner may come to, and do. Memory is with QEMU's own.
struct FleetQuota {
  std::string owner;
  /// Nothing: there is no bound.
  std::optional<std::uint64_t> guests;
  std::optional<std::uint64_t> memory_mb;
  std::optional<std::uint64_t> vcpus;
  std::uint64_t used_guests = 0;
  std::uint64_t used_memory_mb = 0;
  std::uint64_t used_vcpus = 0;
  schema::Json document;
};

struct Fleet {
  /// The controller before, as long as what it recorded is not here.
  std::optional<std::string> waits_for;
  /// By their names.
  std::vector<FleetHost> hosts;
  /// By those of their hosts, then by their own.
  std::vector<FleetGuest> guests;
  /// By their owners.
  std::vector<FleetQuota> quotas;
};
Result<Fleet> read_fleet(const schema::Json& document);

/// Whether a node would get a guest, and how many such guests it has room for.
struct FleetVerdict {
  FleetNode node;
  std::string words;
  std::uint64_t fits = 0;
};

struct FleetPlacement {
  /// Who would get it.
  std::optional<std::string> chosen;
  /// What it needs, QEMU's own included, and what must be left beside that.
  std::uint64_t memory_mb = 0;
  std::uint64_t margin_mb = 0;
  /// So many such guests all nodes have room for.
  std::uint64_t fits = 0;
  /// By the names of the nodes.
  std::vector<FleetVerdict> verdicts;
};
Result<FleetPlacement> read_placement(const schema::Json& document);

}  // namespace ppn::ctl
