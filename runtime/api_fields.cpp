#include "runtime/api_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "schema/plain_text.hpp"

namespace ppn::runtime {

namespace {

using schema::Json;

constexpr std::size_t text_max = 256;

Problem bad(std::string detail) {
  return {ProblemType::bad_request, std::move(detail)};
}

/// Whether it reads as something else than it is.
bool has_hidden(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(1))
    if (schema::hidden_bytes(text) != 0) return true;
  return false;
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t shown_max = 80;
  return Json(std::string{text.substr(0, shown_max)})
      .dump(-1, ' ', true, Json::error_handler_t::replace);
}

// What is deep takes much of the stack, and of a name that is there twice
// another reader may take the other one.
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

std::optional<Problem> FieldReader::finish(std::string_view what) {
  if (problem_.empty() && !left_.empty())
    complain(fmt::format("there is no field {} in a {}",
                         shown(left_.items().begin().key()), what));
  if (problem_.empty()) return std::nullopt;
  return bad(problem_);
}

Json FieldReader::take(const char* field) {
  auto found = left_.find(field);
  if (found == left_.end()) return {};
  auto value = *found;
  left_.erase(field);
  return value;
}

std::string FieldReader::text(const char* field) {
  auto value = take(field);
  if (!value.is_string() || value.get_ref<std::string&>().empty() ||
      value.get_ref<std::string&>().size() > text_max) {
    complain(
        fmt::format("'{}' must be a text of 1 to {} bytes", field, text_max));
    return {};
  }
  auto read = value.get<std::string>();
  if (has_hidden(read))
    complain(
        fmt::format("'{}' has a control character, or one that does not "
                    "show",
                    field));
  return read;
}

std::string FieldReader::name(const char* field) {
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

std::optional<Id> FieldReader::id(const char* field, bool required) {
  auto value = take(field);
  auto read = value.is_string() ? Id::parse_hex(value.get<std::string>())
                                : std::optional<Id>{};
  if (!read && (required || !value.is_null()))
    complain(fmt::format("'{}' must be an id, 32 hexadecimal digits", field));
  if (!read && required) return Id{};
  return read;
}

std::string FieldReader::name_or_empty(const char* field) {
  auto found = left_.find(field);
  if (found != left_.end() && !found->is_null()) return name(field);
  take(field);
  return {};
}

bool FieldReader::flag(const char* field) {
  return flag_or_nothing(field).value_or(false);
}

std::optional<bool> FieldReader::flag_or_nothing(const char* field) {
  auto value = take(field);
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_null())
    complain(fmt::format("'{}' must be true or false", field));
  return std::nullopt;
}

std::optional<PublicKey> FieldReader::key(const char* field) {
  auto value = take(field);
  auto read = value.is_string() ? PublicKey::parse_hex(value.get<std::string>())
                                : std::optional<PublicKey>{};
  if (!read)
    complain(fmt::format("'{}' must be a key, 64 hexadecimal digits", field));
  return read;
}

std::optional<Signature> FieldReader::signature(const char* field) {
  auto value = take(field);
  auto read = value.is_string() ? Signature::parse_hex(value.get<std::string>())
                                : std::optional<Signature>{};
  if (!read)
    complain(
        fmt::format("'{}' must be a signature, 128 hexadecimal digits", field));
  return read;
}

std::optional<std::uint64_t> FieldReader::number(const char* field) {
  auto value = take(field);
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  complain(fmt::format("'{}' must be a number", field));
  return std::nullopt;
}

std::optional<std::uint32_t> FieldReader::number_within(const char* field,
                                                        std::uint32_t min,
                                                        std::uint32_t max) {
  auto value = take(field);
  if (value.is_null()) return std::nullopt;
  bool is_within = value.is_number_unsigned() &&
                   value.get<std::uint64_t>() >= min &&
                   value.get<std::uint64_t>() <= max;
  if (is_within) return value.get<std::uint32_t>();
  complain(fmt::format("'{}' must be a number from {} to {}", field, min, max));
  return std::nullopt;
}

std::optional<events::IpRange> FieldReader::range(const char* field,
                                                  bool required) {
  auto value = take(field);
  auto read = value.is_string()
                  ? events::IpRange::parse(value.get<std::string>())
                  : std::optional<events::IpRange>{};
  if (!read && (required || !value.is_null()))
    complain(
        fmt::format("'{}' must be a range of addresses such as "
                    "10.8.0.0/24",
                    field));
  return read;
}

std::vector<events::Endpoint> FieldReader::endpoints(const char* field) {
  auto list = take(field);
  std::vector<events::Endpoint> endpoints;
  if (list.is_null()) return endpoints;
  if (!list.is_array())
    complain(fmt::format("'{}' must be an array of endpoints", field));
  for (const auto& item : list) {
    auto endpoint = item.is_string()
                        ? events::Endpoint::parse(item.get<std::string>())
                        : std::optional<events::Endpoint>{};
    if (endpoint)
      endpoints.push_back(*endpoint);
    else
      complain(
          fmt::format("'{}' has what is no endpoint: one is an address "
                      "and a port, 192.0.2.1:51820 or [2001:db8::1]:51820",
                      field));
  }
  return endpoints;
}

std::optional<events::IpAddress> FieldReader::address(const char* field) {
  auto value = take(field);
  auto read = value.is_string()
                  ? events::IpAddress::parse(value.get<std::string>())
                  : std::optional<events::IpAddress>{};
  if (!read && !value.is_null())
    complain(fmt::format("'{}' must be an address, 192.0.2.1 or 2001:db8::1",
                         field));
  return read;
}

std::optional<events::Endpoint> FieldReader::address_and_port(
    const char* field) {
  auto value = take(field);
  if (value.is_null()) return std::nullopt;
  auto text = value.is_string() ? value.get<std::string>() : std::string{};
  if (auto address = events::IpAddress::parse(text))
    return events::Endpoint{*address, 0};
  auto endpoint = events::Endpoint::parse(text);
  if (!endpoint)
    complain(
        fmt::format("'{}' must be an address, 192.0.2.1 or 2001:db8::1, or one "
                    "with a port, 192.0.2.1:9205 or [2001:db8::1]:9205",
                    field));
  return endpoint;
}

void FieldReader::complain(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
}

}  // namespace ppn::runtime
