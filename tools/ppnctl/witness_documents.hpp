// The document of what a node remembers of the ledgers of others, every field
// checked before anything uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct WitnessedLedger {
  std::string name;
  std::string node;
  /// Of what is remembered, and when it was found to have grown only.
  std::optional<std::uint64_t> size;
  std::optional<std::int64_t> vouched_ns;
  /// Its node told of more, and does not prove that it grew to that.
  std::optional<std::uint64_t> unproven_size;
  std::optional<std::int64_t> unproven_since_ns;
  /// It spoke since.
  bool is_withheld = false;
  /// What stands against its node.
  std::optional<std::string> clash;
  bool is_acknowledged = false;
  /// Of this node's ledger, what that node vouches for.
  std::optional<std::uint64_t> cosigned_size;
  /// Checks its cosignatures.
  std::optional<std::string> key;
};

struct Witness {
  /// Checks the cosignatures of this node.
  std::string key;
  std::vector<WitnessedLedger> ledgers;

  /// Something stands against a node, or it withholds a proof.
  [[nodiscard]] bool is_degraded() const;
};

Result<Witness> read_witness(const schema::Json& document);

}  // namespace ppn::ctl
