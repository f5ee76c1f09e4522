#include "runtime/api_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>

#include "schema/plain_text.hpp"
#include "schema/right_text.hpp"

namespace ppn::runtime {

namespace {

using schema::Json;

constexpr std::array all_routes{
    Route{"GET", "/healthz", Endpoint::health, Access::read},
    Route{"GET", "/metrics", Endpoint::metrics, Access::read},
    Route{"GET", "/v1/status", Endpoint::status, Access::read},
    Route{"GET", "/v1/state", Endpoint::state, Access::read},
    Route{"GET", "/v1/ledger", Endpoint::ledger, Access::read},
    Route{"GET", "/v1/ledger/entries", Endpoint::entries, Access::read},
    Route{"GET", "/v1/ledger/stream", Endpoint::stream, Access::read},
    Route{"GET", "/v1/proposals", Endpoint::proposals, Access::read},
    Route{"POST", "/v1/proposals", Endpoint::propose, Access::commit},
    Route{"GET", "/v1/proposals/{id}", Endpoint::proposal, Access::read},
    Route{"POST", "/v1/proposals/{id}/commit", Endpoint::commit,
          Access::commit},
    Route{"POST", "/v1/proposals/{id}/reject", Endpoint::reject,
          Access::commit},
};

constexpr std::string_view id_place = "{id}";
constexpr std::uint64_t entries_default = 100;
constexpr std::uint64_t entries_max = 1000;
constexpr std::uint64_t grant_seconds_max = 10ULL * 366 * 24 * 3600;
constexpr std::size_t text_max = 256;

Problem bad(std::string detail) {
  return {ProblemType::bad_request, std::move(detail)};
}

/// What is said of text from outside.
std::string shown(std::string_view text) {
  constexpr std::size_t shown_max = 80;
  return Json(std::string{text.substr(0, shown_max)})
      .dump(-1, ' ', true, Json::error_handler_t::replace);
}

/// What {id} stands for; nothing if the path is none of the route's.
std::optional<std::string_view> match(std::string_view pattern,
                                      std::string_view path) {
  auto place = pattern.find(id_place);
  if (place == std::string_view::npos)
    return pattern == path ? std::optional{std::string_view{}} : std::nullopt;
  auto before = pattern.substr(0, place);
  auto after = pattern.substr(place + id_place.size());
  if (path.size() <= before.size() + after.size() ||
      !path.starts_with(before) || !path.ends_with(after))
    return std::nullopt;
  auto id =
      path.substr(before.size(), path.size() - before.size() - after.size());
  if (id.find('/') != std::string_view::npos) return std::nullopt;
  return id;
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

/// Whether it reads as something else than it is.
bool has_hidden(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(1))
    if (schema::hidden_bytes(text) != 0) return true;
  return false;
}

/// JSON no deeper than any body of this API, since what is deep takes much of
/// the stack, and no name twice in an object, of which another reader may take
/// the other one.
Answer<Json> read_json(std::string_view text) {
  constexpr int depth_max = 8;
  std::array<std::set<std::string>, depth_max + 1> names;
  std::string problem;
  auto look = [&](int depth, Json::parse_event_t event, const Json& parsed) {
    if (!problem.empty()) return false;
    if (depth >= depth_max)
      problem = fmt::format("the body is nested deeper than {}", depth_max);
    else if (event == Json::parse_event_t::object_start)
      names.at(static_cast<std::size_t>(depth) + 1).clear();
    else if (event == Json::parse_event_t::key &&
             !names.at(static_cast<std::size_t>(depth))
                  .insert(parsed.get<std::string>())
                  .second)
      problem = fmt::format("the field {} is given twice",
                            shown(parsed.get<std::string>()));
    return problem.empty();
  };
  auto json = Json::parse(text, look, false);
  if (!problem.empty()) return bad(problem);
  if (!json.is_object()) return bad("the body is no JSON object");
  return json;
}

/// The fields of a change, each read once and then crossed off.
class ChangeReader {
 public:
  explicit ChangeReader(const Json& change) : left_(change) {}

  Answer<ChangeWish> read() {
    auto kind = text("kind");
    ChangeWish wish;
    if (kind == "grant")
      wish = grant();
    else if (kind == "revoke")
      wish.change = actors::RevokeWish{*id("grant", true), text("reason")};
    else
      complain("'kind' must be grant or revoke");
    if (problem_.empty() && !left_.empty())
      complain(fmt::format("there is no field {} in a {}",
                           shown(left_.items().begin().key()), kind));
    if (!problem_.empty()) return bad(problem_);
    return wish;
  }

