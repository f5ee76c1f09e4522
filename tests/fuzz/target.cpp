#include "tests/fuzz/target.hpp"

#include <cstdio>
#include <cstdlib>

#include "store/byte_order.hpp"

namespace ppn::fuzz {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "what must hold does not: %s\n", what);
  std::abort();
}

const store::SigningKey& test_key() {
  static const auto key = [] {
    std::array<std::uint8_t, store::SigningKey::seed_size> seed{};
    seed.fill(0x70);
    return store::SigningKey::from_seed(seed);
  }();
  return key;
}

ByteView Input::bytes(std::size_t count) {
  auto taken = rest_.first(std::min(count, rest_.size()));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

ByteView Input::sized_bytes() {
  auto size = number(2);
  return bytes(size);
}

std::uint64_t Input::number(std::size_t bytes_taken) {
  return store::from_big_endian(bytes(bytes_taken));
}

}  // namespace ppn::fuzz

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  ppn::fuzz::require(ppn::store::initialise_crypto(), "libsodium is ready");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  ppn::fuzz::run({data, size});
  return 0;
}
