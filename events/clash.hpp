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

/// The newest version, boot, epoch or hour that each node clashed in.
using Clashes = std::map<std::pair<NodeId, schema::Clash>, std::uint64_t>;

struct ClashNote {
  schema::Clash clash{};
  NodeId node;
  std::uint64_t number = 0;
  Bytes evidence;
};

/// Nothing to record if it was seen for that number, or a newer one; and
/// nothing at all of two places that are known: whoever has a key could fill a
/// ledger with boots.
Decision decide_clash(const Clashes& clashes, const ClashNote& note);

std::string in_words(schema::Clash clash);

/// What stands against a node until another one takes its place, since its key
/// was used twice. What can end otherwise does not stand.
std::optional<schema::Clash> standing_clash(const Clashes& clashes,
                                            const NodeId& node);

Contradiction apply(Clashes& clashes, const schema::ClashSeen& event);

}  // namespace ppn::events
