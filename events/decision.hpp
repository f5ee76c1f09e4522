// What a command leads to: events that are all recorded or none, or a refusal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/entry_generated.h"

namespace ppn::events {

/// Why a command is not carried out, for whoever asked.
struct Refusal {
  std::string reason;
};

/// An event that is decided and not yet recorded.
struct Draft {
  std::string stream;
  schema::EventUnion payload;
  /// The version of the stream that it is to follow, where that is the same
  /// whoever decides.
  std::optional<std::uint64_t> follows = std::nullopt;
};

/// No drafts: there is nothing to do.
using Decision = std::variant<Refusal, std::vector<Draft>>;

}  // namespace ppn::events
