// Memory for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace ppn::store {

struct FreeSecret {
  void operator()(std::uint8_t* memory) const;
};

/// Guarded memory: locked, kept out of core files, wiped when it is let go.
using SecretBytes = std::unique_ptr<std::uint8_t[], FreeSecret>;

SecretBytes allocate_secret(std::size_t size);

void wipe(void* memory, std::size_t size);

/// For what is secret within one function.
template <std::size_t N>
struct WipedBytes : std::array<std::uint8_t, N> {
  WipedBytes() : std::array<std::uint8_t, N>{} {}
  ~WipedBytes() { wipe(this->data(), N); }
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;
};

}  // namespace ppn::store
