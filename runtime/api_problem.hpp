// What a request is answered if it fails: RFC 9457 problem objects.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "schema/reflection_json.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

enum class ProblemType : std::uint8_t {
  bad_request,
  forbidden,
  not_found,
  method_not_allowed,
  refused,
  too_large,
  failed,
  read_only,
  busy,
  outcome_unknown,
  no_answer,
  disk_full,
};

struct ProblemKind {
  ProblemType type;
  std::string_view name;
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

schema::Json problem_document(const Problem& problem);

/// An actor's refusal, as the API tells it.
Problem problem_of(const store::Error& error);

/// What was asked for, or why not.
template <class T>
using Answer = std::variant<T, Problem>;

}  // namespace ppn::runtime
