#include "schema/reflection_json.hpp"

#include <flatbuffers/reflection.h>

#include <algorithm>

#include "schema/entry_bfbs_generated.h"
#include "schema/state_bfbs_generated.h"

namespace ppn::schema {

namespace {

using reflection::BaseType;

class Walker {
 public:
  explicit Walker(const reflection::Schema& schema) : schema_(schema) {}

  [[nodiscard]] Json table(const flatbuffers::Table& table,
                           const reflection::Object& object) const {
    auto json = Json::object();
    for (const auto* field : in_order(object))
      if (auto value = table_field(table, *field); !value.is_null())
        json[field->name()->str()] = std::move(value);
    return json;
  }

 private:
  using Fields = std::vector<const reflection::Field*>;

  /// Schemas list fields by name; people expect them as they were declared.
  static Fields in_order(const reflection::Object& object) {
    Fields fields{object.fields()->begin(), object.fields()->end()};
    std::sort(fields.begin(), fields.end(),
              [](const auto* a, const auto* b) { return a->id() < b->id(); });
    return fields;
  }

  [[nodiscard]] const reflection::Object& object_of(
      const reflection::Type& type) const {
    return *schema_.objects()->Get(
        static_cast<flatbuffers::uoffset_t>(type.index()));
  }

  [[nodiscard]] Json table_field(const flatbuffers::Table& table,
                                 const reflection::Field& field) const {
    const auto& type = *field.type();
    switch (type.base_type()) {
      case BaseType::String: {
        const auto* text = flatbuffers::GetFieldS(table, field);
        return text == nullptr ? Json{} : Json(text->str());
      }
      case BaseType::Vector:
        return vector_field(table, field);
      case BaseType::Obj:
        return object_field(table, field);
      case BaseType::Union:
        return union_field(table, field);
      default:
        return scalar(type, flatbuffers::GetAnyFieldI(table, field));
    }
  }

  [[nodiscard]] Json object_field(const flatbuffers::Table& table,
                                  const reflection::Field& field) const {
    const auto& object = object_of(*field.type());
    if (object.is_struct()) {
      const auto* content = flatbuffers::GetFieldStruct(table, field);
      return content == nullptr ? Json{} : structure(*content, object);
    }
    const auto* content = flatbuffers::GetFieldT(table, field);
    return content == nullptr ? Json{} : this->table(*content, object);
  }

  [[nodiscard]] Json union_field(const flatbuffers::Table& table,
                                 const reflection::Field& field) const {
    const auto* content = flatbuffers::GetFieldT(table, field);
    if (content == nullptr) return {};
    auto type = union_type(table, field);
    const auto* members =
        schema_.enums()
            ->Get(static_cast<flatbuffers::uoffset_t>(field.type()->index()))
            ->values();
    const auto* member = members->LookupByKey(type);
    if (member == nullptr || member->union_type() == nullptr) return {};
    return this->table(*content, object_of(*member->union_type()));
  }

  /// The field that says which member a union holds has the id before it.
  static std::int64_t union_type(const flatbuffers::Table& table,
                                 const reflection::Field& field) {
    auto offset = static_cast<flatbuffers::voffset_t>(
        field.offset() - sizeof(flatbuffers::voffset_t));
    return table.GetField<std::uint8_t>(offset, 0);
  }

  [[nodiscard]] Json vector_field(const flatbuffers::Table& table,
                                  const reflection::Field& field) const {
    const auto& type = *field.type();
    if (type.element() == BaseType::UByte && type.index() < 0) {
      const auto* bytes = flatbuffers::GetFieldV<std::uint8_t>(table, field);
      return bytes == nullptr ? Json{}
                              : Json(to_hex({bytes->data(), bytes->size()}));
    }
    if (type.element() != BaseType::Obj) return {};
    const auto& object = object_of(type);
    const auto* tables =
        flatbuffers::GetFieldV<flatbuffers::Offset<flatbuffers::Table>>(table,
                                                                        field);
    if (tables == nullptr) return {};
    return table_vector(*tables, object);
  }

