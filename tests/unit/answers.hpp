// What the tests ask of an answer to a request.
#pragma once

#include "runtime/api_problem.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

template <class T>
T must(runtime::Answer<T> answer) {
  if (const auto* problem = std::get_if<runtime::Problem>(&answer))
    BOOST_FAIL(problem->detail);
  return std::get<T>(answer);
}

/// Why it is refused, as one that breaks a rule.
template <class T>
std::string refusal(const runtime::Answer<T>& answer) {
  const auto* problem = std::get_if<runtime::Problem>(&answer);
  BOOST_REQUIRE_MESSAGE(problem != nullptr,
                        "it was accepted and should not have been");
  BOOST_TEST((problem->type == runtime::ProblemType::bad_request),
             problem->detail);
  return problem->detail;
}

template <class T>
bool is_problem(const runtime::Answer<T>& answer, runtime::ProblemType type) {
  const auto* problem = std::get_if<runtime::Problem>(&answer);
  return problem != nullptr && problem->type == type;
}

}  // namespace ppn::tests
