#include "tools/ppnctl/answer.hpp"

#include <fmt/format.h>

#include "runtime/control_api.hpp"

namespace ppn::ctl {

namespace {

/// Deeper documents could exhaust the stack of what walks through them.
constexpr int depth_max = 64;

ExitCode exit_code_of(api::Problem problem) {
  switch (problem) {
    case api::Problem::bad_request:
    case api::Problem::too_large:
      return exit_usage;
    case api::Problem::forbidden:
      return exit_permission;
    case api::Problem::refused:
      return exit_refused;
    case api::Problem::read_only:
    case api::Problem::busy:
      return exit_degraded;
    case api::Problem::not_found:
    case api::Problem::method_not_allowed:
    case api::Problem::failed:
    case api::Problem::outcome_unknown:
    case api::Problem::no_answer:
    case api::Problem::disk_full:
      return exit_failed;
  }
  return exit_failed;
}

/// What a person does next, where that does not depend on the details.
const char* advice_for(api::Problem problem) {
  switch (problem) {
    case api::Problem::forbidden:
      return "ppnctl doctor says which group may";
    case api::Problem::busy:
      return "try again in a moment";
    case api::Problem::outcome_unknown:
      return "whether it happened is in the ledger: ppnctl ledger tail";
    case api::Problem::failed:
    case api::Problem::no_answer:
    case api::Problem::read_only:
      return "see why: ppnctl status, journalctl -u ppnd";
    case api::Problem::disk_full:
      return "ppnctl doctor says how much room there is";
    case api::Problem::bad_request:
    case api::Problem::too_large:
    case api::Problem::refused:
    case api::Problem::not_found:
    case api::Problem::method_not_allowed:
      return "";
  }
  return "";
}

/// Parameters, such as a charset, do not count.
bool has_type(const Answer& answer, std::string_view type) {
  std::string_view given = answer.content_type;
  return given.substr(0, given.find(';')) == type;
}

std::string text_of(const schema::Json& object, const char* field) {
  auto found = object.find(field);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

}  // namespace

Failure not_understood(std::string_view why) {
  return {exit_failed, fmt::format("cannot understand the answer: {}", why),
          "is it ppnd that listens there, and of this version? ppnctl "
          "--version"};
}

Result<schema::Json> parse_json(std::string_view text) {
  bool too_deep = false;
  auto within_depth = [&](int depth, schema::Json::parse_event_t,
                          schema::Json&) {
    too_deep = too_deep || depth > depth_max;
    return !too_deep;
  };
  auto json = schema::Json::parse(text, within_depth, false);
  if (too_deep) return not_understood("its JSON is nested too deep");
  if (json.is_discarded()) return not_understood("it is not JSON");
  return json;
}

Result<schema::Json> read_answer(const Answer& answer) {
  bool is_good = answer.status >= 200 && answer.status <= 202;
  if (!is_good) return read_problem(answer);
  if (!has_type(answer, "application/json"))
    return not_understood(
        fmt::format("it is '{}' and not JSON", answer.content_type));
  return parse_json(answer.body);
}

Result<std::string> read_text_answer(const Answer& answer) {
  if (answer.status != 200) return read_problem(answer);
  if (!has_type(answer, "text/plain"))
    return not_understood(
        fmt::format("it is '{}' and not text", answer.content_type));
  return answer.body;
}

Failure read_problem(const Answer& answer) {
  auto strange = not_understood(fmt::format(
      "it has status {} and says no more that makes sense", answer.status));
  if (answer.status < 400 || !has_type(answer, "application/problem+json"))
    return strange;
  auto json = parse_json(answer.body);
  if (!json || !json->is_object()) return strange;
  auto what = text_of(*json, "detail");
  if (what.empty()) what = text_of(*json, "title");
  if (what.empty()) return strange;
  auto problem = api::find_problem(text_of(*json, "type"));
  if (!problem) return {exit_failed, what};
  return {exit_code_of(*problem), what, advice_for(*problem)};
}

}  // namespace ppn::ctl
