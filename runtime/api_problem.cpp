#include "runtime/api_problem.hpp"

#include <array>

namespace ppn::runtime {

namespace {

constexpr std::array kinds{
    ProblemKind{ProblemType::bad_request, 400, "Bad request"},
    ProblemKind{ProblemType::forbidden, 403, "Forbidden"},
    ProblemKind{ProblemType::not_found, 404, "Not found"},
    ProblemKind{ProblemType::method_not_allowed, 405, "Method not allowed"},
    ProblemKind{ProblemType::refused, 409, "Refused"},
    ProblemKind{ProblemType::too_large, 413, "Too large"},
    ProblemKind{ProblemType::failed, 500, "Failed"},
    ProblemKind{ProblemType::read_only, 503, "Read-only"},
    ProblemKind{ProblemType::busy, 503, "Busy"},
    ProblemKind{ProblemType::outcome_unknown, 504, "Outcome unknown"},
    ProblemKind{ProblemType::no_answer, 504, "No answer"},
    ProblemKind{ProblemType::disk_full, 507, "Disk full"},
};

ProblemType type_of(store::ErrorCode code) {
  switch (code) {
    case store::ErrorCode::bad_input:
    case store::ErrorCode::not_granted:
    case store::ErrorCode::oversized:
      return ProblemType::refused;
    case store::ErrorCode::not_found:
      return ProblemType::not_found;
    case store::ErrorCode::read_only:
      return ProblemType::read_only;
    case store::ErrorCode::disk_full:
    case store::ErrorCode::map_full:
      return ProblemType::disk_full;
    case store::ErrorCode::version_conflict:
      return ProblemType::busy;
    case store::ErrorCode::locked:
    case store::ErrorCode::io:
    case store::ErrorCode::damaged:
    case store::ErrorCode::too_new:
    case store::ErrorCode::rolled_back:
    case store::ErrorCode::forked:
    case store::ErrorCode::no_outside_checkpoint:
    case store::ErrorCode::key:
    case store::ErrorCode::permission:
      return ProblemType::failed;
  }
  return ProblemType::failed;
}

}  // namespace

std::span<const ProblemKind> problem_kinds() { return kinds; }

const ProblemKind& kind_of(const Problem& problem) {
  return kinds.at(static_cast<std::size_t>(problem.type));
}

std::string_view name_of(ProblemType type) {
  return api::problem_names.at(static_cast<std::size_t>(type));
}

schema::Json problem_document(const Problem& problem) {
  const auto& kind = kind_of(problem);
  return {{"schema", "ppn.problem.v1"},
          {"type", std::string{api::problem_prefix}.append(name_of(kind.type))},
          {"title", kind.title},
          {"status", kind.status},
          {"detail", problem.detail}};
}

Problem problem_of(const store::Error& error) {
  return {type_of(error.code), error.message};
}

}  // namespace ppn::runtime
