// What there may not be, in documents: null.
#pragma once

#include <optional>
#include <string_view>

#include "schema/reflection_json.hpp"

namespace ppn::runtime {

template <class T>
schema::Json or_null(const std::optional<T>& value) {
  return value ? schema::Json(*value) : schema::Json();
}

/// Null if it is empty.
inline schema::Json text_or_null(std::string_view text) {
  return text.empty() ? schema::Json() : schema::Json(text);
}

}  // namespace ppn::runtime
