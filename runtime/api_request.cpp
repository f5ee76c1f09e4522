#include "runtime/api_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "events/mesh.hpp"
#include "runtime/api_fields.hpp"

namespace ppn::runtime {

namespace {

constexpr std::array all_routes{
    Route{"GET", "/healthz", Endpoint::health, Access::read},
    Route{"GET", "/metrics", Endpoint::metrics, Access::read},
    Route{"GET", "/v1/status", Endpoint::status, Access::read},
    Route{"GET", "/v1/state", Endpoint::state, Access::read},
    Route{"GET", "/v1/ledger", Endpoint::ledger, Access::read},
    Route{"GET", "/v1/ledger/entries", Endpoint::entries, Access::read},
    Route{"GET", "/v1/ledger/stream", Endpoint::stream, Access::read},
    Route{"GET", "/v1/mesh", Endpoint::mesh, Access::read},
    Route{"GET", "/v1/mesh/file", Endpoint::mesh_file, Access::read},
    Route{"GET", "/v1/peers", Endpoint::peers, Access::read},
    Route{"GET", "/v1/device/plan", Endpoint::device_plan, Access::read},
    Route{"GET", "/v1/proposals", Endpoint::proposals, Access::read},
    Route{"POST", "/v1/proposals", Endpoint::propose, Access::commit},
    Route{"GET", "/v1/proposals/{id}", Endpoint::proposal, Access::read},
    Route{"POST", "/v1/proposals/{id}/commit", Endpoint::commit,
          Access::commit},
    Route{"POST", "/v1/proposals/{id}/reject", Endpoint::reject,
          Access::commit},
    Route{"GET", "/v1/pairing", Endpoint::pairing, Access::read},
    Route{"POST", "/v1/pairing/offers", Endpoint::pairing_offer,
          Access::commit},
    Route{"POST", "/v1/pairing/approvals", Endpoint::pairing_approve,
          Access::commit},
    Route{"POST", "/v1/pairing/sessions/{id}/admit", Endpoint::pairing_admit,
          Access::commit},
    Route{"POST", "/v1/pairing/sessions/{id}/refuse", Endpoint::pairing_refuse,
          Access::commit},
    Route{"DELETE", "/v1/pairing/sessions/{id}", Endpoint::pairing_cancel,
          Access::commit},
    Route{"POST", "/v1/pairing/door", Endpoint::pairing_door, Access::commit},
    Route{"GET", "/v1/vms", Endpoint::vms, Access::read},
    Route{"GET", "/v1/vms/{id}", Endpoint::vm, Access::read},
    Route{"POST", "/v1/vms/{id}/start", Endpoint::vm_start, Access::commit},
    Route{"POST", "/v1/vms/{id}/stop", Endpoint::vm_stop, Access::commit},
    Route{"POST", "/v1/vms/{id}/pause", Endpoint::vm_pause, Access::commit},
    Route{"POST", "/v1/vms/{id}/resume", Endpoint::vm_resume, Access::commit},
    Route{"POST", "/v1/vms/{id}/reset", Endpoint::vm_reset, Access::commit},
    Route{"GET", "/v1/vms/{id}/console", Endpoint::vm_console, Access::commit},
    Route{"GET", "/v1/vms/{id}/console-log", Endpoint::vm_console_log,
          Access::read},
    Route{"GET", "/v1/pool", Endpoint::pool, Access::read},
    Route{"GET", "/v1/fleet", Endpoint::fleet, Access::read},
    // It only asks.
    Route{"POST", "/v1/fleet/placement", Endpoint::placement, Access::read},
    Route{"POST", "/v1/fleet/orders", Endpoint::fleet_order, Access::commit},
    Route{"GET", "/v1/fleet/requests", Endpoint::fleet_requests, Access::read},
    Route{"GET", "/v1/fleet/requests/{id}", Endpoint::fleet_request,
          Access::read},
    Route{"GET", "/v1/fleet/guests/{node}/{vm}/console",
          Endpoint::fleet_console, Access::commit},
    Route{"GET", "/v1/fleet/guests/{node}/{vm}/console-log",
          Endpoint::fleet_console_log, Access::read},
    Route{"GET", "/v1/former-guests", Endpoint::former_guests, Access::read},
    Route{"GET", "/v1/witness", Endpoint::witness, Access::read},
    Route{"GET", "/v1/images", Endpoint::images, Access::read},
    Route{"POST", "/v1/images", Endpoint::image_add, Access::commit},
};

constexpr std::uint64_t entries_default = 100;
constexpr std::uint64_t entries_max = 1000;
constexpr std::uint64_t console_bytes_default = 65'536;
constexpr std::uint64_t console_bytes_max = 262'144;

Problem bad(std::string detail) {
  return {ProblemType::bad_request, std::move(detail)};
}

/// Takes the next step of a path, with the slash before it.
std::string_view take_step(std::string_view& path) {
  auto step = path.substr(0, path.find('/', 1));
  path.remove_prefix(step.size());
  return step;
}

/// By what stands in braces in a pattern, what a path has there.
using Places = std::map<std::string_view, std::string_view>;

/// Nothing if the path is none of the route's.
std::optional<Places> match(std::string_view pattern, std::string_view path) {
  Places places;
  while (!pattern.empty()) {
    auto wanted = take_step(pattern);
    auto step = take_step(path);
    if (!wanted.starts_with("/{")) {
      if (step != wanted) return std::nullopt;
      continue;
    }
    if (step.size() < 2 || step.front() != '/') return std::nullopt;
    places[wanted.substr(1)] = step.substr(1);
  }
  if (!path.empty()) return std::nullopt;
  return places;
}

/// not_found if it is nothing of that kind.
std::optional<Problem> take_place(std::string_view place,
                                  std::string_view value, Call& call) {
  if (place != "{id}") {
    // An id looks like a name.
    if (!events::is_member_name(value))
      return Problem{
          ProblemType::not_found,
          fmt::format("{} is neither a name nor an id", shown(value))};
    (place == "{node}" ? call.node : call.vm) = value;
    return std::nullopt;
  }
  auto id = Id::parse_hex(value);
  if (!id)
    return Problem{
        ProblemType::not_found,
        fmt::format("{} is no id: it has 32 hexadecimal digits", shown(value))};
  call.id = *id;
  return std::nullopt;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

Answer<std::map<std::string, std::string>> read_parameters(
    std::string_view query) {
  std::map<std::string, std::string> parameters;
  while (!query.empty()) {
    auto end = std::min(query.find('&'), query.size());
    auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return bad(fmt::format("{} is no name=value", shown(pair)));
    auto [known, is_new] =
        parameters.emplace(pair.substr(0, equals), pair.substr(equals + 1));
    if (!is_new)
      return bad(
          fmt::format("the parameter {} is given twice", shown(known->first)));
  }
  return parameters;
}

/// A parameter's number; `otherwise` if it is not given.
Answer<std::uint64_t> number_of(
    const std::map<std::string, std::string>& parameters, const char* name,
    std::uint64_t otherwise) {
  auto found = parameters.find(name);
  if (found == parameters.end()) return otherwise;
  if (auto number = read_number(found->second)) return *number;
  return bad(fmt::format("the parameter {} is {}, which is no number", name,
                         shown(found->second)));
}

std::optional<Problem> refuse_unknown(
    const std::map<std::string, std::string>& parameters,
    std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : parameters)
    if (std::find(known.begin(), known.end(), name) == known.end())
      return bad(fmt::format("there is no parameter {} here", shown(name)));
  return std::nullopt;
}

bool takes_body(Endpoint endpoint) {
  return endpoint == Endpoint::propose || endpoint == Endpoint::pairing_offer ||
         endpoint == Endpoint::pairing_approve ||
         endpoint == Endpoint::pairing_door || endpoint == Endpoint::vm_stop ||
         endpoint == Endpoint::image_add || endpoint == Endpoint::placement ||
         endpoint == Endpoint::fleet_order;
}

bool is_json(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find_first_of("; \t"));
  constexpr std::string_view json = "application/json";
  auto is_same = [](char one, char other) {
    bool is_capital = one >= 'A' && one <= 'Z';
    return (is_capital ? one - 'A' + 'a' : one) == other;
  };
  return std::equal(type.begin(), type.end(), json.begin(), json.end(),
                    is_same);
}

}  // namespace

