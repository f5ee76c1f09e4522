// Proof that a member spoke against itself, that two speak with one key, or
// that two recovered the mesh at once.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "events/contradiction.hpp"
#include "events/decision.hpp"
#include "schema/entry_generated.h"
#include "schema/fixed_bytes.hpp"

namespace ppn::events {

inline constexpr const char* clash_stream = "clash";

struct SeenClash {
  /// The newest version, boot, epoch or hour that it was in; of forks and
  /// rollbacks how many were seen.
  std::uint64_t number = 0;
  /// The operator knows of it, and lets the node be.
  bool is_acknowledged = false;

  bool operator==(const SeenClash&) const = default;
};

using Clashes = std::map<std::pair<NodeId, schema::Clash>, SeenClash>;

struct ClashNote {
  schema::Clash clash{};
  NodeId node;
  /// 0 where they are counted.
  std::uint64_t number = 0;
  Bytes evidence;
};

/// Nothing to record if it was seen for that number, or a newer one; and
/// nothing at all while one of its kind stands against the node: whoever has a
/// key could fill a ledger with boots, or with histories.
Decision decide_clash(const Clashes& clashes, const ClashNote& note);

/// Refused if nothing stands against the node.
Decision decide_acknowledgement(const Clashes& clashes, const NodeId& node);

std::string in_words(schema::Clash clash);

/// All that stands against a node, the worst first.
std::vector<schema::Clash> standing_clashes(const Clashes& clashes,
                                            const NodeId& node);

/// The worst that stands against a node until the operator acknowledges it or
/// another node takes its place. What can end otherwise does not stand.
std::optional<schema::Clash> standing_clash(const Clashes& clashes,
                                            const NodeId& node);

Contradiction apply(Clashes& clashes, const schema::ClashSeen& event);
Contradiction apply(Clashes& clashes, const schema::ClashAcknowledged& event);

}  // namespace ppn::events
