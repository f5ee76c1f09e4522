#include "store/base64.hpp"

#include <sodium.h>

namespace ppn::store {

std::string to_base64(ByteView bytes) {
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    variant);
  text.pop_back();  // the terminating zero that libsodium counts
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  int failed = sodium_base642bin(bytes.data(), bytes.size(), text.data(),
                                 text.size(), nullptr, &size, &end,
                                 sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0 || end != text.data() + text.size()) return std::nullopt;
  bytes.resize(size);
  // libsodium reads some bytes beyond ASCII as if they were digits.
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace ppn::store