  [[nodiscard]] Json table_vector(
      const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::Table>>&
          tables,
      const reflection::Object& object) const {
    const reflection::Field* key = nullptr;
    for (const auto* field : *object.fields())
      if (field->key()) key = field;
    auto json = key == nullptr ? Json::array() : Json::object();
    for (const auto* table : tables) {
      auto item = this->table(*table, object);
      if (key == nullptr) {
        json.push_back(std::move(item));
        continue;
      }
      auto name = item.value(key->name()->str(), std::string{});
      item.erase(key->name()->str());
      json[name] = std::move(item);
    }
    return json;
  }

  [[nodiscard]] Json structure(const flatbuffers::Struct& content,
                               const reflection::Object& object) const {
    auto fields = in_order(object);
    // A struct of bytes alone is a fixed byte string.
    if (fields.size() == 1 && fields[0]->type()->base_type() == BaseType::Array)
      return to_hex(
          {content.GetStruct<const std::uint8_t*>(fields[0]->offset()),
           fields[0]->type()->fixed_length()});
    auto json = Json::object();
    for (const auto* field : fields)
      json[field->name()->str()] =
          scalar(*field->type(), flatbuffers::GetAnyFieldI(content, *field));
    return json;
  }

  [[nodiscard]] Json scalar(const reflection::Type& type,
                            std::int64_t value) const {
    if (type.index() >= 0) return enumerated(type, value);
    switch (type.base_type()) {
      case BaseType::Bool:
        return value != 0;
      case BaseType::ULong:
        return static_cast<std::uint64_t>(value);
      default:
        return value;
    }
  }

  [[nodiscard]] Json enumerated(const reflection::Type& type,
                                std::int64_t value) const {
    const auto* names =
        schema_.enums()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
    bool is_set = names->attributes() != nullptr &&
                  names->attributes()->LookupByKey("bit_flags") != nullptr;
    if (!is_set) {
      const auto* name = names->values()->LookupByKey(value);
      return name == nullptr ? Json(value) : Json(name->name()->str());
    }
    auto set = Json::array();
    for (const auto* flag : *names->values())
      if ((value & flag->value()) != 0) set.push_back(flag->name()->str());
    return set;
  }

  const reflection::Schema& schema_;
};

}  // namespace

Json to_json(ByteView buffer, const std::uint8_t* binary_schema) {
  const auto& schema = *reflection::GetSchema(binary_schema);
  const auto& root = *flatbuffers::GetAnyRoot(buffer.data());
  return Walker{schema}.table(root, *schema.root_table());
}

Json entry_to_json(ByteView entry) {
  return to_json(entry, schema::EntryBinarySchema::data());
}

Json state_to_json(ByteView state) {
  return to_json(state, schema::StateBinarySchema::data());
}

std::vector<std::string> event_names() {
  const auto& schema =
      *reflection::GetSchema(schema::EntryBinarySchema::data());
  const auto* events = schema.enums()->LookupByKey("ppn.schema.Event");
  std::vector<std::string> names;
  for (const auto* event : *events->values())
    if (event->value() != 0) names.push_back(event->name()->str());
  return names;
}

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

namespace {

/// A stranger's text must not command the terminal it is shown on.
std::string printable(const std::string& text) {
  bool plain = std::all_of(text.begin(), text.end(),
                           [](char c) { return c >= ' ' && c <= '~'; });
  if (plain) return text;
  return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

std::string summary(const Json& json) {
  if (json.is_string()) return printable(json.get<std::string>());
  std::string line;
  if (json.is_array()) {
    for (const auto& item : json)
      line += (line.empty() ? "" : ",") + summary(item);
    return line;
  }
  if (!json.is_object()) return compact(json);
  for (const auto& [name, value] : json.items()) {
    if (!line.empty()) line += ' ';
    line += name + "=" +
            (value.is_object() ? "{" + summary(value) + "}" : summary(value));
  }
  return line;
}

}  // namespace ppn::schema
