// Arguments of a program as the system takes them.
#pragma once

#include <string>
#include <vector>

namespace ppn::runtime {

/// Good as long as nobody touches the words; the last one is null.
inline std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace ppn::runtime
