// Key files: only a file of the one form is read, and the key is that of its
// seed.
#include <fcntl.h>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/key_store.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/scratch.hpp"

namespace ppn::fuzz {

namespace {

constexpr std::string_view header = "ppn-ed25519-seed-v1 ";

/// The key that the file would hold if it is one, so that its name fits; or
/// some key.
PublicKey key_of(std::string_view text) {
  std::string digits{text.substr(std::min(text.size(), header.size()))};
  digits.resize(2 * store::SigningKey::seed_size, ' ');
  for (auto& digit : digits)
    if (digit >= 'A' && digit <= 'F') digit += 'a' - 'A';
  auto seed = from_hex(digits);
  if (!seed || seed->size() != store::SigningKey::seed_size)
    return test_key().public_key();
  return store::SigningKey::from_seed(
             std::span<const std::uint8_t, store::SigningKey::seed_size>{*seed})
      .public_key();
}

void write_file(const std::filesystem::path& path, ByteView content) {
  store::FileHandle file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  require(file.open() && store::write_all(file.get(), content, path).ok(),
          "a file can be written");
}

}  // namespace

void run(ByteView input) {
  static const tests::ScratchDirectory scratch;
  static auto store = store::FileKeyStore::open(scratch / "keys");
  require(store.ok(), "a key store can be made");
  auto text = store::as_text(input);
  auto key = key_of(text);
  auto path = scratch / "keys" / (key.hex() + ".key");
  write_file(path, input);
  auto loaded = (*store)->load(key);
  std::filesystem::remove(path);
  if (!loaded) return;
  require(loaded->public_key() == key, "the key is the one that was asked for");
  auto again = loaded->with_seed([](auto seed) { return to_hex(seed); });
  require(std::string{header} + again + "\n" == text,
          "a key file has one spelling");
}

}  // namespace ppn::fuzz
