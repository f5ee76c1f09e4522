// A node's own life: founded, started with a rising boot number, stopped, its
// key rotated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/contradiction.hpp"
#include "schema/entry_generated.h"
#include "schema/fixed_bytes.hpp"

namespace ppn::events {

struct KeyPeriod {
  /// First sequence that the key signs.
  std::uint64_t from = 0;
  PublicKey key;

  bool operator==(const KeyPeriod&) const = default;
};

struct Node {
  NodeId id;
  std::string name;
  std::vector<KeyPeriod> keys;
  /// Number of the newest boot; 0 before the first.
  std::uint64_t boot = 0;
  bool running = false;
  /// The identity that this one took the place of.
  std::optional<NodeId> replaces;
  std::uint64_t outside_checkpoints_accepted = 0;

  [[nodiscard]] bool founded() const { return !keys.empty(); }

  bool operator==(const Node&) const = default;
};

Contradiction apply(Node& node, const schema::Entry& entry,
                    const schema::NodeInitialised& event);
Contradiction apply(Node& node, const schema::Entry& entry,
                    const schema::NodeRejoined& event);
Contradiction apply(Node& node, const schema::NodeStarted& event);
Contradiction apply(Node& node, const schema::NodeStopped& event);
Contradiction apply(Node& node, const schema::Entry& entry,
                    const schema::NodeKeyRotated& event);
Contradiction apply(Node& node, const schema::OutsideCheckpointAccepted& event);

}  // namespace ppn::events
