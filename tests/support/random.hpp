// Random numbers that are the same everywhere for the same seed.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace ppn::tests {

/// splitmix64: small, and good enough to choose test cases with.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    auto mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

  /// 0 to bound - 1; bound is not 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

/// The seed in PPN_TEST_SEED, or the one given.
inline std::uint64_t seed_or(std::uint64_t usual) {
  const char* asked = std::getenv("PPN_TEST_SEED");
  return asked == nullptr ? usual : std::strtoull(asked, nullptr, 10);
}

}  // namespace ppn::tests
