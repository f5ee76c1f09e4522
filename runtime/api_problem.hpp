// What a request is answered if it fails: RFC 9457 problem objects.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/control_api.hpp"
#include "schema/reflection_json.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

using ProblemType = api::Problem;

struct ProblemKind {
  ProblemType type;
  unsigned status;
  std::string_view title;
};

/// All there are, in the order of ProblemType.
std::span<const ProblemKind> problem_kinds();

struct Problem {
  ProblemType type;
  /// What went wrong, and what to do about it.
  std::string detail;
};

const ProblemKind& kind_of(const Problem& problem);
std::string_view name_of(ProblemType type);

schema::Json problem_document(const Problem& problem);

/// An actor's refusal, as the API tells it.
Problem problem_of(const store::Error& error);

/// What was asked for, or why not.
template <class T>
using Answer = std::variant<T, Problem>;

}  // namespace ppn::runtime
