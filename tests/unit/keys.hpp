// Keys that are the same in every run.
#pragma once

#include "store/signing.hpp"

namespace ppn::tests {

/// The key whose seed is that byte 32 times.
inline store::SigningKey key_of_seed(std::uint8_t byte) {
  std::array<std::uint8_t, store::SigningKey::seed_size> seed{};
  seed.fill(byte);
  return store::SigningKey::from_seed(seed);
}

}  // namespace ppn::tests
