// What the fuzz targets share. A target is one function that is given bytes
// from outside; the input is bad only if a `require` in it fails, a sanitizer
// complains or something is thrown that nobody catches.
#pragma once

#include <string_view>

#include "schema/fixed_bytes.hpp"
#include "store/signing.hpp"

namespace ppn::fuzz {

/// Defined by each target.
void run(ByteView input);

/// Ends the process, in every build, if what must hold does not.
void require(bool holds, const char* what);

/// Signs what a fuzzer could not, so that the code behind the check of a
/// signature is reached.
const store::SigningKey& test_key();

/// Takes what a target needs from the front of an input; zeros once it is used
/// up.
class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] ByteView rest() const { return rest_; }

  /// At most `count` bytes.
  ByteView bytes(std::size_t count);
  /// Bytes behind their length as u16, as in an entry bundle.
  ByteView sized_bytes();
  std::uint64_t number(std::size_t bytes = 8);

  template <class Fixed>
  Fixed fixed() {
    Fixed value;
    auto taken = bytes(Fixed::size);
    std::copy(taken.begin(), taken.end(), value.bytes.begin());
    return value;
  }

 private:
  ByteView rest_;
};

}  // namespace ppn::fuzz
