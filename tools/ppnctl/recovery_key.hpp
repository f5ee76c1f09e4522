// The key by which the operator stands above the authority of a mesh. No node
// ever has it: only its public half leaves this program unseen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/recovery_statement.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

class RecoveryKey {
 public:
  static Result<RecoveryKey> make();

  /// The one that was written down as these words.
  static Result<RecoveryKey> of_words(std::string_view text);

  [[nodiscard]] PublicKey public_half() const;
  /// Its consent.
  [[nodiscard]] Signature sign(
      const schema::RecoveryStatement& statement) const;
  [[nodiscard]] std::vector<std::string> words() const;

 private:
  struct Wipe {
    void operator()(std::uint8_t* memory) const;
  };
  /// Kept out of swap and core dumps, and wiped in the end.
  using Secret = std::unique_ptr<std::uint8_t[], Wipe>;

  explicit RecoveryKey(Secret seed) : seed_(std::move(seed)) {}
  /// Memory for one.
  static Result<RecoveryKey> blank();

  Secret seed_;
};

}  // namespace ppn::ctl
