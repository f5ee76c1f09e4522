// What is asked of a benchmark that has parts.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace ppn::bench {

struct Wishes {
  bool json = false;
  bool quick = false;
  /// All parts if none is named.
  std::vector<std::string> only;

  [[nodiscard]] bool has(const std::string& part) const {
    return only.empty() ||
           std::find(only.begin(), only.end(), part) != only.end();
  }
};

}  // namespace ppn::bench