std::span<const Route> routes() { return all_routes; }

std::string allowed_methods(std::string_view target) {
  auto path = target.substr(0, target.find('?'));
  std::string methods;
  for (const auto& route : all_routes)
    if (match(route.path, path))
      methods += (methods.empty() ? "" : ", ") + std::string{route.method};
  return methods;
}

Answer<Call> read_call(std::string_view method, std::string_view target) {
  auto question = target.find('?');
  auto path = target.substr(0, question);
  Call call;
  Places places;
  for (const auto& route : all_routes)
    if (auto matched = match(route.path, path);
        matched && route.method == method) {
      call.route = &route;
      places = std::move(*matched);
    }
  if (call.route == nullptr) {
    if (auto methods = allowed_methods(target); !methods.empty())
      return Problem{ProblemType::method_not_allowed,
                     fmt::format("{} has {}", shown(path), methods)};
    return Problem{ProblemType::not_found,
                   fmt::format("there is no {} here", shown(path))};
  }
  for (const auto& [place, value] : places)
    if (auto problem = take_place(place, value, call)) return *problem;
  if (question == std::string_view::npos) return call;
  auto parameters = read_parameters(target.substr(question + 1));
  if (auto* problem = std::get_if<Problem>(&parameters)) return *problem;
  call.parameters =
      std::move(std::get<std::map<std::string, std::string>>(parameters));
  bool takes_any = call.route->endpoint == Endpoint::entries ||
                   call.route->endpoint == Endpoint::stream ||
                   call.route->endpoint == Endpoint::vm_console_log ||
                   call.route->endpoint == Endpoint::fleet_console_log;
  if (!takes_any)
    if (auto problem = refuse_unknown(call.parameters, {})) return *problem;
  return call;
}

