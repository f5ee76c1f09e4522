// A directory that is made whole or not at all: filled under another name, then
// given its own. Ctrl-C leaves nothing behind.
#pragma once

#include <filesystem>

#include "store/result.hpp"

namespace ppn::tools {

class NewDirectory {
 public:
  /// bad_input if there is something at `path` already, io.
  static store::Result<NewDirectory> begin(const std::filesystem::path& path);

  NewDirectory(NewDirectory&& other) noexcept;
  NewDirectory& operator=(NewDirectory&&) = delete;
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;
  /// Removes what was not finished.
  ~NewDirectory();

  /// Where to put the content.
  [[nodiscard]] const std::filesystem::path& partial() const {
    return partial_;
  }

  /// Gives it its name, durably. io.
  store::Status finish();

 private:
  explicit NewDirectory(std::filesystem::path path);

  std::filesystem::path path_;
  std::filesystem::path partial_;
};

/// From now on Ctrl-C only sets what interrupted() says.
void note_interrupts();
bool interrupted();

}  // namespace ppn::tools
