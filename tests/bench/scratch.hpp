// A directory that is gone when its owner is.
#pragma once

#include <filesystem>
#include <string>

namespace ppn::bench {

class ScratchDirectory {
 public:
  /// A new directory below `parent` whose name begins with `name`.
  ScratchDirectory(const std::filesystem::path& parent,
                   const std::string& name);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ppn::bench
