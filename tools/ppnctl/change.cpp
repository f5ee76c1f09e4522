// ppnctl grant and revoke: changes to who may do what.
#include "tools/ppnctl/change.hpp"

#include <fmt/format.h>

#include <optional>

#include "schema/right_text.hpp"
#include "schema/time_text.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

constexpr std::int64_t second_ns = 1'000'000'000;

Result<Json> read_rights(const std::string& text) {
  auto rights = split(text, ',');
  for (const auto& right : rights)
    if (!schema::read_right(right))
      return Failure{exit_usage,
                     fmt::format("there is no right '{}'; there are {}", right,
                                 fmt::join(schema::right_names(), ","))};
  return Json(rights);
}

/// Whole seconds of 90s, 15m, 2h, 3d.
Result<Json> read_duration(const std::string& text) {
  auto end_ns = schema::parse_time_or_age(text, 0);
  if (end_ns && *end_ns < 0) return Json(-*end_ns / second_ns);
  return Failure{exit_usage,
                 fmt::format("'{}' is not how long: 90s, 15m, 2h, 3d", text)};
}

std::optional<Failure> fault_of_grant(const std::string& text) {
  if (Id::parse_hex(text)) return std::nullopt;
  return Failure{
      exit_usage,
      fmt::format("'{}' is no grant: that is 32 hexadecimal digits", text),
      "those that there are: ppnctl grants"};
}

int propose_if_good(const Global& global, const Consent& consent,
                    const Result<Json>& change) {
  if (!change) return fail(change.error());
  return propose(global, consent, *change);
}

}  // namespace

Result<Json> grant_change(const GrantOptions& options) {
  auto rights = read_rights(options.rights);
  if (!rights) return rights.error();
  Json change{{"kind", "grant"},
              {"subject", options.subject},
              {"resource", options.resource},
              {"rights", *rights}};
  if (options.duration) {
    auto seconds = read_duration(*options.duration);
    if (!seconds) return seconds.error();
    change["seconds"] = *seconds;
  }
  if (options.parent) {
    if (auto fault = fault_of_grant(*options.parent)) return *fault;
    change["parent"] = *options.parent;
  }
  return change;
}

Result<Json> revoke_change(const RevokeOptions& options) {
  if (auto fault = fault_of_grant(options.grant)) return *fault;
  return Json{
      {"kind", "revoke"}, {"grant", options.grant}, {"reason", options.reason}};
}

int grant(const Global& global, const GrantOptions& options) {
  return propose_if_good(global, options.consent, grant_change(options));
}

int revoke(const Global& global, const RevokeOptions& options) {
  return propose_if_good(global, options.consent, revoke_change(options));
}

}  // namespace ppn::ctl
