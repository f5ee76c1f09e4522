// What the tests of ceremonies begin with.
#pragma once

#include <memory>

#include "actors/pairing_exchange.hpp"
#include "tests/support/random.hpp"

namespace ppn::tests {

/// The same for the same seed; copies go on from where the others are.
inline actors::Entropy entropy_of(std::uint64_t seed) {
  auto random = std::make_shared<Random>(seed);
  return [random](std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random->below(256));
  };
}

/// One symbol over and over: 3, 4 and 5 make codes that are drawn.
inline events::ShortCode code_of(std::uint8_t symbol) {
  return events::ShortCode::draw(8, [symbol] { return symbol; });
}

inline actors::ShortCodePtr shared(const events::ShortCode& code) {
  return std::make_shared<const events::ShortCode>(code);
}

}  // namespace ppn::tests
