// What both ends of the control API have to call alike. What it does is in
// API.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ppn::api {

inline constexpr std::string_view default_socket = "/run/ppn/ppnd.sock";

/// Before the name of each type of problem.
inline constexpr std::string_view problem_prefix = "urn:ppn:problem:";

/// The types of problem, in the order of API.md.
enum class Problem : std::uint8_t {
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

/// Their names, in the same order.
inline constexpr std::array<std::string_view, 12> problem_names{
    "bad-request", "forbidden",       "not-found", "method-not-allowed",
    "refused",     "too-large",       "failed",    "read-only",
    "busy",        "outcome-unknown", "no-answer", "disk-full"};

/// The problem of a `type` field; nothing if there is none of that name.
constexpr std::optional<Problem> find_problem(std::string_view type) {
  if (!type.starts_with(problem_prefix)) return std::nullopt;
  type.remove_prefix(problem_prefix.size());
  const auto* name =
      std::find(problem_names.begin(), problem_names.end(), type);
  if (name == problem_names.end()) return std::nullopt;
  return static_cast<Problem>(name - problem_names.begin());
}

}  // namespace ppn::api
