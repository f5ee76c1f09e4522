#include "actors/rare_path.hpp"

namespace ppn::actors {

std::array<std::atomic<std::uint64_t>, rare_path_names.size()>&
rare_path_counts() {
  static std::array<std::atomic<std::uint64_t>, rare_path_names.size()> counts;
  return counts;
}

}  // namespace ppn::actors
