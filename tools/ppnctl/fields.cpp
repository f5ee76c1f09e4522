#include "tools/ppnctl/fields.hpp"

#include <fmt/format.h>

#include "schema/time_text.hpp"

namespace ppn::ctl {

Fields::Fields(const Json& document, const char* schema) : document_(document) {
  if (auto given = text(document, "schema"); fault_.empty() && given != schema)
    fault_ = fmt::format("it is a '{}' and not a '{}'", given, schema);
}

std::string Fields::text(const Json& object, const char* name) {
  const auto& value = find(object, name, &Json::is_string, "text");
  return value.is_string() ? value.get<std::string>() : std::string{};
}

std::optional<std::string> Fields::text_or_null(const Json& object,
                                                const char* name) {
  if (is_null(object, name)) return std::nullopt;
  return text(object, name);
}

std::uint64_t Fields::number(const Json& object, const char* name) {
  const auto& value =
      find(object, name, &Json::is_number_unsigned, "a whole number");
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::optional<std::uint64_t> Fields::number_or_null(const Json& object,
                                                    const char* name) {
  if (is_null(object, name)) return std::nullopt;
  return number(object, name);
}

bool Fields::flag(const Json& object, const char* name) {
  const auto& value = find(object, name, &Json::is_boolean, "true or false");
  return value.is_boolean() && value.get<bool>();
}

std::optional<std::int64_t> Fields::time_or_null(const Json& object,
                                                 const char* name) {
  if (is_null(object, name)) return std::nullopt;
  auto time = schema::parse_time(text(object, name));
  if (!time) complain(name, "a time");
  return time;
}

const schema::Json& Fields::object(const Json& object, const char* name) {
  return find(object, name, &Json::is_object, "an object");
}

const schema::Json& Fields::object_or_null(const Json& object,
                                           const char* name) {
  if (is_null(object, name)) return object.at(name);
  return this->object(object, name);
}

const schema::Json& Fields::array(const Json& object, const char* name) {
  return find(object, name, &Json::is_array, "an array");
}

std::vector<std::string> Fields::texts(const Json& object, const char* name) {
  std::vector<std::string> texts;
  for (const auto& item : array(object, name)) {
    if (item.is_string())
      texts.push_back(item.get<std::string>());
    else
      complain(name, "an array of text");
  }
  return texts;
}

void Fields::complain(const char* name, const char* kind) {
  if (fault_.empty())
    fault_ = fmt::format("its field '{}' is not {}", name, kind);
}

const schema::Json& Fields::find(const Json& object, const char* name,
                                 bool (Json::*is_kind)() const noexcept,
                                 const char* kind) {
  static const Json nothing;
  if (!object.is_object() || !object.contains(name)) {
    if (fault_.empty()) fault_ = fmt::format("it has no field '{}'", name);
    return nothing;
  }
  const auto& value = object.at(name);
  if ((value.*is_kind)()) return value;
  complain(name, kind);
  return nothing;
}

bool Fields::is_null(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) &&
         object.at(name).is_null();
}

}  // namespace ppn::ctl
