// The rights of a grant by their names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/capability_generated.h"

namespace ppn::schema {

/// In the order of the schema.
inline std::vector<std::string> names_of(Right rights) {
  std::vector<std::string> names;
  for (auto right : EnumValuesRight())
    if ((rights & right) == right) names.emplace_back(EnumNameRight(right));
  return names;
}

inline std::optional<Right> read_right(std::string_view name) {
  for (auto right : EnumValuesRight())
    if (name == EnumNameRight(right)) return right;
  return std::nullopt;
}

/// The names of all there are.
inline std::vector<std::string> right_names() {
  Right all{};
  for (auto right : EnumValuesRight()) all |= right;
  return names_of(all);
}

}  // namespace ppn::schema
