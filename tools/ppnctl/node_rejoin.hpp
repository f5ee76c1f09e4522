// What ppnd tells of a rejoin, and how a person is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct RejoinPlan {
  std::string state_dir;
  /// The identity that is to be given up.
  std::string node;
  std::string name;
  bool is_name_told = false;
  /// It was begun before.
  bool is_begun = false;
  /// No ppnd goes on with the ledger, whatever is done.
  bool is_lost = false;
  /// What keeps a ppnd from starting.
  std::optional<std::string> why;
  std::uint64_t checkpoint_size = 0;
  bool is_checkpoint_verified = false;
  /// Where the old ledger will be.
  std::string former;
};
Result<RejoinPlan> read_rejoin_plan(const schema::Json& document);

struct Rejoined {
  std::string node;
  std::string name;
  std::string replaces;
  std::string former;
};
Result<Rejoined> read_rejoined(const schema::Json& document);

/// Why it is not to be done, if so: who forces it means it.
std::optional<Failure> fault_of_rejoin(const RejoinPlan& plan, bool force);

std::string rejoin_plan_text(const RejoinPlan& plan);

/// What was done, and what to type next.
std::string rejoined_text(const Rejoined& rejoined);

/// The two for a node that leaves its mesh.
std::string leave_plan_text(const RejoinPlan& plan);
std::string left_text(const Rejoined& rejoined);

}  // namespace ppn::ctl
