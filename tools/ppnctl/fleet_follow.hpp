// What was asked of the fleet, looked at until it is so, or is not going to be.
#pragma once

#include <optional>
#include <string>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/fleet_documents.hpp"
#include "tools/ppnctl/fleet_request_documents.hpp"

namespace ppn::ctl {

/// What a guest of another host is to come to.
enum class FleetGoal {
  /// Its host took what was asked for.
  taken,
  runs,
  paused,
  off,
  gone
};

/// A request that is waited for.
struct FleetAwaited {
  std::string request;
  FleetGoal goal{};
  /// Said of the guest at the end, before "on NODE": "runs", "is off".
  std::string done = {};
  /// What its host said of the guest when that was asked for; empty: there was
  /// none.
  std::string outcome_before = {};
};

/// Of a request that its host took. Nothing as long as it may still become so;
/// empty if it is. `guest` is null if there is none any more.
std::optional<std::string> judge_guest(const FleetAwaited& awaited,
                                       const FleetGuest* guest);

/// Looks until it is over, and says what became of it. Returns what to exit
/// with.
int follow_request(const Global& global, const FleetAwaited& awaited);

/// That it is recorded, and by which request it is followed.
int say_request(const Global& global, const std::string& request);

}  // namespace ppn::ctl
