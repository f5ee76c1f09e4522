// Text that nobody but its reader may see: it stands in memory that is kept out
// of swap and core dumps, and wiped in the end.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

class SecretInput {
 public:
  static constexpr std::size_t bytes_max = 4096;

  /// All of a file, or of standard input if it is `-`.
  static Result<SecretInput> of_file(const std::string& path);

  /// Asks on the terminal, which does not show what is typed there: lines until
  /// there is an empty one or `words` words. Fails without a terminal; with
  /// exit_interrupted after an interrupt.
  static Result<SecretInput> of_terminal(const std::string& question,
                                         std::size_t words);

  [[nodiscard]] std::string_view text() const { return {text_.get(), size_}; }

 private:
  struct Wipe {
    void operator()(char* memory) const;
  };

  SecretInput() = default;
  static Result<SecretInput> empty();
  /// False if there is no room for it.
  bool take(char letter);

  std::unique_ptr<char[], Wipe> text_;
  std::size_t size_ = 0;
};

}  // namespace ppn::ctl
