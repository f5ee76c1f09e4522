// Reads documents field by field, so that nothing is used before it was
// checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/answer.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// The fields of a document. The first fault sticks; what is read after it is
/// empty and not to be used.
class Fields {
 public:
  using Json = schema::Json;

  Fields(const Json& document, const char* schema);

  std::string text(const char* name) { return text(document_, name); }
  std::string text(const Json& object, const char* name);
  /// Nothing if it is null.
  std::optional<std::string> text_or_null(const char* name) {
    return text_or_null(document_, name);
  }
  std::optional<std::string> text_or_null(const Json& object, const char* name);

  std::uint64_t number(const char* name) { return number(document_, name); }
  std::uint64_t number(const Json& object, const char* name);

  /// Nothing if it is null.
  std::optional<std::uint64_t> number_or_null(const Json& object,
                                              const char* name);

  bool flag(const Json& object, const char* name);

  /// In nanoseconds since 1970; nothing if it is null.
  std::optional<std::int64_t> time_or_null(const char* name) {
    return time_or_null(document_, name);
  }
  std::optional<std::int64_t> time_or_null(const Json& object,
                                           const char* name);

  /// Null unless it is there.
  const Json& object(const char* name) { return object(document_, name); }
  const Json& object(const Json& object, const char* name);
  /// Null unless it is there, or if it is null.
  const Json& object_or_null(const char* name) {
    return object_or_null(document_, name);
  }
  const Json& object_or_null(const Json& object, const char* name);
  const Json& array(const char* name) { return array(document_, name); }
  const Json& array(const Json& object, const char* name);

  std::vector<std::string> texts(const char* name) {
    return texts(document_, name);
  }
  std::vector<std::string> texts(const Json& object, const char* name);

  void complain(const char* name, const char* kind);

  [[nodiscard]] const std::string& fault() const { return fault_; }

  /// What was read, unless there was a fault.
  template <class T>
  Result<T> unless_faulty(T value) const {
    if (!fault_.empty()) return not_understood(fault_);
    return value;
  }

 private:
  const Json& find(const Json& object, const char* name,
                   bool (Json::*is_kind)() const noexcept, const char* kind);
  static bool is_null(const Json& object, const char* name);

  const Json& document_;
  std::string fault_;
};

}  // namespace ppn::ctl