std::optional<Problem> refuse_body(const Route& route,
                                   std::string_view content_type,
                                   std::string_view body) {
  if (body.empty()) return std::nullopt;
  if (!takes_body(route.endpoint))
    return bad("this request goes without a body");
  if (!is_json(content_type))
    return bad("a body needs Content-Type: application/json");
  return std::nullopt;
}

Answer<EntryRange> read_range(
    const std::map<std::string, std::string>& parameters, std::uint64_t size) {
  if (auto problem = refuse_unknown(parameters, {"from", "limit", "last"}))
    return *problem;
  auto limit = number_of(parameters, "limit", entries_default);
  auto from = number_of(parameters, "from", 0);
  auto last = number_of(parameters, "last", 0);
  for (const auto* answer : {&limit, &from, &last})
    if (const auto* problem = std::get_if<Problem>(answer)) return *problem;
  EntryRange range{std::get<std::uint64_t>(from),
                   std::get<std::uint64_t>(limit)};
  if (parameters.contains("last")) {
    if (parameters.contains("from") || parameters.contains("limit"))
      return bad("'last' goes neither with 'from' nor with 'limit'");
    range.limit = std::get<std::uint64_t>(last);
    range.from = size - std::min(size, range.limit);
  }
  if (range.limit == 0 || range.limit > entries_max)
    return bad(fmt::format("from 1 to {} entries can be asked for at a time",
                           entries_max));
  return range;
}

Answer<ConsoleRange> read_console_range(
    const std::map<std::string, std::string>& parameters) {
  if (auto problem = refuse_unknown(parameters, {"from", "limit"}))
    return *problem;
  auto limit = number_of(parameters, "limit", console_bytes_default);
  auto from = number_of(parameters, "from", 0);
  for (const auto* answer : {&limit, &from})
    if (const auto* problem = std::get_if<Problem>(answer)) return *problem;
  ConsoleRange range{std::get<std::uint64_t>(from),
                     std::get<std::uint64_t>(limit)};
  if (range.limit == 0 || range.limit > console_bytes_max)
    return bad(fmt::format("from 1 to {} bytes can be asked for at a time",
                           console_bytes_max));
  return range;
}

Answer<std::optional<std::uint64_t>> read_stream_begin(
    const std::map<std::string, std::string>& parameters,
    std::string_view last_event_id) {
  if (auto problem = refuse_unknown(parameters, {"from"})) return *problem;
  if (!last_event_id.empty()) {
    auto last = read_number(last_event_id);
    if (!last || *last == std::numeric_limits<std::uint64_t>::max())
      return bad("Last-Event-ID is no sequence");
    return *last + 1;
  }
  if (!parameters.contains("from")) return std::nullopt;
  auto from = number_of(parameters, "from", 0);
  if (const auto* problem = std::get_if<Problem>(&from)) return *problem;
  return std::get<std::uint64_t>(from);
}

}  // namespace ppn::runtime
