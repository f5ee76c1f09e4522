#include "store/secret_bytes.hpp"

#include <sodium.h>

#include <new>

namespace ppn::store {

void FreeSecret::operator()(std::uint8_t* memory) const { sodium_free(memory); }

SecretBytes allocate_secret(std::size_t size) {
  SecretBytes memory{static_cast<std::uint8_t*>(sodium_malloc(size))};
  if (!memory) throw std::bad_alloc{};
  return memory;
}

void wipe(void* memory, std::size_t size) { sodium_memzero(memory, size); }

}  // namespace ppn::store