 private:
  ChangeWish grant() {
    events::GrantWish grant;
    grant.subject = name("subject");
    grant.resource = name("resource");
    grant.rights = rights();
    grant.parent = id("parent", false);
    return {grant, seconds()};
  }

  Json take(const char* name) {
    auto found = left_.find(name);
    if (found == left_.end()) return {};
    auto value = *found;
    left_.erase(name);
    return value;
  }

  /// What stands in the middle of a sentence must not read as more of it.
  std::string name(const char* field) {
    auto read = text(field);
    auto is_allowed = [](char letter) {
      return (letter >= 'a' && letter <= 'z') ||
             (letter >= 'A' && letter <= 'Z') ||
             (letter >= '0' && letter <= '9') ||
             std::string_view{"._:/@+-"}.find(letter) != std::string_view::npos;
    };
    if (!std::all_of(read.begin(), read.end(), is_allowed))
      complain(fmt::format(
          "'{}' must be a name: letters of ASCII, digits and . _ : / @ + -",
          field));
    return read;
  }

  std::string text(const char* name) {
    auto value = take(name);
    if (!value.is_string() || value.get_ref<std::string&>().empty() ||
        value.get_ref<std::string&>().size() > text_max) {
      complain(
          fmt::format("'{}' must be a text of 1 to {} bytes", name, text_max));
      return {};
    }
    auto read = value.get<std::string>();
    if (has_hidden(read))
      complain(
          fmt::format("'{}' has a control character, or one that does not "
                      "show",
                      name));
    return read;
  }

  std::optional<Id> id(const char* name, bool required) {
    auto value = take(name);
    auto read = value.is_string() ? Id::parse_hex(value.get<std::string>())
                                  : std::optional<Id>{};
    if (!read && (required || !value.is_null()))
      complain(fmt::format("'{}' must be an id, 32 hexadecimal digits", name));
    if (!read && required) return Id{};
    return read;
  }

  schema::Right rights() {
    schema::Right all{};
    auto list = take("rights");
    if (!list.is_array() || list.empty())
      complain(fmt::format("'rights' must be an array of {}",
                           fmt::join(schema::right_names(), ", ")));
    for (const auto& item : list) {
      auto right = item.is_string()
                       ? schema::read_right(item.get<std::string>())
                       : std::nullopt;
      if (!right)
        complain(fmt::format("'rights' has what is none of {}",
                             fmt::join(schema::right_names(), ", ")));
      else
        all |= *right;
    }
    return all;
  }

  std::optional<std::uint64_t> seconds() {
    auto value = take("seconds");
    if (value.is_null()) return std::nullopt;
    auto number = value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
    if (number == 0 || number > grant_seconds_max)
      complain("'seconds' must be a number from 1 to ten years");
    return number;
  }

  void complain(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }

  Json left_;
  std::string problem_;
};

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
  std::string_view id;
  for (const auto& route : all_routes)
    if (auto matched = match(route.path, path);
        matched && route.method == method) {
      call.route = &route;
      id = *matched;
    }
  if (call.route == nullptr) {
    if (auto methods = allowed_methods(target); !methods.empty())
      return Problem{ProblemType::method_not_allowed,
                     fmt::format("{} has {}", shown(path), methods)};
    return Problem{ProblemType::not_found,
                   fmt::format("there is no {} here", shown(path))};
  }
  if (!id.empty()) {
    auto read = Id::parse_hex(id);
    if (!read)
      return Problem{
          ProblemType::not_found,
          fmt::format("{} is no id: it has 32 hexadecimal digits", shown(id))};
    call.id = *read;
  }
  if (question == std::string_view::npos) return call;
  auto parameters = read_parameters(target.substr(question + 1));
  if (auto* problem = std::get_if<Problem>(&parameters)) return *problem;
  call.parameters =
      std::move(std::get<std::map<std::string, std::string>>(parameters));
  bool takes_any = call.route->endpoint == Endpoint::entries ||
                   call.route->endpoint == Endpoint::stream;
  if (!takes_any)
    if (auto problem = refuse_unknown(call.parameters, {})) return *problem;
  return call;
}

std::optional<Problem> refuse_body(const Route& route,
                                   std::string_view content_type,
                                   std::string_view body) {
  if (body.empty()) return std::nullopt;
  if (route.endpoint != Endpoint::propose)
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

Answer<ChangeWish> read_change(std::string_view body) {
  auto read = read_json(body);
  if (const auto* problem = std::get_if<Problem>(&read)) return *problem;
  const auto& json = std::get<Json>(read);
  auto change = json.find("change");
  if (change == json.end() || !change->is_object() || json.size() != 1)
    return bad("the body must have one field, 'change', an object");
  return ChangeReader{*change}.read();
}

}  // namespace ppn::runtime
