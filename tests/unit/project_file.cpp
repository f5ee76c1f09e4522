#include "tests/unit/project_file.hpp"

#include "store/files.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

std::string project_file(const std::string& path) {
  constexpr std::size_t size_max = std::size_t{1} << 20U;
  return must(
      store::read_file(std::string{PPN_SOURCE_DIR "/"} + path, size_max));
}

}  // namespace ppn::tests
