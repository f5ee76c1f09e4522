#include "tests/bench/scratch.hpp"

#include <cstdlib>
#include <system_error>

#include "tests/bench/failure.hpp"

namespace ppn::bench {

ScratchDirectory::ScratchDirectory(const std::filesystem::path& parent,
                                   const std::string& name) {
  std::filesystem::create_directories(parent);
  auto pattern =
      (std::filesystem::canonical(parent) / (name + ".XXXXXX")).string();
  require(::mkdtemp(pattern.data()) != nullptr,
          "make a directory in " + parent.string());
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ppn::bench
