// The fields of a proof file, which anybody may have written.
#pragma once

#include <optional>
#include <string>

#include "schema/reflection_json.hpp"
#include "store/tree.hpp"

namespace ppn::tools {

/// The first field that is wrong is remembered.
class FieldReader {
 public:
  explicit FieldReader(const schema::Json& json) : json_(json) {}

  std::string text(const char* name);
  std::uint64_t number(const char* name);
  Bytes bytes(const char* name);
  Hash hash(const char* name);
  store::Proof hashes(const char* name);

  /// The same in hexadecimal.
  store::Proof hex_hashes(const char* name);
  template <class Fixed>
  Fixed hex(const char* name) {
    auto read = Fixed::parse_hex(text(name));
    if (!read)
      miss(name, std::to_string(Fixed::size) + " bytes in hexadecimal");
    return read.value_or(Fixed{});
  }

  /// Whether it is there and not null.
  bool has(const char* name);

  /// Calls `read` with a reader of the object in that field.
  template <class Read>
  void object(const char* name, const char* wanted, Read read) {
    const auto* field = find(name);
    if (field == nullptr || !field->is_object()) return miss(name, wanted);
    FieldReader inner{*field};
    read(inner);
    if (problem_.empty()) problem_ = inner.problem_;
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  template <class Decode>
  store::Proof list_of_hashes(const char* name, Decode decode);

  const schema::Json* find(const char* name);
  void miss(const char* name, const std::string& wanted);

  const schema::Json& json_;
  std::string problem_;
};

}  // namespace ppn::tools
