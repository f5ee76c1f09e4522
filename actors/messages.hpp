// What the actors tell the world around about themselves. Knows no CAF, so that
// documents are made of it without.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "events/capability.hpp"
#include "store/tree.hpp"

namespace ppn::actors {

// -- ledger -------------------------------------------------------------------

struct LedgerStatus {
  store::TreeHead head;
  /// The newest checkpoint as a note.
  std::string checkpoint;
  /// Why nothing more is recorded, if so.
  std::optional<std::string> read_only;
  /// Why the checkpoint outside lags behind, if so.
  std::optional<std::string> unpublished_why;
};

// -- operator gate ------------------------------------------------------------

struct RevokeWish {
  Id grant;
  std::string reason;
};

/// What an operator may commit.
using Change = std::variant<events::GrantWish, RevokeWish>;

/// A change that waits for the operator.
struct Proposal {
  Id id;
  Change change;
  /// What it will do, in words, one line each.
  std::vector<std::string> plan;
  /// Its commit is on its way: it can not be taken back any more.
  bool committing = false;
};

// -- node ---------------------------------------------------------------------

enum class NodeMode : std::uint8_t { starting, running, read_only, stopping };

struct NodeStatus {
  NodeId id;
  std::string name;
  std::uint64_t boot = 0;
  NodeMode mode = NodeMode::starting;
  /// Why it is read-only, if it is.
  std::string reason;
  /// How often each actor was respawned.
  std::map<std::string, std::uint64_t> respawns;
};

}  // namespace ppn::actors
