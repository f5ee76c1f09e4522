// libsodium's own verification rate with messages of the records' size: the
// limit for everything that checks signatures.
#pragma once

#include <sodium.h>

#include <array>
#include <vector>

#include "schema/fixed_bytes.hpp"

namespace ppn::bench {

class VerifyRate {
 public:
  /// Signs messages such as entries make.
  VerifyRate();

  /// Verifies `count` signatures on that many threads; signatures a second.
  [[nodiscard]] double measure(unsigned threads, std::size_t count) const;

  /// Mean size of a message in bytes.
  [[nodiscard]] double message_size() const;

 private:
  void verify(std::size_t count) const;

  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key_{};
  std::vector<Bytes> messages_;
  std::vector<Signature> signatures_;
};

}  // namespace ppn::bench
