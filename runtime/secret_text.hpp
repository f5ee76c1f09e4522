// Text that may hold a private key: the memory that it stood in is wiped, also
// where it grew out of.
#pragma once

#include <string.h>

#include <memory>
#include <string>

namespace ppn::runtime {

template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class Other>
  // NOLINTNEXTLINE(google-explicit-constructor): as allocators are
  WipingAllocator(const WipingAllocator<Other>& /*other*/) {}

  T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    ::explicit_bzero(memory, count * sizeof(T));
    std::allocator<T>{}.deallocate(memory, count);
  }

  bool operator==(const WipingAllocator&) const = default;
};

/// A key is longer than what a string holds without memory of its own.
using SecretText =
    std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

}  // namespace ppn::runtime
