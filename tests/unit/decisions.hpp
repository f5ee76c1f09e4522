// What the tests ask of a decision.
#pragma once

#include "events/decision.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

/// Why a command is refused; empty if it is not.
inline std::string refusal_of(const events::Decision& decision) {
  const auto* refusal = std::get_if<events::Refusal>(&decision);
  return refusal == nullptr ? "" : refusal->reason;
}

/// What is to be recorded; the test can not go on if that was refused.
inline const std::vector<events::Draft>& drafts_of(
    const events::Decision& decision) {
  BOOST_REQUIRE_MESSAGE(refusal_of(decision).empty(), refusal_of(decision));
  return std::get<std::vector<events::Draft>>(decision);
}

}  // namespace ppn::tests
